"""Tariffs in the form of OpenEI's Utility Rate Database (https://openei.org/services/doc/rest/util_rates).

A field is used, known to leave the bill of one meter alone, or refused by its name: nothing that could change
a bill is passed over. What begins with an underscore is somebody's own note. These fields are this system's own:
`timezone` (IANA), `tier_allocation` (`chronological`, the default, or `prorated`), `day_charge_basis` (`exact`, the
default, or `average_month`), and those that `urdb_additions` reads. docs/billing.md describes them.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any, cast

from electrocloud.domain.currency import CURRENCIES
from electrocloud.domain.errors import TariffError, UsageError
from electrocloud.domain.local_time import zone_of
from electrocloud.domain.money import exact
from electrocloud.domain.tariffs import urdb_additions as additions
from electrocloud.domain.tariffs.tariff import Allocation, Fee, Schedule, Tariff, Tier, Tiers
from electrocloud.domain.tariffs.urdb_fields import UNSUPPORTED, USED, WITHOUT_EFFECT
from electrocloud.domain.tariffs.urdb_values import dates, decimal, number, one_of, text
from electrocloud.domain.tariffs.versions import TariffVersion

ENERGY_UNITS = ("kWh", "kWh daily", "kWh/kW", "kWh/kW daily")
CHARGE_UNITS = ("$/month", "$/day", "$/year")
ALLOCATIONS = ("chronological", "prorated")
BASES = ("exact", "average_month")
UNLIMITED = Decimal("1e37")  # SAM and others write a last tier without limit as 1e38


def version_from_urdb(document: Mapping[str, Any], zone: str | None = None) -> TariffVersion:
    """A tariff from a URDB rate as `tariff_from_urdb` reads it, with the dates that its prices hold."""
    return TariffVersion(tariff_from_urdb(document, zone), *effective_days(document))


def effective_days(document: Mapping[str, Any]) -> tuple[date | None, date | None]:
    """The local days that a rate's prices hold: the first and the end (exclusive); None where it does not say."""
    return dates("", only_item(document))


def tariff_from_urdb(document: Mapping[str, Any], zone: str | None = None) -> Tariff:
    """A tariff from a URDB rate, or from OpenEI's answer `{"items": [rate]}` with that one rate in it.

    Its schedules are hours of `zone`, the service point's; else of its own `timezone`; and of UTC where neither is
    given. Numbers may be int, Decimal or float; a float stands for the decimal that prints it. `TariffError` names
    the field that is at fault.
    """
    rate = only_item(document)
    _refuse_unsupported(rate)
    dates("", rate)
    energy = _structure(rate, "energyratestructure", ENERGY_UNITS)
    if not energy:
        raise TariffError("energyratestructure", "is missing; give at least one period with one tier")
    demand = _structure(rate, "demandratestructure", ("kW",))
    flat = _structure(rate, "flatdemandstructure", ("kW",))
    for field, needed in (("demandrateunit", demand), ("flatdemandunit", flat)):
        if needed:
            one_of(field, rate.get(field) or "kW", ("kW",))
    label, name, utility = (text(field, rate.get(field)) for field in ("label", "name", "utility"))
    allocation = one_of("tier_allocation", rate.get("tier_allocation") or ALLOCATIONS[0], ALLOCATIONS)
    return Tariff(
        label=label or name,
        name=name or label,
        utility=utility,
        zone=_zone(zone or rate.get("timezone") or "UTC"),
        energy=energy,
        energy_schedule=_schedule(rate, "energy", len(energy)),
        demand=demand,
        demand_schedule=_schedule(rate, "demand", len(demand)),
        flat_demand=flat,
        flat_demand_months=_flat_months(rate, len(flat)),
        demand_window_s=_window(rate.get("demandwindow")),
        fixed=_fee(rate, "fixedchargefirstmeter", "fixedchargeunits"),
        minimum=_fee(rate, "mincharge", "minchargeunits"),
        allocation=cast("Allocation", allocation),
        average_month=one_of("day_charge_basis", rate.get("day_charge_basis") or BASES[0], BASES) == BASES[1],
        holidays=additions.holidays(rate),
        riders=additions.riders(rate),
        taxes=additions.taxes(rate),
        currency=one_of("currency", rate.get("currency") or "USD", tuple(CURRENCIES)),
        sector=text("sector", rate.get("sector")),
        eligibility=additions.eligibility(rate),
    )


def only_item(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """The rate in a document, which may be OpenEI's answer around it."""
    if not isinstance(document, Mapping):
        raise TariffError("tariff", "is not a JSON object; give a URDB rate")
    if "items" not in document:
        return document
    items = document["items"]
    if not isinstance(items, Sequence) or len(items) != 1 or not isinstance(items[0], Mapping):
        raise TariffError("items", "must hold exactly one rate; ask OpenEI for one, by getpage")
    return cast("Mapping[str, Any]", items[0])


def _refuse_unsupported(rate: Mapping[str, Any]) -> None:
    for field, value in rate.items():
        if field in USED or field in WITHOUT_EFFECT or field.startswith("_") or value is None:
            continue
        if field not in UNSUPPORTED:
            raise TariffError(field, "is not a known field; take it out if it does not change the bill")
        if not _all_zero(value):
            raise TariffError(field, "is not supported, and it changes the bill; only zero is taken")


def _all_zero(value: object) -> bool:
    if isinstance(value, list | tuple):
        return all(map(_all_zero, value))
    return not value


def _structure(rate: Mapping[str, Any], field: str, units: tuple[str, ...]) -> tuple[Tiers, ...]:
    periods = rate.get(field) or []
    if not isinstance(periods, list | tuple):
        raise TariffError(field, "must be a list of periods, each a list of tiers")
    return tuple(_tiers(f"{field}[{place}]", tiers, units) for place, tiers in enumerate(periods))


def _tiers(field: str, steps: object, units: tuple[str, ...]) -> Tiers:
    if not isinstance(steps, list | tuple) or not steps:
        raise TariffError(field, "must be a list of at least one tier")
    tiers = tuple(_tier(f"{field}[{place}]", step, units) for place, step in enumerate(steps))
    *limited, last = tiers
    if last.limit is not None:
        raise TariffError(f"{field}[{len(limited)}].max", f"the last tier has a limit, {last.limit}; take it out")
    for place, tier in enumerate(limited):
        if tier.limit is None:
            raise TariffError(f"{field}[{place}].max", "is missing; only the last tier has no limit")
        if ("/kW" in tier.unit) != ("/kW" in limited[0].unit):
            raise TariffError(f"{field}[{place}].unit", f"{tier.unit} cannot follow {limited[0].unit}")
    for place, (lower, upper) in enumerate(pairwise(limited), start=1):
        # A day's limit counts 28 to 31 times: the tiers must have one order in every month.
        if any(_reach(lower, days) >= _reach(upper, days) for days in (28, 31)):
            raise TariffError(f"{field}[{place}].max", f"{upper.limit} is not above {lower.limit}, the tier before")
    return tiers


def _reach(tier: Tier, days: int) -> Fraction:
    return Fraction(tier.limit or 0) * (days if "daily" in tier.unit else 1)


def _tier(field: str, step: object, units: tuple[str, ...]) -> Tier:
    if not isinstance(step, Mapping):
        raise TariffError(field, "must be an object with a rate")
    for key, value in step.items():
        if key == "sell" and not _all_zero(value):
            raise TariffError(f"{field}.sell", "is not supported: energy that is fed in is not metered")
        if key not in ("rate", "adj", "max", "unit", "sell") and value is not None:
            raise TariffError(f"{field}.{key}", "is not a known field of a tier")
    if step.get("rate") is None:
        raise TariffError(f"{field}.rate", "is missing; a tier that is free has the rate 0")
    price = number(f"{field}.rate", step["rate"]) + number(f"{field}.adj", step.get("adj") or 0)
    by_lower_case = {unit.lower(): unit for unit in units}
    unit = str(step.get("unit") or units[0])
    if unit.lower() not in by_lower_case:
        raise TariffError(f"{field}.unit", f"{unit!r} is not supported; it must be one of {', '.join(units)}")
    return Tier(_limit(f"{field}.max", step.get("max")), exact(price), by_lower_case[unit.lower()])


def _limit(field: str, value: object) -> Decimal | None:
    if value is None or decimal(field, value) >= UNLIMITED:
        return None
    limit = number(field, value)
    if limit <= 0:
        raise TariffError(field, f"{value} must be above 0")
    return exact(limit)


def _schedule(rate: Mapping[str, Any], kind: str, periods: int) -> Schedule:
    weekday, weekend = (_table(rate, f"{kind}{side}schedule", periods) for side in ("weekday", "weekend"))
    return Schedule(weekday, weekend)


def _table(rate: Mapping[str, Any], field: str, periods: int) -> tuple[tuple[int, ...], ...]:
    table = rate.get(field)
    if not table:
        if periods > 1:  # a single one holds always
            raise TariffError(field, "is missing; give 12 months of 24 hours with the period of each")
        return ((0,) * 24,) * 12
    if not isinstance(table, list | tuple) or len(table) != 12:
        raise TariffError(field, f"must have 12 rows, a month each; it has {_size(table)}")
    return tuple(_periods(f"{field}[{month}]", row, 24, periods) for month, row in enumerate(table))


def _flat_months(rate: Mapping[str, Any], periods: int) -> tuple[int, ...]:
    months = rate.get("flatdemandmonths")
    if not months:
        if periods > 1:  # a single one holds always
            raise TariffError("flatdemandmonths", "is missing; give the period of each of the 12 months")
        return (0,) * 12
    return _periods("flatdemandmonths", months, 12, periods)


def _periods(field: str, row: object, length: int, periods: int) -> tuple[int, ...]:
    if not isinstance(row, list | tuple) or len(row) != length:
        raise TariffError(field, f"must have {length} periods; it has {_size(row)}")
    for place, period in enumerate(row):
        value = number(f"{field}[{place}]", period)
        if value != int(value) or not 0 <= value < max(periods, 1):
            raise TariffError(f"{field}[{place}]", f"{period} is not a period; there are {periods}, from 0")
    return tuple(map(int, row))


def _size(value: object) -> str:
    return str(len(value)) if isinstance(value, list | tuple) else f"no list but {value!r:.40}"


def _fee(rate: Mapping[str, Any], field: str, unit_field: str) -> Fee:
    unit = one_of(unit_field, rate.get(unit_field) or CHARGE_UNITS[0], CHARGE_UNITS)
    return Fee(exact(number(field, rate.get(field) or 0)), unit)


def _window(minutes: object) -> int | None:
    if not minutes:
        return None
    window = number("demandwindow", minutes)
    if window != int(window) or not 1 <= window <= 60 or 60 % int(window):
        raise TariffError(
            "demandwindow", f"{minutes} is not supported; it must be minutes that divide an hour, such as 15"
        )
    return int(window) * 60


def _zone(name: object) -> str:
    try:
        return zone_of(str(name)).key
    except UsageError:
        raise TariffError("timezone", f"{name!r} is not an IANA time zone such as America/New_York") from None
