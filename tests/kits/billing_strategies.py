"""Hypothesis strategies for tariffs and loads."""

from typing import Any

from hypothesis import strategies as st

from electrocloud.domain.readings.meter_day import Interval
from tests.kits.billing_kit import Rate, instant

ZONES = (
    "UTC",
    "America/New_York",
    "America/St_Johns",
    "Europe/Berlin",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Pacific/Chatham",
)
# Around clock changes in each zone, the ends of months and of a year, and a leap day.
MOMENTS = (
    "2026-03-07T20:00",
    "2026-03-28T22:00",
    "2026-04-04T08:00",
    "2026-10-24T20:00",
    "2026-10-31T21:00",
    "2026-09-26T10:00",
    "2024-02-28T15:00",
    "2026-12-31T03:00",
)
UNITS = ("kWh", "kWh daily", "kWh/kW", "kWh/kW daily")

cents = st.integers(0, 60_000).map(lambda number: number / 100_000)
dollars = st.integers(0, 2_000).map(lambda number: number / 100)
kwh_step = st.builds(lambda rate, limit: {"rate": rate, "max": limit, "unit": "kWh"}, cents, st.integers(1, 20))


@st.composite
def tiers(draw: st.DrawFn, unit: str, most: int = 3, scale: float = 1, rising: bool = False) -> list[Rate]:
    """Up to `most` tiers, each up to 20 x `scale` wide; with `rising`, each costs at least as much as the one
    before.
    """
    rates = draw(st.lists(cents, min_size=1, max_size=most))
    rates = sorted(rates) if rising else rates
    steps = [{"rate": rate, "unit": unit} for rate in rates]
    limit = 0
    for step in steps[:-1]:
        limit += draw(st.integers(1, int(20_000 * scale)))
        step["max"] = limit / 1000
    if draw(st.booleans()):
        steps[0]["adj"] = -steps[0]["rate"] / 2 if draw(st.booleans()) and not rising else 0.0
    return steps


@st.composite
def schedules(draw: st.DrawFn, periods: int) -> list[list[int]]:
    rows = st.lists(st.integers(0, periods - 1), min_size=24, max_size=24)
    seasons = draw(st.lists(rows, min_size=1, max_size=2))
    return [list(seasons[month // 6 % len(seasons)]) for month in range(12)]


@st.composite
def rates(
    draw: st.DrawFn, rising: bool = False, units: tuple[str, ...] = UNITS, zones: Any = ZONES, hours_use: bool = False
) -> Rate:
    """A rate with any of the supported URDB charges."""
    unit = draw(st.sampled_from(units))
    scale = {"kWh": 1.0, "kWh daily": 1 / 30, "kWh/kW": 1 / 5, "kWh/kW daily": 1 / 150}[unit]
    hours_use = hours_use and unit == "kWh/kW" and draw(st.booleans())
    periods = draw(st.integers(1, 3))
    rate: Rate = {
        "timezone": draw(st.sampled_from(zones)),
        "tier_allocation": draw(st.sampled_from(["chronological", "prorated"])),
        "day_charge_basis": draw(st.sampled_from(["exact", "average_month"])),
        "energyratestructure": [
            [*([draw(kwh_step)] if hours_use else []), *draw(tiers(unit, scale=scale, rising=rising))]
            for _ in range(periods)
        ],
        "energyweekdayschedule": draw(schedules(periods)),
        "energyweekendschedule": draw(schedules(periods)),
    }
    for field, units_field in (("fixedchargefirstmeter", "fixedchargeunits"), ("mincharge", "minchargeunits")):
        if draw(st.booleans()):
            rate |= {field: draw(dollars), units_field: draw(st.sampled_from(["$/month", "$/day", "$/year"]))}
    if draw(st.booleans()):
        rate["flatdemandstructure"] = draw(st.lists(tiers("kW", scale=0.2, rising=rising), min_size=1, max_size=2))
        kinds = len(rate["flatdemandstructure"])
        rate["flatdemandmonths"] = [month % kinds for month in range(12)]
    if draw(st.booleans()):
        rate["demandratestructure"] = draw(st.lists(tiers("kW", scale=0.2, rising=rising), min_size=1, max_size=3))
        kinds = len(rate["demandratestructure"])
        rate |= {f"demand{side}schedule": draw(schedules(kinds)) for side in ("weekday", "weekend")}
    if draw(st.booleans()):
        rate["demandwindow"] = draw(st.sampled_from([5, 15, 20, 30, 60]))
    return rate


@st.composite
def loads(draw: st.DrawFn, lengths: tuple[int, ...] = (300, 420, 900, 1800, 3600, 5400)) -> list[Interval]:
    """Up to two days of readings of one length with gaps, in time order, near an interesting instant."""
    seconds = draw(st.sampled_from(lengths))
    start = instant(draw(st.sampled_from(MOMENTS))) + draw(st.sampled_from([0, 0, 60, 300, 900]))
    wh = draw(st.lists(st.none() | st.integers(0, 3_000), min_size=1, max_size=120))
    readings = [
        Interval(start + number * seconds, seconds, energy) for number, energy in enumerate(wh) if energy is not None
    ]
    return readings or [Interval(start, seconds, 0)]
