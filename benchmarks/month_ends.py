"""The accuracy and speed of month-end forecasts: 1,000 simulated meters, from three days of past months.

python -m benchmarks.month_ends
"""

import time
from datetime import date, timedelta
from pathlib import Path

import msgspec
import numpy as np
import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from electrocloud.domain.billing.service import service_without_agreement
from electrocloud.domain.local_time import HOUR_S, BillingMonth, day_of
from electrocloud.domain.readings.meter_day import MeterDay
from electrocloud.domain.readings.upload import MEASURED, Upload, Value
from electrocloud.domain.tariffs.tariff import Tariff
from electrocloud.domain.tariffs.urdb import tariff_from_urdb
from forecasting.meters import SEASON
from forecasting.month_end import PeriodSoFar, month_end, period_so_far, remaining_energy
from producers.fleet.fleet import Fleet, make_fleet
from producers.fleet.simulate import simulate

START = date(2024, 9, 1)
MONTHS = ((2025, 2), (2025, 3), (2025, 5), (2025, 7), (2025, 9), (2025, 11))
DAYS = 490


def main(meters: int = 1000, seed: int = 3) -> None:
    """Print errors and coverage, and the time for the month-ends of all meters with their bills."""
    fleet = make_fleet(meters, seed)
    wh = _loads(fleet)
    table = Table(box=SIMPLE_HEAD)
    for head in (
        "month",
        "from the",
        "WAPE of the month's energy",
        "coverage",
        "bills off by",
        "coverage",
        "s for all",
    ):
        table.add_column(head, justify="right")
    for year, number in MONTHS:
        month = BillingMonth(year, number, fleet.place.zone)
        for day in (1, 11, 21):
            table.add_row(str(month), str(day), *_judge(fleet, wh, month, day))
    Console().print(table)


def _loads(fleet: Fleet) -> np.ndarray:
    wh = np.zeros((len(fleet), DAYS * 24), np.int64)
    for block in simulate(fleet, START, DAYS, 3600):
        first = block.start // 3600 - _first_hour()
        wh[block.meters, first : first + block.wh.shape[1]] = block.wh
    return wh


def _judge(fleet: Fleet, wh: np.ndarray, month: BillingMonth, day: int) -> list[str]:
    low, high = (edge // 3600 - _first_hour() for edge in (month.start, month.end))
    now = low + (day - 1) * 24
    tariffs = {name: _tariff(name, month.zone) for name in sorted({meter.tariff_id for meter in fleet.meters})}
    begun = time.perf_counter()
    rest = remaining_energy(wh[:, max(0, now - SEASON // timedelta(hours=1)) : now].astype(float), high - now)
    reported = [
        month_end(
            _so_far(meter.meter_id, tariffs[meter.tariff_id], month, _days(wh[row], low, now)),
            (rest.value[row], rest.low[row], rest.high[row]),
            wh[row, :now],
            month.start,
        )
        for row, meter in enumerate(fleet.meters)
    ]
    seconds = time.perf_counter() - begun
    some = range(0, len(reported), 10)
    true = [
        month_end(
            _so_far(reported[row].meter_id, tariffs[fleet.meters[row].tariff_id], month, _days(wh[row], low, high)),
            (0, 0, 0),
            wh[row, :now],
            month.start,
        )
        for row in some
    ]
    energy = wh[:, low:high].sum(axis=1) / 1000
    kwh = np.array([[float(getattr(end.energy_kwh, name)) for name in ("value", "low", "high")] for end in reported])
    amount_due = np.array(
        [[float(getattr(reported[row].total, name)) for name in ("value", "low", "high")] for row in some]
    )
    total = np.array([float(end.total.value) for end in true])
    return [
        f"{np.abs(kwh[:, 0] - energy).sum() / energy.sum():.1%}",
        f"{np.mean((kwh[:, 1] - 0.001 <= energy) & (energy <= kwh[:, 2] + 0.001)):.0%}",
        f"{np.abs(amount_due[:, 0] - total).sum() / total.sum():.1%}",
        f"{np.mean((amount_due[:, 1] <= total) & (total <= amount_due[:, 2])):.0%}",
        f"{seconds:.1f}",
    ]


def _so_far(meter_id: str, tariff: Tariff, month: BillingMonth, days: list[MeterDay]) -> PeriodSoFar:
    planned = service_without_agreement(meter_id, tariff).bill_of_cycle(str(month))
    assert planned
    return period_so_far(planned, meter_id, days)


def _days(wh: np.ndarray, low: int, high: int) -> list[MeterDay]:
    """The hours of a row from `low` to before `high`, by UTC day."""
    days: dict[date, list[tuple[int, Value]]] = {}
    for hour in range(_first_hour() + low, _first_hour() + high):
        value = 0, MEASURED, int(wh[hour - _first_hour()]), 0
        days.setdefault(day_of(hour * HOUR_S), []).append((hour % 24 * 60, value))
    found = [MeterDay(day) for day in days]
    for one in found:
        one.merge(Upload("", HOUR_S, one.day, days[one.day]))
    return found


def _first_hour() -> int:
    return (START - date(1970, 1, 1)) // timedelta(hours=1)


def _tariff(name: str, zone: str) -> Tariff:
    return tariff_from_urdb(msgspec.json.decode(Path(f"tariffs/{name}.json").read_bytes()) | {"timezone": zone})


if __name__ == "__main__":
    typer.run(main)
