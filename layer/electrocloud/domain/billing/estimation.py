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
    or Saturday and Sunday), of the WEEKS weeks before its own day. Energies are whole Wh, as `_whole_wh` has them.
    `history` are readings, never estimates; their time decides which are too old or too new.
    """
    used: defaultdict[tuple[int, int], list[int]] = defaultdict(lambda: [0, 0])
    for reading in history:
        here = local(reading.start, zone)
        sums = used[here // DAY_S, here % DAY_S // HOUR_S]
        sums[0] += reading.wh
        sums[1] += reading.seconds
    found: list[tuple[ExpectedInterval, Fraction]] = []
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
            found.append((slot, power * slot.seconds))
    return _whole_wh(found)


def mean_profile(meters: Iterable[tuple[str, Iterable[Interval]]]) -> dict[tuple[bool, int], Fraction]:
    """The mean profile of a class, from the readings of some of its meters, each with its time zone.

    A meter counts by the time for which it was read. Readings longer than an hour say nothing of an hour, and are left
    out. Day types and hours that no reading starts in have no entry.
    """
    sums: defaultdict[tuple[bool, int], list[int]] = defaultdict(lambda: [0, 0])
    for zone, readings in meters:
        for reading in readings:
            if reading.seconds <= HOUR_S:
                used = sums[_hour(reading.start, zone)]
                used[0] += reading.wh
                used[1] += reading.seconds
    return {hour: Fraction(wh * HOUR_S, seconds) for hour, (wh, seconds) in sums.items()}


def estimate_from_profile(missing: Iterable[ExpectedInterval], profile: ClassProfile, zone: str) -> list[Interval]:
    """An interval for each missing one whose hours the mean profile of the customer's class has, for want of history.

    One that is longer than an hour has the energy of all its hours. Energies are whole Wh, as `_whole_wh` has them.
    """
    found: list[tuple[ExpectedInterval, Fraction]] = []
    for slot in missing:
        steps = range(slot.start, slot.start + slot.seconds, HOUR_S)
        powers = [(profile.get(_hour(at, zone)), min(HOUR_S, slot.start + slot.seconds - at)) for at in steps]
        known = [power * seconds for power, seconds in powers if power is not None]
        if len(known) == len(powers):
            found.append((slot, sum(known, Fraction(0)) / HOUR_S))
    return _whole_wh(found)


def _whole_wh(estimates: Iterable[tuple[ExpectedInterval, Fraction]]) -> list[Interval]:
    """Estimates in time order with whole Wh, rounded half to even.

    What rounding one takes or adds is carried to the next of the same UTC day. So the minutes of a small load sum to
    what it uses, and a day's estimates do not depend on other days.
    """
    found: list[Interval] = []
    day, carried = 0, Fraction(0)
    for slot, energy in estimates:
        if slot.start // DAY_S != day:
            day, carried = slot.start // DAY_S, Fraction(0)
        wh = round(energy + carried)
        carried += energy - wh
        found.append(Interval(slot.start, slot.seconds, wh))
    return found


def _hour(instant: int, zone: str) -> tuple[bool, int]:
    here = local(instant, zone)
    return is_weekend(here // DAY_S), here % DAY_S // HOUR_S
