"""A tariff as rating needs it: every number checked, exact, in one form. `urdb` reads the documents."""

import hashlib
from dataclasses import dataclass, fields
from decimal import Decimal
from fractions import Fraction
from functools import cached_property, lru_cache
from typing import Literal, NamedTuple

from electrocloud.domain.calendar import DAY_S, HOUR_S, day_of, offsets
from electrocloud.domain.errors import TariffError

Allocation = Literal["chronological", "prorated"]
Quantity = int | Fraction  # Wh or W; a fraction only where a limit or an interval length makes one


class Tier(NamedTuple):
    """A step of a price: what lies below `limit` and above the tier before costs `rate`.

    `limit` counts from zero, in `unit`; the last tier has none. `rate` is URDB's rate + adj, in $ a kWh
    (energy) or a kW (demand). `unit` is `kWh` or `kW`; ` daily` makes the limit a day's, and `/kW` one for
    each kW of the month's demand.
    """

    limit: Decimal | None
    rate: Decimal
    unit: str


Tiers = tuple[Tier, ...]
_NAMES = ("label", "name", "utility")


class Schedule(NamedTuple):
    """Which period holds: [month - 1][local hour], on Monday to Friday and on Saturday and Sunday."""

    weekday: tuple[tuple[int, ...], ...]
    weekend: tuple[tuple[int, ...], ...]

    def periods(self, month: int) -> list[int]:
        """The periods that occur in a month (1 to 12), ascending."""
        return sorted({*self.weekday[month - 1], *self.weekend[month - 1]})


class Charge(NamedTuple):
    """An amount of money a time: `$/month`, `$/day` or `$/year`."""

    amount: Decimal
    unit: str

    @property
    def monthly(self) -> Fraction:
        """$ a month. A day's is 365/12 a month, whatever month it is, and a year's is a twelfth."""
        factor = {"$/month": Fraction(1), "$/day": Fraction(365, 12), "$/year": Fraction(1, 12)}[self.unit]
        return Fraction(self.amount) * factor


@dataclass(frozen=True, eq=False)
class Tariff:
    """What a customer pays for energy, demand and service.

    `energy` and `demand` hold a period's tiers at the period's number, and the schedules say when a period
    holds. `flat_demand` is the same for demand at any time, with each month's number in `flat_demand_months`.
    Where demand has no price they are empty. `demand_window_s` is what demand is averaged over (s); None is a
    reading. Two tariffs are equal only if they are one object; `fingerprint` compares their rules.
    """

    label: str
    name: str
    utility: str
    zone: str
    energy: tuple[Tiers, ...]
    energy_schedule: Schedule
    demand: tuple[Tiers, ...]
    demand_schedule: Schedule
    flat_demand: tuple[Tiers, ...]
    flat_demand_months: tuple[int, ...]
    demand_window_s: int | None
    fixed: Charge
    minimum: Charge
    allocation: Allocation

    @cached_property
    def fingerprint(self) -> str:
        """12 hex digits that stand for every rule of the tariff, and not for its names."""
        rules = [getattr(self, field.name) for field in fields(self) if field.name not in _NAMES]
        return hashlib.sha256(repr(rules).encode()).hexdigest()[:12]


class Stretch(NamedTuple):
    """Instants from `start` to before `end` (s since 1970 UTC) with one energy and one demand period.

    Local time is UTC + `offset` (s) throughout.
    """

    start: int
    end: int
    offset: int
    energy: int
    demand: int


@lru_cache(maxsize=4_096)
def stretches(tariff: Tariff, midnight: int) -> tuple[Stretch, ...]:
    """The UTC day that begins at `midnight`, cut where a period or the offset changes, in time order."""
    found: list[Stretch] = []
    for start, end, offset in offsets(midnight, tariff.zone):
        while start < end:
            local = start + offset
            until = min(end, start - local % HOUR_S + HOUR_S)
            energy, demand = _periods(tariff, local)
            if found and found[-1][2:] == (offset, energy, demand):
                found[-1] = found[-1]._replace(end=until)
            else:
                found.append(Stretch(start, until, offset, energy, demand))
            start = until
    return tuple(found)


def _periods(tariff: Tariff, local: int) -> tuple[int, int]:
    month = day_of(local).month - 1
    hour = local % DAY_S // HOUR_S
    side = 1 if (local // DAY_S + 3) % 7 >= 5 else 0  # 1970 began on a Thursday; Monday is 0
    return tariff.energy_schedule[side][month][hour], tariff.demand_schedule[side][month][hour]


class TierRow(NamedTuple):
    """The month's Wh from `min_wh` to `max_wh` (None: no end) cost `rate` ($/kWh) in `period`."""

    period: int
    tier: int
    min_wh: Decimal
    max_wh: Decimal | None
    rate: Decimal


class HourRow(NamedTuple):
    """In `month` (1 to 12), on Saturday and Sunday or on the other days, local `hour` is in `period`."""

    month: int
    weekend: bool
    hour: int
    period: int


class TariffRows(NamedTuple):
    """A tariff's energy prices as two flat tables."""

    tiers: list[TierRow]
    schedule: list[HourRow]


def tariff_rows(tariff: Tariff) -> TariffRows:
    """The energy prices as rows, so that a query can bill from raw readings.

    `TariffError` names a limit that is not in plain kWh: it is no constant, but follows the month or its
    demand.
    """
    tiers = []
    for period, steps in enumerate(tariff.energy):
        low = Decimal(0)
        for number, step in enumerate(steps):
            if step.limit is not None and step.unit != "kWh":
                field = f"energyratestructure[{period}][{number}].unit"
                raise TariffError(field, f"{step.unit} is no constant limit; only kWh can be given as a row")
            high = None if step.limit is None else step.limit * 1000
            tiers.append(TierRow(period, number, low, high, step.rate))
            low = high or low
    hours = [
        HourRow(month + 1, bool(weekend), hour, period)
        for weekend, table in enumerate(tariff.energy_schedule)
        for month, row in enumerate(table)
        for hour, period in enumerate(row)
    ]
    return TariffRows(tiers, hours)
