"""Energy at the prices of a series: what a UTC day of readings costs, by local day, and the lines that it makes."""

from collections.abc import Iterator, Sequence
from fractions import Fraction

import msgspec

from electrocloud.domain.billing.spreading import Crossing, energy_between
from electrocloud.domain.local_time import DAY_S, local
from electrocloud.domain.readings.meter_day import Interval
from electrocloud.domain.tariffs.price_series import PriceSeries

PARTS = 10**12  # costs are in 10^-12 $


class SeriesDay(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What a UTC day brings to the local day that is `day` days after 1970-01-01: Wh, of them estimated, the cost in $
    and 10^-12 $, and the first instant with energy and without a price (None: all has one)."""

    day: int
    wh: int
    estimated_wh: int
    dollars: int
    parts: int  # 0 or more, below 10^12: one number of both could pass the 64 bits that are stored
    unpriced: int | None = None

    @property
    def cost(self) -> Fraction:
        """The cost in $."""
        return Fraction(self.dollars * PARTS + self.parts, PARTS)


def series_days(
    series: PriceSeries, zone: str, readings: Sequence[Interval], guesses: frozenset[Interval], low: int, high: int
) -> tuple[SeriesDay, ...]:
    """The energy of readings from instant `low` to `high`, each step's at its price: what a reading that is longer
    than a step uses in each is shared by time."""
    days: dict[int, list[int]] = {}
    unpriced: dict[int, int] = {}
    for reading in readings:
        guessed = reading in guesses
        for at, wh in _steps(series, reading, low, high):
            day = local(at, zone) // DAY_S
            price = series.at(at)
            if price is None:
                if wh:
                    unpriced.setdefault(day, at)
                price = 0
            sums = days.setdefault(day, [0, 0, 0])
            sums[0] += wh
            sums[1] += wh if guessed else 0
            sums[2] += wh * price
    return tuple(
        SeriesDay(day, wh, estimated, *divmod(cost, PARTS), unpriced.get(day))
        for day, (wh, estimated, cost) in sorted(days.items())
    )


def series_crossing(series: PriceSeries, readings: Sequence[Interval]) -> Crossing | None:
    """The first reading that spans two different prices."""
    for reading in readings:
        start, seconds, _ = reading
        if start % series.step_s + seconds > series.step_s:
            steps = range(start - start % series.step_s, start + seconds, series.step_s)
            if len({series.at(at) for at in steps}) > 1:
                return Crossing(start, seconds, "prices")
    return None


def over_cap(series: PriceSeries, days: Sequence[SeriesDay]) -> list[Fraction]:
    """What each local day costs above the daily cap ($), of those that do."""
    if series.daily_cap is None:
        return []
    costs: dict[int, Fraction] = {}
    for day in days:
        costs[day.day] = costs.get(day.day, Fraction(0)) + day.cost
    excess = [cost - Fraction(series.daily_cap) for cost in costs.values()]
    return [amount for amount in excess if amount > 0]


def _steps(series: PriceSeries, reading: Interval, low: int, high: int) -> Iterator[tuple[int, int]]:
    """The starts of the steps that a reading reaches into between two instants, each with its Wh there."""
    start, end = max(low, reading.start), min(high, reading.start + reading.seconds)
    if start % series.step_s + reading.seconds <= series.step_s and end - start == reading.seconds:
        yield start, reading.wh
        return
    for step in range(start - start % series.step_s, end, series.step_s):
        first, last = max(step, start), min(step + series.step_s, end)
        yield first, energy_between(reading, first, last)
