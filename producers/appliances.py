"""What homes switch on: a table of uses, each with its powers, run times and habits, and how it becomes runs of power."""

from typing import NamedTuple

import numpy as np

from producers.calendar import DAY_S, Days
from producers.chance import Floats, bell, branch, uniform
from producers.homes import Household, Plan
from producers.register import Runs

Phases = tuple[tuple[float, float, float], ...]

_STEADY: Phases = ((0.0, 1.0, 1.0),)
_HOB: Phases = ((0.0, 0.3, 1.0), (0.3, 0.7, 0.5))
_OVEN: Phases = ((0.0, 0.25, 1.0), (0.35, 0.1, 1.0), (0.55, 0.1, 1.0), (0.75, 0.1, 1.0))
_DISHES: Phases = ((0.0, 0.2, 1.0), (0.2, 0.45, 0.06), (0.65, 0.15, 1.0))
_LAUNDRY: Phases = ((0.0, 0.25, 1.0), (0.25, 0.6, 0.08), (0.85, 0.15, 0.25))


class Use(NamedTuple):
    """One use of an appliance on a day.

    owned: share of homes that have it. chances: of its being used on a workday, a Saturday, a Sunday in an average home
    of two. at: the moment of the plan, or the hour, that it goes by. shift, habit, jitter (h): its distance from that
    moment, and the standard deviations of the distance from home to home and from day to day. hours, watts: medians of
    run time and power. until: the moment of the plan it runs to, instead of `hours`. phases: (begin, length, power) as
    fractions of run time and power. people: the exponent of people/2 in the chance. cold: change of the chance by each
    10 °C below the year's mean. waits: wanted while all are out, it is done after they are back; else not at all.
    weekly: done mostly on certain days of the week.
    """

    name: str
    owned: float
    chances: tuple[float, float, float]
    at: str | float
    shift: float
    habit: float
    jitter: float
    hours: float
    watts: int
    until: str = ""
    phases: Phases = _STEADY
    people: float = 0.4
    cold: float = 0.0
    waits: bool = True
    weekly: bool = False
    out: float = 1.0


USES = (
    Use("coffee", 0.9, (0.72, 0.54, 0.33), "wake", 0.6, 0.5, 0.3, 0.2, 1000),
    Use("breakfast", 0.95, (1.2, 0.37, 0.3), "wake", 0.9, 0.6, 0.4, 0.25, 1500),
    Use("hair dryer", 0.7, (0.73, 0.47, 0.39), "wake", 0.7, 0.4, 0.2, 0.12, 1500),
    Use("shower", 0.06, (0.49, 0.41, 0.49), "wake", 0.7, 0.6, 0.25, 0.07, 18000, people=0.7),
    Use("evening shower", 0.06, (0.16, 0.16, 0.25), "bed", -1.5, 0.8, 0.4, 0.07, 18000, people=0.7),
    Use("morning light", 1.0, (2.66, 0.61, 0.1), "wake", 0.0, 0.05, 0.1, 0.0, 250, until="dawn"),
    Use("housework", 0.9, (0.87, 0.63, 0.21), 9.0, 0.0, 1.2, 1.0, 1.0, 700, cold=0.1),
    Use("second breakfast", 0.9, (2.7, 1.1, 2.7), 9.4, 0.0, 0.8, 0.5, 0.2, 1500, cold=0.1),
    Use("daytime", 1.0, (0.45, 0.55, 0.44), 9.0, 0.0, 0.8, 0.7, 5.5, 110, cold=0.3, waits=False),
    Use("lunch", 0.95, (1.1, 0.93, 0.22), "lunch", -0.2, 0.5, 0.3, 0.7, 1300, phases=_HOB, cold=0.2, waits=False),
    Use("lunch oven", 0.8, (0.62, 0.5, 0.61), "lunch", -0.5, 0.6, 0.4, 1.0, 2200, phases=_OVEN, cold=0.4, waits=False),
    Use("roast", 0.8, (0.024, 0.095, 2.2), "lunch", -1.1, 0.6, 0.3, 1.8, 2200, phases=_OVEN, cold=0.6, waits=False),
    Use("after lunch", 0.5, (0.55, 0.62, 0.021), "lunch", 0.9, 0.5, 0.4, 1.6, 1800, phases=_DISHES, people=0.6, cold=0.1),
    Use("pastime", 0.9, (0.66, 0.66, 0.49), 14.5, 0.0, 4.6, 2.0, 3.0, 260, cold=0.2),
    Use("dinner", 0.95, (0.12, 0.35, 0.11), "dinner", -0.2, 0.7, 0.4, 0.5, 1400, phases=_HOB, cold=0.3, out=2.5),
    Use("dinner oven", 0.8, (0.1, 2.7, 0.12), "dinner", -0.2, 0.7, 0.4, 0.7, 2200, phases=_OVEN, cold=0.3, out=2.5),
    Use("microwave", 0.7, (0.33, 0.41, 0.25), "dinner", -0.3, 1.5, 1.0, 0.1, 1200),
    Use("tea", 0.8, (0.16, 0.41, 0.33), 15.3, 0.0, 0.8, 0.5, 0.12, 1500),
    Use("dishwasher", 0.5, (0.051, 0.44, 1.7), "dinner", 1.2, 1.0, 0.7, 1.6, 1800, phases=_DISHES, people=0.6),
    Use("laundry", 0.95, (0.2, 0.41, 0.16), 10, 0.0, 2.2, 1.4, 1.5, 1900, phases=_LAUNDRY, people=0.7, weekly=True),
    Use("evening laundry", 0.4, (0.12, 0.16, 0.082), 19, 0.0, 1.5, 1.2, 1.5, 1900, phases=_LAUNDRY, weekly=True),
    Use("dryer", 0.4, (0.37, 0.74, 0.33), 12.0, 0.0, 2.0, 1.4, 1.6, 1000, people=0.7, cold=0.5, weekly=True),
    Use("ironing", 0.8, (0.082, 0.12, 0.049), 15.0, 0.0, 2.0, 1.5, 0.7, 1000, weekly=True),
    Use("afternoon television", 0.9, (0.25, 0.49, 0.33), 14.5, 0.0, 1.5, 1.5, 2.5, 150, cold=0.3),
    Use("television", 0.95, (2.66, 0.17, 2.66), "dinner", 0.7, 0.7, 0.5, 0.0, 80, until="bed", cold=0.2),
    Use("late television", 0.45, (1.2, 1.2, 1.2), "bed", 0.0, 0.3, 0.4, 1.2, 200),
    Use("computer", 0.85, (0.33, 0.33, 0.33), 19, 0.0, 2.0, 1.5, 2.5, 120, cold=0.2),
    Use("evening light", 1.0, (0.3, 2.66, 0.47), "dusk", 0.1, 0.3, 0.2, 0.0, 110, until="bed", cold=0.3),
    Use("room light", 1.0, (2.66, 0.43, 1.72), "dusk", 1.0, 0.6, 0.3, 0.0, 100, until="bed", cold=0.2),
    Use("kitchen light", 1.0, (2.7, 2.7, 2.7), "dinner", -0.2, 0.6, 0.3, 1.3, 120, cold=0.9),
    Use("night boiler", 0.08, (0.66, 0.66, 1.3), 23.8, 0.0, 1.2, 0.2, 1.2, 1500, people=0.7, cold=0.3),
    Use("circulation pump", 0.65, (2.66, 2.66, 2.66), "wake", -0.4, 0.4, 0.1, 0.0, 50, until="bed", people=0.0, cold=1.3),
    Use("heater", 0.12, (0.25, 0.25, 0.41), "dinner", -0.5, 2, 1.2, 3.0, 700, cold=1.4),
)


def use_runs(use: Use, home: Household, plan: Plan, days: Days) -> Runs:
    """The runs of one use in the homes on the days of the plan."""
    own, keys = branch(home.keys, hash_of(use)), branch(plan.keys, hash_of(use))
    pace = (home.people / 2) ** use.people * home.thrift**0.5 * np.exp(0.6 * bell(own, "pace"))
    often = np.array(use.chances)[days.kind] * np.maximum(1 + use.cold * plan.cold / 10, 0)
    often = often * np.where(plan.out, use.out, 1.0)
    if use.weekly:
        often = often * np.where(uniform(branch(own[:, None], days.weekday), "weekly") < 0.35, 2.2, 0.35)
    if not use.until:
        often = often * pace[:, None] * plan.busy
    used = (uniform(keys, "used") < 1 - np.exp(-often)) & (uniform(own, "owned") < use.owned)[:, None]
    row, day = np.nonzero(used & ~plan.away)
    keys, own = keys[row, day], own[row]

    at = plan.times[use.at][row, day] if isinstance(use.at, str) else np.full(len(row), use.at)
    at = at + use.shift + use.habit * bell(own, "when") + use.jitter * bell(keys, "when")
    at = np.maximum(at, 0.0)
    leave, back = plan.times["leave"][row, day], plan.times["back"][row, day]
    missed = plan.out[row, day] & (at > leave) & (at < back)
    if use.waits and not use.until:
        at = np.where(missed, back + 2 * uniform(keys, "later"), at)
    hours = use.hours * home.thrift[row] ** 0.3 * np.exp(0.25 * bell(own, "long") + 0.25 * bell(keys, "long"))
    watts = use.watts * home.thrift[row] ** 0.3 * np.exp(0.3 * bell(own, "strong") + 0.15 * bell(keys, "strong"))
    if use.until:
        hours = np.maximum(plan.times[use.until][row, day] - at, 0)
        watts = watts * pace[row] * plan.busy[row, day] * np.exp(0.35 * bell(keys, "lamps"))
    kept = slice(None) if use.waits else ~missed
    return _phased(
        use.phases,
        row[kept],
        days.midnight[day[kept]] + at[kept] * 3600,
        hours[kept] * 3600,
        watts[kept],
    )


def hash_of(use: Use) -> int:
    """The number by which the use's chances are told from those of other uses."""
    return sum(ord(letter) * 131**i for i, letter in enumerate(use.name)) % 2**32


def base_runs(home: Household, days: Days) -> Runs:
    """What is never off: standby, router, clocks. One run a home, from the first to the last of the days."""
    watts = 72 * home.thrift**0.5 * (home.people / 2) ** 0.2 * np.exp(0.5 * bell(home.keys, "standby"))
    rows = np.arange(len(home.keys))
    span = days.midnight[-1] - days.midnight[0] + 2 * DAY_S
    return Runs(rows, np.full(len(rows), days.midnight[0]), np.full(len(rows), span), np.rint(watts).astype(np.int64))


def fridge_runs(home: Household, days: Days) -> Runs:
    """The compressor of a fridge: on for a third of every period, which differs from home to home."""
    period = 3600 * (1.7 + 0.4 * bell(home.keys, "period"))
    watts = 110 * np.exp(0.25 * bell(home.keys, "fridge")) * (1 + (home.people > 2))
    start, end = days.midnight[0], days.midnight[-1] + DAY_S
    first = np.floor(start / period)
    cycle = first[:, None] + np.arange(int((end - start) / period.min()) + 2)
    keys = branch(branch(home.keys, 7)[:, None], cycle)
    at = (cycle + 0.3 * uniform(keys, "late")) * period[:, None]
    seconds = period[:, None] * 0.35 * (1 + 0.2 * bell(keys, "long"))
    row = np.broadcast_to(np.arange(len(period))[:, None], cycle.shape)
    return _phased(_STEADY, row.ravel(), at.ravel(), seconds.ravel(), watts[row].ravel())


def _phased(phases: Phases, row: np.ndarray, start: Floats, seconds: Floats, watts: Floats) -> Runs:
    begins, lengths, powers = (np.array(column)[:, None] for column in zip(*phases, strict=True))
    return Runs(
        np.tile(row, len(phases)),
        np.rint(start + seconds * begins).astype(np.int64).ravel(),
        np.rint(seconds * lengths).astype(np.int64).ravel(),
        np.rint(watts * powers).astype(np.int64).ravel(),
    )
