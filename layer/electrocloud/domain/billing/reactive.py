"""Reactive power: what a day's readings of it bring to a bill, apparent power, and the power factor."""

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from math import isqrt
from typing import Protocol

import msgspec

from electrocloud.domain.billing.demand_windows import (
    Peak,
    add_peak,
    by_period,
    demand_peaks,
    demand_samples,
    highest,
    peak_of,
    whole_windows,
)
from electrocloud.domain.billing.spreading import Instants
from electrocloud.domain.readings.meter_day import Interval
from electrocloud.domain.tariffs.tariff import Tariff


class ReactiveDay(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A day's reactive energy (varh), and the active energy (Wh) of the same intervals.

    `peak` is the largest mean reactive power over a demand window, in var in the place of W. `apparent` has the
    largest apparent power (VA) of each demand period, where the tariff's demand is in kVA. `cut` are the shares of the
    demand windows that reach into another day, in var.
    """

    varh: int
    wh: int
    peak: Peak | None
    apparent: Mapping[int, Peak]
    cut: tuple[Peak, ...]


class HasReactive(Protocol):
    """A day of a bill."""

    @property
    def reactive(self) -> ReactiveDay | None:
        """What its readings of reactive energy bring to the bill."""


def reactive_day(
    tariff: Tariff,
    midnight: int,
    readings: Sequence[Interval],
    reactive: Sequence[Interval],
    guesses: frozenset[Interval],
    spread: Instants | None,
) -> ReactiveDay | None:
    """What the reactive readings of a UTC day bring to a bill; None where there are none.

    `readings` are those of the active energy; the other arguments are as for `demand_peaks`.
    """
    if not reactive or tariff.reactive is None:
        return None
    peaks, cut, _ = demand_peaks(tariff, midnight, reactive, frozenset(), spread)
    measured = {reading.start for reading in reactive}
    return ReactiveDay(
        varh=sum(reading.wh for reading in reactive),
        wh=sum(reading.wh for reading in readings if reading.start in measured),
        peak=highest(peaks.values()),
        apparent=_apparent_peaks(tariff, midnight, readings, reactive, guesses, spread)
        if tariff.reactive.apparent
        else {},
        cut=cut,
    )


def is_metered(days: Iterable[Iterable[HasReactive]]) -> bool:
    """Whether some reading of a bill's segments, each with its days, has reactive energy."""
    return any(day.reactive for own in days for day in own)


def largest_reactive(days: Iterable[HasReactive]) -> Peak | None:
    """The largest mean reactive power (var) over a demand window of some days; None where it was not read."""
    own = [day.reactive for day in days if day.reactive]
    return highest([*(day.peak for day in own if day.peak), *whole_windows(share for day in own for share in day.cut)])


def apparent_peak(active: Peak, reactive: Fraction) -> Peak:
    """The apparent power over a window, in whole VA rounded half up, from its active power and its var."""
    va = rounded_root(Fraction(active.watts, active.parts) ** 2 + reactive**2)
    return Peak(va, 1, active.start, active.seconds, active.estimated)


def power_factor(wh: int, varh: int) -> Fraction:
    """Active by apparent energy, rounded half up to four decimals; 1 where there is neither."""
    square = wh * wh + varh * varh
    return Fraction(rounded_root(Fraction(wh * wh * 10**8, square)), 10**4) if square else Fraction(1)


def rounded_root(square: Fraction) -> int:
    """The square root of a number from 0 on, to the next whole number, half up."""
    root = isqrt(square.numerator // square.denominator)
    return root + (square >= (root + Fraction(1, 2)) ** 2)


def _apparent_peaks(
    tariff: Tariff,
    midnight: int,
    readings: Sequence[Interval],
    reactive: Sequence[Interval],
    guesses: frozenset[Interval],
    spread: Instants | None,
) -> dict[int, Peak]:
    """The largest apparent power of the day's whole windows, by demand period. A window without varh has W as VA."""
    samples, _, _ = demand_samples(tariff, midnight, readings)
    of_reactive, _, _ = demand_samples(tariff, midnight, reactive)
    var = {start: Fraction(varh * 3600) / seconds for start, seconds, varh in of_reactive}
    peaks: dict[int, Peak] = {}
    for period, rivals in by_period(tariff, midnight, samples, spread):
        for sample in rivals:
            add_peak(peaks, period, apparent_peak(peak_of(sample, guesses), var.get(sample[0], Fraction(0))))
    return peaks
