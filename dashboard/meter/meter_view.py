"""One meter's readings prepared for its page: its hours, its load curve, and its projected bill."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd

from electrocloud.domain.billing.bill import Bill
from electrocloud.domain.billing.determinants import with_local_days
from electrocloud.domain.billing.gaps import estimated_bills, gap_estimates
from electrocloud.domain.billing.line_text import energy_periods, price
from electrocloud.domain.local_time import DAY_S, BillingMonth
from electrocloud.domain.readings.meter_day import MeterDay
from electrocloud.domain.readings.upload import Reading
from electrocloud.domain.tariffs.tariff import Tariff, period_spans


def hours(days: Iterable[MeterDay], zone: str) -> pd.DataFrame:
    """One row per hour with energy delivered: `start` (s since 1970 UTC), local `day` and `hour`, `kw`, `complete`.

    `hour` is 0 to 23, `kw` is the mean power over the part of the hour that was read, and `complete` that part as a
    share (0 to 1). The hour repeated when clocks go back has two rows.
    """
    info = ZoneInfo(zone)
    found = []
    for window in (window for day in days for window in day.windows()):
        if not window.present:
            continue
        local = window.start.astimezone(info)
        complete = window.present / window.expected
        found.append((window.start.timestamp(), f"{local:%Y-%m-%d}", local.hour, window.wh / 1000 / complete, complete))
    return pd.DataFrame(found, columns=["start", "day", "hour", "kw", "complete"])


def completeness(days: Sequence[MeterDay], first: float, last: float) -> float:
    """The share (0 to 1) of the time from `first` until `last` (s since 1970 UTC) that readings cover."""
    covered = sum(r.seconds for day in days for r in day.intervals() if first <= r.start < last)
    return covered / (last - first) if last > first else 0.0


def curve(meter_id: str, days: Iterable[MeterDay], since: float) -> pd.DataFrame:
    """One row per reading from `since` (s since 1970 UTC): `start`, `end`, `kw`, `volt` (or None) and `revision`.

    Each gap starts with a row without power, so that no line is drawn across it.
    """
    return _curve([row for day in days for row in day.rows(meter_id)], since)


def _curve(readings: Iterable[Reading], since: float) -> pd.DataFrame:
    found: list[tuple[float, float, float | None, float | None, int]] = []
    for reading in readings:
        start = reading.start.timestamp()
        if start < since:
            continue
        if found and found[-1][1] < start:
            found.append((found[-1][1], start, None, None, 0))
        kw = reading.wh * 3.6 / reading.interval_s
        found.append((start, start + reading.interval_s, kw, reading.voltage_v, reading.revision))
    return pd.DataFrame(found, columns=["start", "end", "kw", "volt", "revision"])


def export(meter_id: str, days: Iterable[MeterDay], since: float) -> pd.DataFrame:
    """The curve of energy received from the customer, as `curve` has that of energy delivered; may be empty."""
    return _curve([row for day in days for row in day.rows(meter_id, "received")], since)


def estimated(days: Sequence[MeterDay], first: int, last: int, zone: str) -> pd.DataFrame:
    """One row per missing interval from `first` until `last` (s since 1970 UTC), estimated as on a bill.

    Columns: `start`, `end` and `kw`. `days` must include the four weeks before, which estimates are based on.
    """
    readings = [reading for day in days for reading in with_local_days(day.intervals(), zone)]
    own = [reading for reading in readings if first <= reading.start < last]
    guesses = gap_estimates(own, first, last, readings, zone) if own else []
    rows = [(guess.start, guess.start + guess.seconds, guess.wh * 3.6 / guess.seconds) for guess in guesses]
    return pd.DataFrame(rows, columns=["start", "end", "kw"])


def periods(tariff: Tariff, first: float, last: float) -> pd.DataFrame:
    """The energy periods between two instants, in order: `start`, `end`, `name` (with its rate), and `rate` per kWh."""
    found: list[list[Any]] = []
    for midnight in range(int(first) // DAY_S * DAY_S, int(last), DAY_S):
        for span in period_spans(tariff, midnight):
            start, end = max(span.start, first), min(span.end, last)
            if start >= end:
                continue
            name = period_name(tariff, span.energy, span.start)
            if found and found[-1][2] == name:
                found[-1][1] = end
            else:
                found.append([start, end, name, tariff.energy[span.energy][0].rate])
    return pd.DataFrame(found, columns=["start", "end", "name", "rate"])


def period_name(tariff: Tariff, period: int, instant: float) -> str:
    """`Peak, $0.3400/kWh`; a range of rates if the period's tiers differ."""
    month = datetime.fromtimestamp(instant, ZoneInfo(tariff.zone)).month
    rates = [tier.rate for tier in tariff.energy[period]]
    low, high = (price(rate, 4, tariff.currency) for rate in (min(rates), max(rates)))
    prices = low if low == high else f"{low} to {high}"
    name = energy_periods(tariff, month)[period].removeprefix(", ").partition(" (")[0] or "All hours"
    return f"{name}, {prices}/kWh"


def projected(tariffs: Sequence[Tariff], month: BillingMonth, days: Sequence[MeterDay], meter_id: str) -> list[Bill]:
    """The month's projected bill on each tariff, with missing and coming intervals estimated from the weeks before.

    This is the rule that fills gaps on a bill. `days` are those of the month and of the four weeks before it. The month
    follows each tariff's time zone; a tariff for which it has not started yet has no bill.
    """
    readings = [reading for day in days for reading in with_local_days(day.intervals(), month.zone)]
    found = []
    for tariff in tariffs:
        its = BillingMonth(month.year, month.month, tariff.zone)
        own = [reading for reading in readings if its.start <= reading.start < its.end]
        if own:
            found += estimated_bills(tariff, own, its.start, its.end, readings, meter_id)
    return found
