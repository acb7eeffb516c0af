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


USES = (
    Use("coffee", 0.8, (0.8, 0.8, 0.8), "wake", 0.3, 0.15, 0.15, 0.12, 1000),
    Use("kettle", 0.8, (0.5, 0.5, 0.5), "wake", 0.4, 0.2, 0.2, 0.06, 2000),
    Use("hair dryer", 0.7, (0.4, 0.4, 0.3), "wake", 0.4, 0.1, 0.15, 0.08, 1500),
    Use("shower", 0.2, (0.7, 0.7, 0.6), "wake", 0.2, 0.15, 0.15, 0.08, 18000, people=0.7),
    Use("evening shower", 0.2, (0.4, 0.4, 0.4), "bed", -1.5, 0.6, 0.4, 0.08, 18000),
    Use("morning light", 1.0, (0.95, 0.9, 0.9), "wake", 0.0, 0.05, 0.1, 0.0, 120, until="dawn"),
    Use("lunch", 0.95, (0.6, 0.7, 0.75), "lunch", -0.5, 0.2, 0.15, 0.55, 2200, phases=_HOB, waits=False),
    Use("lunch oven", 0.8, (0.1, 0.15, 0.3), "lunch", -1.0, 0.2, 0.2, 1.0, 2500, phases=_OVEN, waits=False),
    Use("dinner", 0.95, (0.6, 0.6, 0.5), "dinner", -0.4, 0.2, 0.2, 0.5, 2200, phases=_HOB, cold=0.1),
    Use("dinner oven", 0.8, (0.2, 0.25, 0.2), "dinner", -0.7, 0.2, 0.3, 0.8, 2500, phases=_OVEN, cold=0.1),
    Use("microwave", 0.7, (0.5, 0.5, 0.5), "dinner", -0.3, 1.0, 1.0, 0.07, 1200),
    Use("tea", 0.8, (0.5, 0.6, 0.7), 15.5, 0.0, 0.8, 0.8, 0.06, 2000),
    Use("dishwasher", 0.7, (0.45, 0.5, 0.55), "dinner", 1.0, 1.0, 0.7, 1.6, 2000, phases=_DISHES, people=0.6),
    Use(
        "laundry",
        0.95,
        (0.25, 0.4, 0.2),
        10.0,
        0.0,
        1.5,
        1.0,
        1.5,
        2000,
        phases=_LAUNDRY,
        people=0.7,
        weekly=True,
    ),
    Use("dryer", 0.42, (0.25, 0.35, 0.2), 12.5, 0.0, 1.5, 1.0, 1.2, 2200, people=0.7, cold=0.3, weekly=True),
    Use("ironing", 0.8, (0.12, 0.15, 0.08), 16.0, 0.0, 2.0, 1.5, 0.7, 1000, weekly=True),
    Use("vacuum", 0.95, (0.2, 0.35, 0.1), 10.5, 0.0, 1.5, 1.5, 0.4, 900, weekly=True),
    Use("afternoon television", 0.9, (0.4, 0.5, 0.5), 15.0, 0.0, 1.5, 1.5, 2.0, 120, cold=0.2),
    Use("television", 0.95, (0.9, 0.85, 0.9), "dinner", 1.2, 0.4, 0.4, 0.0, 130, until="bed"),
    Use("computer", 0.85, (0.6, 0.6, 0.6), 18.5, 0.0, 2.0, 1.5, 2.5, 110),
    Use("evening light", 1.0, (1.0, 1.0, 1.0), "dusk", 0.0, 0.1, 0.2, 0.0, 150, until="bed"),
    Use("kitchen light", 1.0, (0.8, 0.8, 0.8), "dinner", -0.5, 0.2, 0.3, 1.3, 80, cold=0.4),
)


def use_runs(use: Use, home: Household, plan: Plan, days: Days) -> Runs:
    """The runs of one use in the homes on the days of the plan."""
    own, keys = branch(home.keys, hash_of(use)), branch(plan.keys, hash_of(use))
    per_home = (
        (home.people / 2) ** use.people
        * np.exp(0.45 * bell(own, "how often"))
        * (uniform(own, "owned") < use.owned)
    )
    often = (
        per_home[:, None]
        * np.array(use.chances)[days.kind]
        * plan.busy
        * np.maximum(1 + use.cold * plan.cold / 10, 0)
    )
    if use.weekly:
        fixed = uniform(branch(own[:, None], days.weekday), "weekly") < 0.35
        often = often * np.where(fixed, 2.2, 0.35)
    row, day = np.nonzero((uniform(keys, "used") < often) & ~plan.away)
    keys, own = keys[row, day], own[row]

    at = plan.times[use.at][row, day] if isinstance(use.at, str) else np.full(len(row), use.at)
    at = at + use.shift + use.habit * bell(own, "when") + use.jitter * bell(keys, "when")
    leave, back = plan.times["leave"][row, day], plan.times["back"][row, day]
    missed = plan.out[row, day] & (at > leave) & (at < back)
    if use.waits:
        at = np.where(missed, back + 2 * uniform(keys, "later"), at)
    hours = use.hours * np.exp(0.25 * bell(own, "long") + 0.25 * bell(keys, "long"))
    if use.until:
        hours = np.maximum(plan.times[use.until][row, day] - at, 0)
    watts = use.watts * np.exp(0.3 * bell(own, "strong"))
    kept = slice(None) if use.waits else ~missed
    return _phased(
        use.phases, row[kept], days.midnight[day[kept]] + at[kept] * 3600, hours[kept] * 3600, watts[kept]
    )


def hash_of(use: Use) -> int:
    """The number by which the use's chances are told from those of other uses."""
    return sum(ord(letter) * 131**i for i, letter in enumerate(use.name)) % 2**32


def base_runs(home: Household, days: Days) -> Runs:
    """What is never off: standby, router, clocks. One run a home, from the first to the last of the days."""
    watts = 45 * home.thrift * (home.people / 2) ** 0.4 * np.exp(0.5 * bell(home.keys, "standby"))
    rows = np.arange(len(home.keys))
    span = days.midnight[-1] - days.midnight[0] + 2 * DAY_S
    return Runs(
        rows, np.full(len(rows), days.midnight[0]), np.full(len(rows), span), np.rint(watts).astype(np.int64)
    )


def fridge_runs(home: Household, days: Days) -> Runs:
    """The compressor of a fridge: on for a third of every period, which differs from home to home."""
    period = 3600 * (0.75 + 0.15 * bell(home.keys, "period"))
    watts = 95 * np.exp(0.25 * bell(home.keys, "fridge")) * (1 + (home.people > 2))
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
