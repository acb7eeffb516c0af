"""Usage habits: when customers use appliances, and how a use becomes runs of power.

Homes and shops share this engine and differ in their plans and tables. It is vectorized over customers and days.
"""

import zlib
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from producers.fleet.days import Days
from producers.fleet.meter_register import DAY_S, Ints, Runs
from producers.fleet.random_numbers import Floats, Keys, fold_in, normal, uniform

Bools = NDArray[np.bool_]
Phases = tuple[tuple[float, float, float], ...]

STEADY: Phases = ((0.0, 1.0, 1.0),)


class Customers(NamedTuple):
    """Traits of customers of one kind, as arrays with one value each.

    keys: the root keys of all their random numbers. size: 1 for a two-person home or a small shop, proportional to
    size. thrift: a factor on all use. way: the way of life or the trade, by number. rhythm: hours by which the daily
    routine is shifted later. habits: standard normal deviates of habits, by name.
    """

    keys: Keys
    size: Floats
    thrift: Floats
    way: Ints
    rhythm: Floats
    habits: dict[str, Floats]

    def of(self, rows: Ints) -> "Customers":
        """A subset of the customers."""
        habits = {name: values[rows] for name, values in self.habits.items()}
        return Customers(self.keys[rows], self.size[rows], self.thrift[rows], self.way[rows], self.rhythm[rows], habits)


class Plan(NamedTuple):
    """What customers do on each day, as arrays of shape (customers, days).

    away: absent all day. out: absent from `leave` to `back`. times: times of the day by name, in local hours (24 or
    more after midnight). busy: a factor on the chance of all uses, and its square root on their run times. cold:
    degrees (°C) by which the day is colder than the annual mean.
    """

    keys: Keys
    away: Bools
    out: Bools
    times: dict[str, Floats]
    busy: Floats
    cold: Floats

    def of(self, rows: Ints) -> "Plan":
        """The plan of a subset of the customers."""
        times = {name: values[rows] for name, values in self.times.items()}
        return Plan(self.keys[rows], self.away[rows], self.out[rows], times, self.busy[rows], self.cold[rows])


class Use(NamedTuple):
    """A use of an appliance on a day.

    owned: share of customers that own it. rates: uses per workday, Saturday and Sunday (the chance of at least one is 1
    - exp(-rate)) of an average customer. at: the named time in the plan, or the hour, that it is anchored to. shift,
    habit, jitter (h): the offset from that time, and its standard deviations between customers and between days. hours,
    watts: medians of run time and power. until: the named time at which it ends, instead of `hours`. phases: (begin,
    length, power) as fractions of run time and power. size: the exponent of the customer's size in the rate or, with
    `until`, in the power. cold: relative change of the rate per 10 °C below the annual mean, for the typical customer.
    waits: whether a use wanted while everyone is out is postponed until they are back, or else dropped. weekly: used
    mostly on certain days of the week. always: also used while away. ways: restricted to these ways of life or trades.
    """

    name: str
    owned: float
    rates: tuple[float, float, float]
    at: str | float
    shift: float
    habit: float
    jitter: float
    hours: float
    watts: int
    until: str = ""
    phases: Phases = STEADY
    size: float = 0.6
    cold: float = 0.1
    waits: bool = True
    weekly: bool = False
    always: bool = False
    ways: tuple[int, ...] = ()


def use_runs(use: Use, customers: Customers, plan: Plan, days: Days) -> Runs:
    """The runs of one use, for the customers and days of a plan."""
    named = zlib.crc32(use.name.encode())
    own, keys = fold_in(customers.keys, named), fold_in(plan.keys, named)
    pace = customers.size**use.size * customers.thrift**0.7 * np.exp(0.5 * normal(own, "pace"))
    row, day = np.nonzero(_used(use, customers, plan, days, own, keys, pace))
    own, keys = own[row], keys[row, day]

    at = plan.times[use.at][row, day] if isinstance(use.at, str) else np.full(len(row), use.at)
    at = at + use.shift + use.habit * normal(own, "when") + use.jitter * normal(keys, "when")
    at = np.clip(at, 0.0, 30.0)  # uses of a day start on that day or in the night after it
    leave, back = plan.times["leave"][row, day], plan.times["back"][row, day]
    missed = plan.out[row, day] & (at > leave) & (at < back)
    # Heavier users run appliances more often and longer; the appliances hardly have more power.
    strong = np.exp(0.25 * normal(own, "strong") + 0.1 * normal(keys, "strong"))
    watts = use.watts * customers.thrift[row] ** 0.1 * strong
    if use.until:
        hours = np.clip(plan.times[use.until][row, day] - at, 0.0, 16.0)
        watts = watts * pace[row] * plan.busy[row, day] * (0.2 + 1.6 * uniform(keys, "much"))
    else:
        long = np.exp(0.25 * normal(own, "long") + 0.2 * normal(keys, "long"))
        hours = np.minimum(use.hours * customers.thrift[row] ** 0.3 * plan.busy[row, day] ** 0.5 * long, 16.0)
        at = np.where(missed & use.waits, back + 2 * uniform(keys, "later"), at)
    kept = np.full(len(row), True) if use.waits else ~missed
    start = days.midnight[day[kept]] + at[kept] * 3600
    return phased(use.phases, row[kept], start, hours[kept] * 3600, watts[kept])


def cycles(customers: Customers, days: Days, name: str, period_s: Floats, share: float, watts: Floats) -> Runs:
    """A thermostat load: on for about `share` of each period; each customer has its own period."""
    start, end = days.midnight[0], days.midnight[-1] + DAY_S
    first = np.floor(start / period_s)
    cycle = first[:, None] + np.arange(int((end - start) / period_s.min()) + 2)
    keys = fold_in(fold_in(customers.keys, zlib.crc32(name.encode()))[:, None], cycle)
    at = (cycle + 0.3 * uniform(keys, "late")) * period_s[:, None]
    seconds = period_s[:, None] * share * (1 + 0.2 * normal(keys, "long"))
    row = np.broadcast_to(np.arange(len(period_s))[:, None], cycle.shape)
    return phased(STEADY, row.ravel(), at.ravel(), seconds.ravel(), watts[row].ravel())


def steady(days: Days, watts: Floats) -> Runs:
    """A constant load: one run per customer, over all days and the nights around them."""
    row = np.arange(len(watts))
    span = days.midnight[-1] - days.midnight[0] + 2 * DAY_S
    return phased(STEADY, row, np.full(len(row), float(days.midnight[0])), np.full(len(row), float(span)), watts)


def phased(phases: Phases, row: Ints, start: Floats, seconds: Floats, watts: Floats) -> Runs:
    """The runs of loads with phases: start (s since 1970), run time (s) and power (W), rounded to integers."""
    begins, lengths, powers = (np.array(column)[:, None] for column in zip(*phases, strict=True))
    return Runs(
        np.tile(row, len(phases)),
        np.rint(start + seconds * begins).astype(np.int64).ravel(),
        np.rint(seconds * lengths).astype(np.int64).ravel(),
        np.rint(watts * powers).astype(np.int64).ravel(),
    )


def _used(use: Use, customers: Customers, plan: Plan, days: Days, own: Keys, keys: Keys, pace: Floats) -> Bools:
    chilly = use.cold * np.exp(0.7 * normal(own, "chilly"))[:, None]
    often = np.array(use.rates)[days.kind] * np.maximum(1 + chilly * plan.cold / 10, 0)
    if use.weekly:
        often = often * np.where(uniform(fold_in(own[:, None], days.weekday), "weekly") < 0.35, 2.2, 0.35)
    if not use.until:
        often = often * pace[:, None] * plan.busy
    has = uniform(own, "owned") < use.owned
    if use.ways:
        has &= np.isin(customers.way, use.ways)
    found: Bools = (uniform(keys, "used") < 1 - np.exp(-often)) & has[:, None] & (use.always | ~plan.away)
    return found
