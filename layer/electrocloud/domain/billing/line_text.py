"""What a bill's lines say to the customer: the names and hours of periods, the reason of each amount."""

from calendar import isleap, month_abbr
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from itertools import groupby
from zoneinfo import ZoneInfo

from electrocloud.domain.billing.demand_windows import Peak
from electrocloud.domain.billing.plan import Segment
from electrocloud.domain.billing.tiers import Bounds
from electrocloud.domain.currency import written
from electrocloud.domain.money import exact
from electrocloud.domain.tariffs.tariff import Fee, Quantity, Schedule, Tariff, Tiers

NO_REACTIVE = "Reactive power: not metered, not billed"
_RANKS = {2: ["Off-peak", "Peak"], 3: ["Off-peak", "Mid-peak", "Peak"]}  # by rate, ascending


@lru_cache(maxsize=1_024)
def energy_periods(tariff: Tariff, month: int) -> dict[int, str]:
    """What to call each energy period of a month (1 to 12) and its hours: `, Peak (Mon-Fri 16:00-21:00)`.

    The period with the most hours has `all other hours`; one that is alone has no name.
    """
    return _names(tariff.energy, tariff.energy_schedule, month)


def energy_names(tariff: Tariff, segment: Segment) -> dict[int, str]:
    """The same of a segment; where its two months have other periods or hours, each name says its month."""
    return _of_months(energy_periods, tariff, segment)


def demand_names(tariff: Tariff, segment: Segment) -> dict[int, str]:
    """The same for the demand periods."""
    return _of_months(demand_periods, tariff, segment)


@lru_cache(maxsize=1_024)
def demand_periods(tariff: Tariff, month: int) -> dict[int, str]:
    """The same for the demand periods."""
    return _names(tariff.demand, tariff.demand_schedule, month)


@lru_cache(maxsize=4_096)
def tier_range(bounds: Bounds, tier: int, unit: str) -> str:
    """Which part of the month's use or demand a tier prices: `, the first 500 kWh`. Bounds are in Wh or W."""
    edges = [_thousands(bound) for bound in bounds]
    if not edges:
        return ""
    if tier == 0:
        return f", the first {edges[0]} {unit}"
    if tier == len(edges):
        return f", above {edges[-1]} {unit}"
    return f", from {edges[tier - 1]} to {edges[tier]} {unit}"


def tier_rule(tariff: Tariff, segment: Segment) -> str:
    """How the use of a month came into tiers, where its periods have tiers with different limits."""
    return _tier_rule(tariff, tuple(month for _, month, _ in segment.months()))


@lru_cache(maxsize=1_024)
def _tier_rule(tariff: Tariff, months: tuple[int, ...]) -> str:
    periods = {period for month in months for period in tariff.energy_schedule.periods(month)}
    if len({tuple((tier.limit, tier.unit) for tier in tariff.energy[period][:-1]) for period in periods}) < 2:
        return ""
    return ", tiers by the share of the period" if tariff.allocation == "prorated" else ", tiers in time order"


def moment(peak: Peak, zone: str) -> str:
    """When a demand was: `60 minutes from Tue 3 Jul 2018 17:00`, in local time."""
    start = datetime.fromtimestamp(peak.start, ZoneInfo(zone))
    length = f"{peak.seconds // 60} minutes" if peak.seconds % 60 == 0 else f"{peak.seconds} seconds"
    return f"{length} from {start:%a} {start.day} {start:%b %Y %H:%M}"


def ratchet(part: Decimal, earlier: Peak, zone: str, own: Peak, unit: str) -> str:
    """Why an earlier demand is billed: `60% of 100 kW, 60 minutes from Fri 3 Jul 2026 12:00; measured 40 kW`."""
    percent = exact(Fraction(part) * 100)
    return f"{percent:f}% of {_kw(earlier)} {unit}, {moment(earlier, zone)}; measured {_kw(own)} {unit}"


def least_demand(least: Decimal, own: Peak, unit: str) -> str:
    """Why more than the measured demand is billed: `the least that is billed; measured 40 kW`."""
    return f"the least that is billed, {least:,f} {unit}; measured {_kw(own)} {unit}"


def free_reactive(free_part: Decimal, varh: int, wh: int) -> str:
    """How much reactive energy is free: `, 620.5 kvarh less 50% of 1,000 kWh`; nothing where none is."""
    if not free_part:
        return ""
    percent = exact(Fraction(free_part) * 100)
    return f", {_thousands(varh)} kvarh less {percent:f}% of {_thousands(wh)} kWh"


def fee(what: Fee, segment: Segment, tariff: Tariff) -> str:
    """How a fixed or minimum amount comes to be a segment's: `$12.40 a month x 16 of 31 days`."""
    text = f"{price(what.amount, 2, tariff.currency)} a {what.unit[2:]}"
    cut = f" x {segment.days} of {segment.full_days} days" if segment.days < segment.full_days else ""
    if what.unit == "$/month" or tariff.average_month:
        return text + {"$/month": "", "$/day": " x 365/12", "$/year": " / 12"}[what.unit] + cut
    if what.unit == "$/day":
        return text + (cut or f" x {segment.days} days")
    days: dict[int, int] = {}
    for year, _, count in segment.months():
        days[year] = days.get(year, 0) + count
    parts = (f"{count} of {366 if isleap(year) else 365}" for year, count in days.items())
    return f"{text} x {' and '.join(parts)} days"


def segment_label(segment: Segment) -> str:
    """Which days of the bill a segment's line is for: `, Apr 1-10`, `, Apr 25 - May 3`."""
    first, last = segment.first_day, segment.end_day - timedelta(days=1)
    end = "" if first == last else f"-{last.day}" if first.month == last.month else f" - {last:%b} {last.day}"
    return f", {first:%b} {first.day}{end}"


def days_of(segment: Segment) -> str:
    """`, 16 of 31 days`: the segment's of the full cycle."""
    return days_text(segment.days, segment.full_days)


def days_text(days: int, whole: int) -> str:
    """`, 16 of 31 days`."""
    return f", {days} of {whole} days"


def weight(rate: Decimal, days: int, whole: int, currency: str) -> str:
    """`, $10.00 x 10 of 31 days`: how a rate was weighted."""
    return f", {price(rate, 2, currency)} x {days} of {whole} days"


def price(amount: Decimal, decimals: int, currency: str = "USD") -> str:
    """`$0.1200`: all the decimals of an amount, and at least so many, as the currency is written."""
    sign = "-" if amount < 0 else ""
    return sign + written(abs(amount), max(decimals, -int(amount.as_tuple().exponent)), currency)


def _of_months(names: Callable[[Tariff, int], dict[int, str]], tariff: Tariff, segment: Segment) -> dict[int, str]:
    months = [month for _, month, _ in segment.months()]
    first = names(tariff, months[0])
    if len(months) == 1 or first == names(tariff, months[-1]):
        return first
    found: dict[int, str] = {}
    for month in months:
        for period, name in names(tariff, month).items():
            found[period] = found[period] if period in found else f"{name}, {month_abbr[month]}"
    return found


def _kw(peak: Peak) -> str:
    return _thousands(Fraction(peak.watts, peak.parts))


def _thousands(bound: Quantity) -> str:
    number = exact(Fraction(bound) / 1000)
    return f"{number:,f}" if -int(number.as_tuple().exponent) <= 3 else f"{number:,.3f}"


def _names(structure: tuple[Tiers, ...], schedule: Schedule, month: int) -> dict[int, str]:
    periods = schedule.periods(month)
    if len(periods) == 1:
        return {periods[0]: ""}
    rates = sorted({structure[period][0].rate for period in periods})
    ranks = dict(zip(rates, _RANKS.get(len(rates), []), strict=False))
    week = schedule.weekday[month - 1] * 5 + schedule.weekend[month - 1] * 2
    usual = max(periods, key=week.count)
    names = {}
    for period in periods:
        hours = "all other hours" if period == usual else _hours(schedule, month, period)
        names[period] = f", {ranks.get(structure[period][0].rate, f'Period {period}')} ({hours})"
    return names


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
