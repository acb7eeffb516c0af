"""What a tariff says beside its prices: holidays, riders, taxes, and whom it is for. docs/billing.md has examples."""

from collections.abc import Mapping
from typing import Any

from electrocloud.domain.errors import TariffError
from electrocloud.domain.tariffs.tariff import Eligibility, Holidays, Rider, Tax
from electrocloud.domain.tariffs.urdb_values import amount, dates, day, one_of, refuse_unknown, text

RIDER_UNITS = ("$/kWh", "$/kWh delivered", "$/month", "%")
KINDS = ("energy", "demand", "fixed", "minimum")
PARTS = (*KINDS, "export")


def holidays(rate: Mapping[str, Any]) -> Holidays:
    """`holidays`: a list of dates, or an object with `dates` and, where they are not as Sundays, `priced_as`.

    `priced_as` is `{"month": 7, "day": "weekend"}`: that row of the schedules. A `country` and `subdivision` stand
    beside the dates that they were resolved to.
    """
    given = rate.get("holidays")
    if not given:
        return Holidays(frozenset())
    what = {"dates": given} if isinstance(given, list | tuple) else given
    if not isinstance(what, Mapping):
        raise TariffError("holidays", "must be a list of dates, or an object with dates")
    refuse_unknown("holidays", what, ("country", "subdivision", "dates", "priced_as"))
    listed = what.get("dates")
    if not isinstance(listed, list | tuple):
        raise TariffError("holidays.dates", "is missing; name the dates that a country's holidays fall on")
    days = frozenset(day(f"holidays.dates[{place}]", value) for place, value in enumerate(listed))
    row = what.get("priced_as") or "sunday"
    if row == "sunday":
        return Holidays(days)
    if not isinstance(row, Mapping):
        raise TariffError("holidays.priced_as", 'must be "sunday", or such as {"month": 7, "day": "weekend"}')
    refuse_unknown("holidays.priced_as", row, ("month", "day"))
    month = row.get("month")
    if month is not None and (not isinstance(month, int) or not 1 <= month <= 12):
        raise TariffError("holidays.priced_as.month", f"{month!r:.40} is not a month, 1 to 12")
    side = one_of("holidays.priced_as.day", row.get("day") or "weekend", ("weekend", "weekday"))
    return Holidays(days, month, side == "weekend")


def riders(rate: Mapping[str, Any]) -> tuple[Rider, ...]:
    """URDB's `fueladjustmentsmonthly` ($/kWh by month) and `riders`: `name`, `amount`, `unit`, of `%` also `of`,
    and the dates."""
    found = []
    if fuel := rate.get("fueladjustmentsmonthly"):
        if not isinstance(fuel, list | tuple) or len(fuel) != 12:
            raise TariffError("fueladjustmentsmonthly", "must have 12 amounts in $/kWh, one for each month")
        amounts = tuple(amount(f"fueladjustmentsmonthly[{place}]", value) for place, value in enumerate(fuel))
        if any(amounts):
            found.append(Rider("Fuel adjustment", amounts, "$/kWh"))
    for field, what in _objects(rate, "riders"):
        refuse_unknown(field, what, ("name", "amount", "unit", "of", "effective", "startdate", "enddate"))
        unit = one_of(f"{field}.unit", what.get("unit"), RIDER_UNITS)
        amounts = (amount(f"{field}.amount", what.get("amount")),)
        of = _kinds(f"{field}.of", what.get("of"), PARTS) if unit == "%" else ()
        found.append(Rider(_name(field, what), amounts, unit, of, *dates(f"{field}.", what)))
    return tuple(found)


def taxes(rate: Mapping[str, Any]) -> tuple[Tax, ...]:
    """`taxes`: `name`, `percent`, the kinds of lines they are `of` (default all, riders too), `classes`, dates."""
    found = []
    for field, what in _objects(rate, "taxes"):
        refuse_unknown(field, what, ("name", "percent", "of", "classes", "effective", "startdate", "enddate"))
        percent = amount(f"{field}.percent", what.get("percent"))
        of = _kinds(f"{field}.of", what.get("of") or [*KINDS, "rider"], (*PARTS, "rider"))
        classes = what.get("classes") or []
        if not isinstance(classes, list | tuple):
            raise TariffError(f"{field}.classes", "must be a list of customer classes")
        named = tuple(text(f"{field}.classes", one) for one in classes)
        found.append(Tax(_name(field, what), percent, of, named, *dates(f"{field}.", what)))
    return tuple(found)


def eligibility(rate: Mapping[str, Any]) -> Eligibility:
    """The demand (kW) and energy (kWh a month) that a customer of the tariff has at least and at most."""
    names = ("peakkwcapacitymin", "peakkwcapacitymax", "peakkwhusagemin", "peakkwhusagemax")
    return Eligibility(*(None if rate.get(name) is None else amount(name, rate[name]) for name in names))


def _objects(rate: Mapping[str, Any], name: str) -> list[tuple[str, Mapping[str, Any]]]:
    given = rate.get(name) or []
    if not isinstance(given, list | tuple) or not all(isinstance(one, Mapping) for one in given):
        raise TariffError(name, "must be a list of objects")
    return [(f"{name}[{place}]", one) for place, one in enumerate(given)]


def _name(field: str, what: Mapping[str, Any]) -> str:
    if name := text(f"{field}.name", what.get("name")):
        return name
    raise TariffError(f"{field}.name", "is missing; it is printed on the bill")


def _kinds(field: str, value: object, allowed: tuple[str, ...]) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not value:
        raise TariffError(field, f"must be a list of the lines it is a part of: {', '.join(allowed)}")
    return tuple(one_of(field, one, allowed) for one in value)
