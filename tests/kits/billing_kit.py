"""Tariffs, loads and a slow, simple billing engine shared by the billing tests."""

import calendar
from collections.abc import Iterable
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from electrocloud.domain.readings.meter_day import Interval

Rate = dict[str, Any]
Reading = tuple[datetime, Interval]  # with the local time of its start


def document(rates: Any = 0.1, **fields: Any) -> Rate:
    """A URDB rate with one energy period at all hours, the given rate or tiers, and the given fields."""
    tiers = rates if isinstance(rates, list) else [{"rate": rates}]
    return {
        "energyratestructure": [tiers],
        "energyweekdayschedule": always(),
        "energyweekendschedule": always(),
        **fields,
    }


def time_of_use(off_peak: Any, peak: Any, **fields: Any) -> Rate:
    """A URDB rate with a peak (period 1) from 16:00 to 21:00, Monday to Friday; each price is a rate or tiers."""
    structure = [price if isinstance(price, list) else [{"rate": price}] for price in (off_peak, peak)]
    return {**document(), "energyratestructure": structure, "energyweekdayschedule": hours(16, 21), **fields}


def always(period: int = 0) -> list[list[int]]:
    return [[period] * 24 for _ in range(12)]


def hours(first: int, end: int) -> list[list[int]]:
    """A year-round schedule with period 1 from hour `first` up to `end`, and period 0 otherwise."""
    return [[int(first <= hour < end) for hour in range(24)] for _ in range(12)]


def instant(text: str, zone: str = "UTC") -> int:
    """An ISO 8601 local time in a zone, as s since 1970 UTC."""
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp())


def load(start: str, wh: Iterable[int], seconds: int = 3600, zone: str = "UTC") -> list[Interval]:
    """Consecutive intervals from a local time on."""
    first = instant(start, zone)
    return [Interval(first + number * seconds, seconds, energy) for number, energy in enumerate(wh)]


class Owed(NamedTuple):
    """The simple engine's result for a month, in $."""

    energy: Fraction
    demand: Fraction
    total: Fraction


def plain_bills(rate: Rate, readings: Iterable[Interval]) -> dict[str, Owed]:
    """The bills by month, computed reading by reading from the rules, without regard to speed."""
    months: dict[str, list[Reading]] = {}
    zone = ZoneInfo(rate.get("timezone", "UTC"))
    for reading in sorted(readings):
        local = datetime.fromtimestamp(reading.start, zone)
        months.setdefault(f"{local:%Y-%m}", []).append((local, reading))
    return {month: _owed(rate, rows) for month, rows in months.items()}


def plain_segment_energy(rate: Rate, readings: Iterable[Interval], kw: Fraction, days: int, full: int) -> Fraction:
    """The energy charge ($) of a segment of `days` of a cycle's `full` days, of a bill with a demand of `kw`."""
    zone = ZoneInfo(rate.get("timezone", "UTC"))
    rows = [(datetime.fromtimestamp(reading.start, zone), reading) for reading in sorted(readings)]
    structure = [[_cut(tier, days, full) for tier in period] for period in rate["energyratestructure"]]
    return _energy({**rate, "energyratestructure": structure}, rows, kw) if rows else Fraction(0)


def plain_demand(rate: Rate, readings: Iterable[Interval]) -> Fraction:
    """The highest demand (kW) of readings; 0 of none."""
    zone = ZoneInfo(rate.get("timezone", "UTC"))
    rows = [(datetime.fromtimestamp(reading.start, zone), reading) for reading in sorted(readings)]
    return max(_peaks(rate, rows).values(), default=Fraction(0)) if rows else Fraction(0)


def _cut(tier: Rate, days: int, full: int) -> Rate:
    if "max" not in tier:
        return tier
    unit = tier.get("unit", "kWh")
    part = Fraction(days) if "daily" in unit else Fraction(days, full)
    return {**tier, "max": exactly(tier["max"]) * part, "unit": unit.replace(" daily", "")}


def _owed(rate: Rate, rows: list[Reading]) -> Owed:
    peaks = _peaks(rate, rows)
    kw = max(peaks.values())
    energy = _energy(rate, rows, kw)
    demand = Fraction(0)
    if "flatdemandstructure" in rate:
        period = rate["flatdemandmonths"][rows[0][0].month - 1]
        demand += _cost(rate["flatdemandstructure"][period], Fraction(0), kw)
    if "demandratestructure" in rate:
        demand += sum(_cost(rate["demandratestructure"][period], Fraction(0), top) for period, top in peaks.items())
    year, month = rows[0][0].year, rows[0][0].month
    charged = energy + demand + _fee(rate, "fixedchargefirstmeter", "fixedchargeunits", year, month)
    return Owed(energy, demand, max(charged, _fee(rate, "mincharge", "minchargeunits", year, month)))


def _energy(rate: Rate, rows: list[Reading], kw: Fraction) -> Fraction:
    days = calendar.monthrange(rows[0][0].year, rows[0][0].month)[1]
    structure = [[_in_kwh(tier, days, kw) for tier in period] for period in rate["energyratestructure"]]
    used: dict[int, Fraction] = {}
    total = cost = Fraction(0)
    for local, reading in rows:
        period = _period(rate, "energy", local)
        kwh = Fraction(reading.wh, 1000)
        cost += _cost(structure[period], total, total + kwh)
        total += kwh
        used[period] = used.get(period, Fraction(0)) + kwh
    if rate.get("tier_allocation") == "prorated" and total:
        return sum((own / total * _cost(structure[p], Fraction(0), total) for p, own in used.items()), Fraction(0))
    return cost


def _peaks(rate: Rate, rows: list[Reading]) -> dict[int, Fraction]:
    """The peak demand (kW) in each demand period; a window's energy is collected minute by minute.

    A window is identified by its start, and belongs to the period of that instant.
    """
    window = 60 * rate.get("demandwindow", 0)
    energy: dict[tuple[int, int], Fraction] = {}
    for local, reading in rows:
        if not window or reading.seconds % window == 0:
            energy[reading.start, reading.seconds] = Fraction(reading.wh)
            continue
        offset = local.utcoffset() or timedelta(0)
        for now in range(reading.start, reading.start + reading.seconds, 60):
            key = now - (now + int(offset.total_seconds())) % window, window
            energy[key] = energy.get(key, Fraction(0)) + Fraction(reading.wh * 60, reading.seconds)
    peaks: dict[int, Fraction] = {}
    for (begin, seconds), wh in energy.items():
        local = datetime.fromtimestamp(begin, rows[0][0].tzinfo)
        period = _period(rate, "demand", local) if "demandratestructure" in rate else 0
        peaks[period] = max(peaks.get(period, Fraction(0)), wh * 3600 / seconds / 1000)
    return peaks


def _cost(tiers: list[Rate], low: Fraction, high: Fraction) -> Fraction:
    cost = below = Fraction(0)
    for number, tier in enumerate(tiers):
        top = max(below, min(exactly(t["max"]) for t in tiers[number:] if "max" in t)) if "max" in tier else high
        share = max(min(high, top) - max(low, below), Fraction(0))
        cost += share * (exactly(tier["rate"]) + exactly(tier.get("adj", 0)))
        below = top
    return cost


def _in_kwh(tier: Rate, days: int, kw: Fraction) -> Rate:
    if "max" not in tier:
        return tier
    unit = tier.get("unit", "kWh")
    limit = exactly(tier["max"]) * (days if "daily" in unit else 1) * (kw if "/kW" in unit else 1)
    return {**tier, "max": limit}


def _period(rate: Rate, kind: str, local: datetime) -> int:
    side = "weekend" if local.weekday() >= 5 else "weekday"
    return int(rate[f"{kind}{side}schedule"][local.month - 1][local.hour])


def _fee(rate: Rate, field: str, unit: str, year: int, month: int) -> Fraction:
    """What a fee comes to in a calendar month."""
    days = calendar.monthrange(year, month)[1]
    times = {"$/month": Fraction(1), "$/day": Fraction(days), "$/year": Fraction(days, 365 + calendar.isleap(year))}
    if rate.get("day_charge_basis") == "average_month":
        times |= {"$/day": Fraction(365, 12), "$/year": Fraction(1, 12)}
    return exactly(rate.get(field, 0)) * times[rate.get(unit, "$/month")]


def exactly(number: Any) -> Fraction:
    """The exact decimal of a JSON number."""
    return number if isinstance(number, Fraction) else Fraction(str(number))
