"""How much of the change in a customer's use from one bill to the next the weather explains.

A customer's use per day is fitted to the degree days of each bill's period, as PRISM does (Fels, 1986), with a fixed
base: what is used in any weather, plus so much for each degree by which a day is colder than BASE_C (heating), plus so
much for each degree by which it is warmer (cooling).
"""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import NamedTuple

import numpy as np

from electrocloud.domain.billing.bill_document import Bill
from presentation.bill_change import WeatherChange

BASE_C = 18.0  # 65 °F
LEAST_BILLS = 9  # of a fit, so that it has seen a winter or a summer beside milder months
LEAST_EXPLAINED = 0.5  # of the variance in use, else the weather does not drive it
LEAST_KNOWN = 0.9  # of a period's days, whose temperature must be known
_TERMS = ([0, 1, 2], [0, 1], [0, 2])  # of use: in any weather, heating, cooling


class _Period(NamedTuple):
    mean_c: float
    heating_k: float  # by how much its days were colder than BASE_C, as a mean over all of them
    cooling_k: float


class BillWeather:
    """The weather of a customer's bills, from the mean temperature (°C) of each local day.

    `bills` are the finished ones, by which use is fitted to the weather.
    """

    def __init__(self, bills: Sequence[Bill], temperatures: Mapping[date, float]) -> None:
        self._temperatures = temperatures
        known = [(bill, period) for bill in bills if (period := self._period(bill))]
        self._slopes = _fit([float(bill.energy_kwh) / bill.days for bill, _ in known], [period for _, period in known])

    def mean_c(self, bill: Bill) -> float | None:
        """The mean temperature of a bill's period so far; None where too few of its days are known."""
        period = self._period(bill)
        return period.mean_c if period else None

    def change(self, before: Bill, after: Bill) -> WeatherChange | None:
        """The weather of two bills; None where it is not known."""
        then, now = self._period(before), self._period(after)
        if not then or not now:
            return None
        kwh = None
        if self._slopes:
            heating, cooling = self._slopes
            kwh = heating * (now.heating_k - then.heating_k) + cooling * (now.cooling_k - then.cooling_k)
        return WeatherChange(then.mean_c, now.mean_c, kwh)

    def _period(self, bill: Bill) -> _Period | None:
        if not bill.period_start or not bill.days:
            return None
        days = (bill.period_start + timedelta(days=number) for number in range(bill.days))
        found = np.array([self._temperatures[day] for day in days if day in self._temperatures])
        if len(found) < LEAST_KNOWN * bill.days:
            return None
        heating, cooling = np.maximum(BASE_C - found, 0).mean(), np.maximum(found - BASE_C, 0).mean()
        return _Period(float(found.mean()), float(heating), float(cooling))


def _fit(use: Sequence[float], periods: Sequence[_Period]) -> tuple[float, float] | None:
    """The kWh per day for each degree of heating and of cooling, none below 0; None where the fit says too little."""
    if len(use) < LEAST_BILLS:
        return None
    wanted = np.array(use)
    terms = np.array([[1.0, period.heating_k, period.cooling_k] for period in periods])
    best, spread = None, float(((wanted - wanted.mean()) ** 2).sum())
    least = (1 - LEAST_EXPLAINED) * spread
    for chosen in _TERMS:
        found = np.zeros(3)
        found[chosen] = np.linalg.lstsq(terms[:, chosen], wanted, rcond=None)[0]
        misfit = float(((wanted - terms @ found) ** 2).sum())
        if misfit < least and found[1:].min() >= 0:
            best, least = (float(found[1]), float(found[2])), misfit
    return best
