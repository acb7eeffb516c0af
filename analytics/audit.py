"""Proof that nothing was lost: each meter's readings by UTC day, counted and summed in windows, Parquet and bills.

What the windows hold is the truth that is compared with: each accepted reading is in one. Bills must hold what the
registry says is served, of the energy delivered; the rest, such as the readings before somebody moved in, is counted as
unbilled.
"""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from operator import add
from typing import NamedTuple

MeterDayKey = tuple[str, date]


class Amount(NamedTuple):
    """How many readings, and their energy in Wh: delivered, and received from the customer."""

    readings: int = 0
    wh: int = 0
    received_readings: int = 0
    received_wh: int = 0

    def delivered(self) -> "Amount":
        """What bills are made of."""
        return Amount(self.readings, self.wh)

    def plus(self, other: "Amount") -> "Amount":
        """The sum."""
        return Amount(*map(add, self, other))


class Difference(NamedTuple):
    """A meter's day on which one place does not hold what the windows hold."""

    meter_id: str
    day: date
    windows: Amount
    parquet: Amount
    bills: Amount


class Books(NamedTuple):
    """What each place holds of each meter and UTC day.

    `served` has what bills must hold, by the registry, of each meter-day on which they do not hold what the windows do.
    """

    windows: Mapping[MeterDayKey, Amount]
    parquet: Mapping[MeterDayKey, Amount]
    bills: Mapping[MeterDayKey, Amount]
    served: Mapping[MeterDayKey, Amount]

    def differences(self) -> list[Difference]:
        """The meter-days on which a place does not hold what it must, in order."""
        found = []
        for key in sorted(self.windows.keys() | self.parquet.keys() | self.bills.keys()):
            windows, parquet, bills = (place.get(key, Amount()) for place in (self.windows, self.parquet, self.bills))
            if windows != parquet or bills != self.served.get(key, windows.delivered()):
                found.append(Difference(*key, windows, parquet, bills))
        return found

    def unbilled(self) -> Amount:
        """What was delivered, lies in windows and is on no bill."""
        windows, bills = total(self.windows.values()), total(self.bills.values())
        return Amount(windows.readings - bills.readings, windows.wh - bills.wh)


class DayRange(NamedTuple):
    """UTC days from `first` to before `end`, of one meter or of all."""

    first: date
    end: date
    meter_id: str | None = None

    def days(self) -> list[date]:
        """The days, in order."""
        return [self.first + timedelta(days=number) for number in range((self.end - self.first).days)]

    def months(self) -> list[str]:
        """The months, such as `2026-07`, that it has days of, in order."""
        return sorted({f"{day:%Y-%m}" for day in self.days()})

    def __contains__(self, day: object) -> bool:
        return isinstance(day, date) and self.first <= day < self.end


def total(amounts: Iterable[Amount]) -> Amount:
    """The sum, as one amount."""
    columns = zip(*amounts, strict=True)
    return Amount(*map(sum, columns))
