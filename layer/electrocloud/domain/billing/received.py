"""Delivered and received energy netted within the hour, as some tariffs have it."""

from collections.abc import Iterable, Sequence

from electrocloud.domain.local_time import HOUR_S, local
from electrocloud.domain.readings.meter_day import Interval

Sides = tuple[list[Interval], list[Interval]]


def net_by_hour(delivered: Sequence[Interval], received: Sequence[Interval], zone: str) -> Sides:
    """The readings of both directions, in time order, less what each local hour has in both: of the hour's larger side
    its difference is left, and of the other nothing. A reading belongs to the hour in which it starts."""
    both = _by_hour(delivered, zone), _by_hour(received, zone)
    common = {hour: min(both[0].get(hour, 0), both[1].get(hour, 0)) for hour in {*both[0], *both[1]}}
    return _without(delivered, dict(common), zone), _without(received, dict(common), zone)


def _by_hour(readings: Iterable[Interval], zone: str) -> dict[int, int]:
    found: dict[int, int] = {}
    for reading in readings:
        hour = local(reading.start, zone) // HOUR_S
        found[hour] = found.get(hour, 0) + reading.wh
    return found


def _without(readings: Iterable[Interval], taken: dict[int, int], zone: str) -> list[Interval]:
    """The readings with so many Wh of each hour taken off, from the first of the hour on."""
    left = []
    for reading in readings:
        hour = local(reading.start, zone) // HOUR_S
        off = min(reading.wh, taken[hour])
        taken[hour] -= off
        left.append(reading._replace(wh=reading.wh - off) if off else reading)
    return left
