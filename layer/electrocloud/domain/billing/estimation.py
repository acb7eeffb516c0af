"""Estimation of readings that never came (the E of VEE): like the same hours of the weeks before."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from fractions import Fraction

from electrocloud.domain.billing.determinants import ExpectedInterval
from electrocloud.domain.local_time import DAY_S, HOUR_S, is_weekend, local
from electrocloud.domain.readings.meter_day import Interval

WEEKS = 4

ClassProfile = Mapping[tuple[bool, int], Fraction]
"""A customer class's mean power (W) by day type (whether Saturday or Sunday) and local hour (0 to 23)."""


def estimate(missing: Iterable[ExpectedInterval], history: Iterable[Interval], zone: str) -> list[Interval]:
    """An interval for each missing one that the meter's history can speak for; the others stay missing.

    Its power is the mean of the readings that start in the same local hour, on the same type of day (Monday to Friday,
    or Saturday and Sunday), of the WEEKS weeks before its own day; its energy is rounded to whole Wh, half to even.
    `history` are readings, never estimates; their time decides which are too old or too new.
    """
    used: defaultdict[tuple[int, int], list[int]] = defaultdict(lambda: [0, 0])
    for reading in history:
        here = local(reading.start, zone)
        sums = used[here // DAY_S, here % DAY_S // HOUR_S]
        sums[0] += reading.wh
        sums[1] += reading.seconds
    found = []
    for slot in missing:
        here = local(slot.start, zone)
        today, hour = here // DAY_S, here % DAY_S // HOUR_S
        alike = [
            used[day, hour]
            for day in range(today - 7 * WEEKS, today)
            if (day, hour) in used and is_weekend(day) == is_weekend(today)
        ]
        if alike:
            power = Fraction(sum(wh for wh, _ in alike), sum(seconds for _, seconds in alike))
            found.append(Interval(slot.start, slot.seconds, round(power * slot.seconds)))
    return found


def estimate_from_profile(missing: Iterable[ExpectedInterval], profile: ClassProfile, zone: str) -> list[Interval]:
    """An interval for each missing one whose hour the mean profile of the customer's class has, for want of history."""
    found = []
    for slot in missing:
        here = local(slot.start, zone)
        power = profile.get((is_weekend(here // DAY_S), here % DAY_S // HOUR_S))
        if power is not None:
            found.append(Interval(slot.start, slot.seconds, round(power * slot.seconds / HOUR_S)))
    return found
