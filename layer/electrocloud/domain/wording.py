"""What a bill's lines say to the customer: the names and hours of periods, the reason of each amount."""

from datetime import datetime
from fractions import Fraction
from functools import lru_cache
from itertools import groupby
from zoneinfo import ZoneInfo

from electrocloud.domain.determinants import Peak
from electrocloud.domain.money import exact
from electrocloud.domain.tariff import Fee, Quantity, Schedule, Tariff, Tiers
from electrocloud.domain.tiers import Bounds

_RANKS = {2: ["Off-peak", "Peak"], 3: ["Off-peak", "Mid-peak", "Peak"]}  # by rate, ascending


@lru_cache(maxsize=1_024)
def energy_periods(tariff: Tariff, month: int) -> dict[int, str]:
    """What to call each energy period of a month (1 to 12), with its hours: `Peak (Mon-Fri 16:00-21:00)`."""
    return _names(tariff.energy, tariff.energy_schedule, month)


@lru_cache(maxsize=1_024)
def demand_periods(tariff: Tariff, month: int) -> dict[int, str]:
    """What to call each demand period of a month (1 to 12), with its hours."""
    return _names(tariff.demand, tariff.demand_schedule, month)


@lru_cache(maxsize=4_096)
def block(bounds: Bounds, tier: int, unit: str) -> str:
    """Which part of the month's use or demand a tier prices: `, the first 500 kWh`. Bounds are in Wh or W."""
    edges = [_thousands(bound) for bound in bounds]
    if not edges:
        return ""
    if tier == 0:
        return f", the first {edges[0]} {unit}"
    if tier == len(edges):
        return f", above {edges[-1]} {unit}"
    return f", from {edges[tier - 1]} to {edges[tier]} {unit}"


def moment(peak: Peak, zone: str) -> str:
    """When a demand was: `60 minutes from Tue 3 Jul 2018 17:00`, in local time."""
    start = datetime.fromtimestamp(peak.start, ZoneInfo(zone))
    length = f"{peak.seconds // 60} minutes" if peak.seconds % 60 == 0 else f"{peak.seconds} seconds"
    return f"{length} from {start:%a} {start.day} {start:%b %Y %H:%M}"


def fee(what: Fee) -> str:
    """How a fixed or minimum amount comes to be a month's: `$0.50 a day x 365/12`."""
    factor = {"$/month": "", "$/day": " x 365/12", "$/year": " / 12"}[what.unit]
    return f"${what.amount:f} a {what.unit[2:]}{factor}"


def _thousands(bound: Quantity) -> str:
    number = exact(Fraction(bound) / 1000)
    return f"{number:,f}" if -int(number.as_tuple().exponent) <= 3 else f"{number:,.3f}"


def _names(structure: tuple[Tiers, ...], schedule: Schedule, month: int) -> dict[int, str]:
    periods = schedule.periods(month)
    if len(periods) == 1:
        return {periods[0]: "All hours"}
    rates = sorted({structure[period][0].rate for period in periods})
    names = dict(zip(rates, _RANKS.get(len(rates), []), strict=False))
    return {
        period: f"{names.get(structure[period][0].rate, f'Period {period}')} ({_hours(schedule, month, period)})"
        for period in periods
    }


def _hours(schedule: Schedule, month: int, period: int) -> str:
    weekday, weekend = (_ranges(table[month - 1], period) for table in schedule)
    if weekday == weekend:
        return f"every day {weekday}"
    sides = (("Mon-Fri", weekday), ("Sat-Sun", weekend))
    return "; ".join(f"{days} {hours}" for days, hours in sides if hours)


def _ranges(row: tuple[int, ...], period: int) -> str:
    spans = []
    for inside, hours in groupby(range(24), lambda hour: row[hour] == period):
        if inside:
            first, *_, last = list(hours) * 2
            spans.append("all day" if (first, last) == (0, 23) else f"{first:02}:00-{last + 1:02}:00")
    return ", ".join(spans)
