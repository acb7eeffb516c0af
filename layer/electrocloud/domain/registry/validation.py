"""What must hold among the records of a registry, before any of them is stored."""

from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from operator import attrgetter
from typing import NamedTuple, TypeVar
from zoneinfo import available_timezones

from electrocloud.domain.billing.credit import stated_credit
from electrocloud.domain.errors import TariffError, UsageError
from electrocloud.domain.registry.records import Agreement, Equipment, Installation, Record, Registry, TariffDocument
from electrocloud.domain.tariffs.metering import NETTING
from electrocloud.domain.tariffs.urdb import tariff_from_urdb

R = TypeVar("R", Agreement, Equipment, Installation, TariffDocument)


class RecordFault(NamedTuple):
    """What is wrong with the record `key` of `kind`, and in which of its fields."""

    kind: str
    key: str
    field: str
    message: str


def faults(registry: Registry) -> list[RecordFault]:
    """All that is wrong with a registry: references, dates, overlaps, zones, tariffs. Empty where it may be stored."""
    return [
        *_references(registry),
        *_ranges("installations", registry.installations.values(), "start", may_be_void=True),
        *_ranges("agreements", registry.agreements.values(), "first", may_be_void=True),
        *_ranges("tariffs", registry.tariffs.values(), "first"),
        *_ranges("equipment", registry.equipment.values(), "first"),
        *_overlaps("installations", registry.installations.values(), attrgetter("meter_id"), "start"),
        *_overlaps("agreements", registry.agreements.values(), attrgetter("service_point_id"), "first"),
        *_overlaps("tariffs", registry.tariffs.values(), attrgetter("tariff_id"), "first"),
        *_overlaps("equipment", registry.equipment.values(), attrgetter("equipment_id"), "first"),
        *_continued(registry),
        *_zones(registry),
        *_credits(registry),
        *_tariffs(registry),
    ]


def _references(registry: Registry) -> Iterator[RecordFault]:
    tariff_ids = {version.tariff_id for version in registry.tariffs.values()}
    targets = {
        "account_id": ("accounts", registry.accounts.keys()),
        "service_point_id": ("service points", registry.service_points.keys()),
        "tariff_id": ("tariffs", tariff_ids),
    }
    for kind, fields in (
        ("installations", ["service_point_id"]),
        ("agreements", ["account_id", "service_point_id", "tariff_id"]),
    ):
        records: Iterable[Record] = getattr(registry, kind).values()
        for record in records:
            for field in fields:
                name, known = targets[field]
                value = getattr(record, field)
                if value not in known:
                    yield RecordFault(kind, record.key, field, f"{value} is not among the {name}; add it there first")


def _ranges(kind: str, records: Iterable[R], first: str, *, may_be_void: bool = False) -> Iterator[RecordFault]:
    for record in records:
        begin = getattr(record, first)
        if record.end is None or begin is None or record.end > begin or (may_be_void and record.end == begin):
            continue
        yield RecordFault(kind, record.key, "end", f"{record.end} is not after {first} {begin}")


def _overlaps(kind: str, records: Iterable[R], owner: Callable[[R], str], first: str) -> Iterator[RecordFault]:
    """Two records of one owner that cover the same time."""
    by_owner: dict[str, list[R]] = {}
    for record in records:
        by_owner.setdefault(owner(record), []).append(record)
    for name, own in by_owner.items():
        if len(own) == 1:
            continue
        own.sort(key=lambda record: (getattr(record, first) is not None, getattr(record, first)))
        lasting = [record for record in own if record.end is None or record.end != getattr(record, first)]
        for before, after in pairwise(lasting):
            start = getattr(after, first)
            if start is None or before.end is None or before.end > start:
                message = f"overlaps {before.key} of {name}, which ends {before.end or 'never'}"
                yield RecordFault(kind, after.key, first, f"{message}; end that one on {start} or earlier")


def _continued(registry: Registry) -> Iterator[RecordFault]:
    """Records of one agreement follow each other without a gap, for the same account and service point."""
    by_id: dict[str, list[Agreement]] = {}
    for record in registry.agreements.values():
        by_id.setdefault(record.agreement_id, []).append(record)
    for own in by_id.values():
        for before, after in pairwise(sorted(own, key=attrgetter("first"))):
            for field in ("account_id", "service_point_id", "cycle_day"):
                if getattr(before, field) != getattr(after, field):
                    message = f"differs from {before.key}, of the same agreement; give it an agreement_id of its own"
                    yield RecordFault("agreements", after.key, field, message)
            if before.end is not None and before.end < after.first:
                message = f"does not follow {before.key}, which ends {before.end}; give it an agreement_id of its own"
                yield RecordFault("agreements", after.key, "first", message)


def _zones(registry: Registry) -> Iterator[RecordFault]:
    known = available_timezones()
    for record in registry.service_points.values():
        if record.time_zone not in known:
            message = f"{record.time_zone!r} is not an IANA time zone; write one such as America/New_York"
            yield RecordFault("service_points", record.key, "time_zone", message)


def _credits(registry: Registry) -> Iterator[RecordFault]:
    for record in registry.agreements.values():
        message = "is not a credit; write $ such as 12.50, or energy such as 120kWh"
        try:
            known = not record.opening_credit or stated_credit(record.opening_credit) is not None
        except UsageError as fault:
            known, message = False, str(fault)
        if not known:
            yield RecordFault("agreements", record.key, "opening_credit", f"{record.opening_credit!r} {message}")


def _tariffs(registry: Registry) -> Iterator[RecordFault]:
    reactive, hourly = set(), set()
    for record in registry.tariffs.values():
        try:
            tariff = tariff_from_urdb(record.document)
        except TariffError as fault:
            yield RecordFault("tariffs", record.key, fault.field, str(fault))
            continue
        reactive |= {record.tariff_id} if tariff.reactive else set()
        hourly |= {record.tariff_id} if "energy_prices" in record.document else set()
    for agreement in registry.agreements.values():
        point = registry.service_points.get(agreement.service_point_id)
        if agreement.tariff_id in reactive and point and not point.reactive:
            message = (
                f"{agreement.tariff_id} charges for reactive power, and {point.key} does not say how it is metered"
            )
            advice = "set its reactive to 'metered', or to 'not metered' to bill without it"
            yield RecordFault("agreements", agreement.key, "tariff_id", f"{message}; {advice}")
        if agreement.tariff_id in hourly and agreement.metering in NETTING:
            message = f"{agreement.tariff_id} has hourly prices, and what is netted over a month has no hour"
            yield RecordFault("agreements", agreement.key, "metering", f"{message}; give another option")
