"""What a tariff says beside its prices: holidays, riders, taxes, and whom it is for. docs/billing.md has examples."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from electrocloud.domain.errors import TariffError
from electrocloud.domain.money import exact
from electrocloud.domain.tariffs.tariff import Coincident, Eligibility, Holidays, Ratchet, Rider, SystemPeak, Tax
from electrocloud.domain.tariffs.urdb_schedules import coincident_schedule
from electrocloud.domain.tariffs.urdb_tiers import structure
from electrocloud.domain.tariffs.urdb_values import dates, day, number, one_of, text

RIDER_UNITS = ("$/kWh", "$/month", "%")
KINDS = ("energy", "demand", "fixed", "minimum")


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
    _known("holidays", what, ("country", "subdivision", "dates", "priced_as"))
    listed = what.get("dates")
    if not isinstance(listed, list | tuple):
        raise TariffError("holidays.dates", "is missing; name the dates that a country's holidays fall on")
    days = frozenset(day(f"holidays.dates[{place}]", value) for place, value in enumerate(listed))
    row = what.get("priced_as") or "sunday"
    if row == "sunday":
        return Holidays(days)
    if not isinstance(row, Mapping):
        raise TariffError("holidays.priced_as", 'must be "sunday", or such as {"month": 7, "day": "weekend"}')
    _known("holidays.priced_as", row, ("month", "day"))
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
        amounts = tuple(_amount(f"fueladjustmentsmonthly[{place}]", value) for place, value in enumerate(fuel))
        if any(amounts):
            found.append(Rider("Fuel adjustment", amounts, "$/kWh"))
    for field, what in _objects(rate, "riders"):
        _known(field, what, ("name", "amount", "unit", "of", "effective", "startdate", "enddate"))
        unit = one_of(f"{field}.unit", what.get("unit"), RIDER_UNITS)
        amounts = (_amount(f"{field}.amount", what.get("amount")),)
        of = _kinds(f"{field}.of", what.get("of"), KINDS) if unit == "%" else ()
        found.append(Rider(_name(field, what), amounts, unit, of, *dates(f"{field}.", what)))
    return tuple(found)


def taxes(rate: Mapping[str, Any]) -> tuple[Tax, ...]:
    """`taxes`: `name`, `percent`, the kinds of lines they are `of` (default all, riders too), `classes`, dates."""
    found = []
    for field, what in _objects(rate, "taxes"):
        _known(field, what, ("name", "percent", "of", "classes", "effective", "startdate", "enddate"))
        percent = _amount(f"{field}.percent", what.get("percent"))
        of = _kinds(f"{field}.of", what.get("of") or [*KINDS, "rider"], (*KINDS, "rider"))
        classes = what.get("classes") or []
        if not isinstance(classes, list | tuple):
            raise TariffError(f"{field}.classes", "must be a list of customer classes")
        named = tuple(text(f"{field}.classes", one) for one in classes)
        found.append(Tax(_name(field, what), percent, of, named, *dates(f"{field}.", what)))
    return tuple(found)


def eligibility(rate: Mapping[str, Any]) -> Eligibility:
    """The demand (kW) and energy (kWh a month) that a customer of the tariff has at least and at most."""
    names = ("peakkwcapacitymin", "peakkwcapacitymax", "peakkwhusagemin", "peakkwhusagemax")
    return Eligibility(*(None if rate.get(name) is None else _amount(name, rate[name]) for name in names))


def ratchet(rate: Mapping[str, Any]) -> Ratchet | None:
    """`lookbackpercent` of the peaks of `lookbackrange` cycles before (11 where only months are given), of those that
    began in `lookbackmonths` (all without it), and `billing_demand_minimum` (kW)."""
    part = number("lookbackpercent", rate.get("lookbackpercent") or 0)
    part = part / 100 if part > 1 else part
    if not 0 <= part <= 1:
        raise TariffError("lookbackpercent", "must be from 0 to 1, or a percentage up to 100")
    least = _amount("billing_demand_minimum", rate.get("billing_demand_minimum") or 0)
    if least < 0:
        raise TariffError("billing_demand_minimum", f"{least} must not be below 0")
    months = _months(rate.get("lookbackmonths") or [])
    lookback = number("lookbackrange", rate.get("lookbackrange") or 0)
    if lookback != int(lookback) or not 0 <= lookback <= 60:
        raise TariffError("lookbackrange", f"{lookback} is not a number of months, 0 to 60")
    if part and not lookback and not months:
        raise TariffError("lookbackpercent", "says no earlier months; give lookbackrange or lookbackmonths too")
    if not part and not least:
        return None
    return Ratchet(exact(part), months or tuple(range(1, 13)), int(lookback) or 11, least)


def coincident(rate: Mapping[str, Any]) -> Coincident | None:
    """`coincidentratestructure`, with the system's peaks in `coincident_peaks`: each the start of an hour with its
    offset from UTC, or `{"start": …, "interval_s": 900}`."""
    tiers = structure(rate, "coincidentratestructure", ("kW",))
    if not any(tier.rate for steps in tiers for tier in steps):
        return None
    one_of("coincidentrateunit", rate.get("coincidentrateunit") or "kW", ("kW",))
    given = rate.get("coincident_peaks")
    if not isinstance(given, list | tuple):
        advice = "give them in coincident_peaks, or for files by --coincident-peaks FILE"
        raise TariffError("coincidentratestructure", f"needs the hours of the system's peaks; {advice}")
    peaks = sorted(_system_peak(f"coincident_peaks[{place}]", one) for place, one in enumerate(given))
    return Coincident(tiers, coincident_schedule(rate, len(tiers)), tuple(peaks))


def _system_peak(field: str, given: object) -> SystemPeak:
    row = given if isinstance(given, Mapping) else {"start": given}
    _known(field, row, ("start", "interval_s"))
    seconds = row.get("interval_s", 3600)
    if not isinstance(seconds, int) or not 60 <= seconds <= 3600 or 3600 % seconds:
        raise TariffError(f"{field}.interval_s", f"{seconds!r:.40} must be a part of an hour, in s")
    try:
        start = datetime.fromisoformat(text(f"{field}.start", row.get("start")))
    except ValueError:
        raise TariffError(
            f"{field}.start", f"{row.get('start')!r:.40} is not a time like 2026-07-15T17:00-07:00"
        ) from None
    if start.tzinfo is None:
        raise TariffError(
            f"{field}.start", f"{start.isoformat()} has no offset from UTC; write it, as in {start.isoformat()}Z"
        )
    return SystemPeak(int(start.timestamp()), seconds)


def _months(flags: object) -> tuple[int, ...]:
    if not isinstance(flags, list | tuple) or not all(flag in (0, 1) for flag in flags) or len(flags) not in (0, 12):
        raise TariffError("lookbackmonths", "must have 12 values, true where a month's peak counts")
    return tuple(month for month, flag in enumerate(flags, start=1) if flag)


def _objects(rate: Mapping[str, Any], name: str) -> list[tuple[str, Mapping[str, Any]]]:
    given = rate.get(name) or []
    if not isinstance(given, list | tuple) or not all(isinstance(one, Mapping) for one in given):
        raise TariffError(name, "must be a list of objects")
    return [(f"{name}[{place}]", one) for place, one in enumerate(given)]


def _known(field: str, what: Mapping[str, Any], names: tuple[str, ...]) -> None:
    for name in what:
        if name not in names:
            raise TariffError(f"{field}.{name}", f"is not a known field; there are {', '.join(names)}")


def _name(field: str, what: Mapping[str, Any]) -> str:
    if name := text(f"{field}.name", what.get("name")):
        return name
    raise TariffError(f"{field}.name", "is missing; it is printed on the bill")


def _kinds(field: str, value: object, allowed: tuple[str, ...]) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not value:
        raise TariffError(field, f"must be a list of the lines it is a part of: {', '.join(allowed)}")
    return tuple(one_of(field, one, allowed) for one in value)


def _amount(field: str, value: object) -> Decimal:
    return exact(number(field, value))
