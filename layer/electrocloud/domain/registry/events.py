"""What happens to customers and meters, as records that change. Each takes the registry and gives the changed part."""

from datetime import date
from typing import Any

import msgspec

from electrocloud.domain.errors import RegistryError
from electrocloud.domain.registry.records import Account, Agreement, Installation, Registry, TariffDocument


def move_in(
    registry: Registry, account: Account, service_point_id: str, tariff_id: str, day: date, **terms: Any
) -> Registry:
    """An account is served at a service point from a local day on. Who lived there must have moved out by then."""
    current = agreement_at(registry, service_point_id, day)
    if current:
        raise RegistryError(
            f"{service_point_id} is served to account {current.account_id} on {day}; move that one out first"
        )
    agreement = Agreement(
        agreement_id=f"{service_point_id}-{day:%Y%m%d}",
        account_id=account.account_id,
        service_point_id=service_point_id,
        tariff_id=tariff_id,
        first=day,
        **terms,
    )
    return Registry(accounts={account.key: account}, agreements={agreement.key: agreement})


def move_out(registry: Registry, service_point_id: str, day: date) -> Registry:
    """The agreement at a service point ends: `day` is the first local day without it.

    On its own first day it becomes void: the customer never moved in.
    """
    return _only(msgspec.structs.replace(_open_agreement(registry, service_point_id), end=day))


def change_tariff(registry: Registry, service_point_id: str, tariff_id: str, day: date) -> Registry:
    """The agreement at a service point goes on at another tariff from a local day on."""
    before = _open_agreement(registry, service_point_id)
    after = msgspec.structs.replace(before, tariff_id=tariff_id, first=day)
    if day <= before.first:  # it was the wrong tariff all along
        return _only(msgspec.structs.replace(before, tariff_id=tariff_id))
    ended = msgspec.structs.replace(before, end=day)
    return Registry(agreements={ended.key: ended, after.key: after})


def exchange_meter(registry: Registry, service_point_id: str, meter_id: str, instant: int) -> Registry:
    """Another meter measures at a service point from an instant (s since 1970 UTC) on."""
    current = [
        one
        for one in registry.installations.values()
        if one.service_point_id == service_point_id and (one.end is None or one.end > instant)
    ]
    ended = [msgspec.structs.replace(one, end=instant) for one in current]
    installed = Installation(meter_id=meter_id, service_point_id=service_point_id, start=instant)
    return Registry(installations={one.key: one for one in (*ended, installed)})


def change_price(registry: Registry, tariff_id: str, document: dict[str, object], day: date) -> Registry:
    """A tariff has new prices from a local day on: the version that was in force ends there.

    A version that begins on that very day is replaced: its prices were wrong.
    """
    versions = [one for one in registry.tariffs.values() if one.tariff_id == tariff_id]
    new = TariffDocument(tariff_id=tariff_id, first=day, document=document)
    changed = {new.key: new}
    for version in versions:
        begins_before = version.first is None or version.first < day
        if begins_before and (version.end is None or version.end > day):
            changed[version.key] = msgspec.structs.replace(version, end=day)
        if version.first == day or (begins_before and version.end is not None and version.end > day):
            changed[new.key] = msgspec.structs.replace(new, end=version.end)
    later = [one.first for one in versions if one.first is not None and one.first > day]
    if later and changed[new.key].end is None:
        changed[new.key] = msgspec.structs.replace(new, end=min(later))
    return Registry(tariffs=changed)


def agreement_at(registry: Registry, service_point_id: str, day: date) -> Agreement | None:
    """The agreement that covers a service point's local day."""
    for one in registry.agreements.values():
        if one.service_point_id == service_point_id and one.first <= day and (one.end is None or day < one.end):
            return one
    return None


def _open_agreement(registry: Registry, service_point_id: str) -> Agreement:
    for one in registry.agreements.values():
        if one.service_point_id == service_point_id and one.end is None:
            return one
    raise RegistryError(
        f"{service_point_id} has no agreement that is still open; `electrocloud registry show` lists them"
    )


def _only(agreement: Agreement) -> Registry:
    return Registry(agreements={agreement.key: agreement})
