"""A series as a file: CSV with the columns timestamp and value, a row an hour."""

import csv
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import numpy as np

from electrocloud.domain.errors import UsageError
from electrocloud.domain.local_time import zone_of
from forecasting.load import HOUR_S, Load, load_of, shown

_GAPS = frozenset({"", "na", "nan", "null", "none"})


class Series(NamedTuple):
    """A load and the moment of its last value, as it was written or in the zone that was asked for."""

    load: Load
    last: datetime

    def ahead(self, hours: int) -> list[datetime]:
        """The hours after the last one: that pass, where the zone is known, and else on the clock of the timestamps."""
        steps = [timedelta(hours=step) for step in range(1, hours + 1)]
        if not self.load.zone:
            return [self.last + step for step in steps]
        return [(self.last.astimezone(UTC) + step).astimezone(zone_of(self.load.zone)) for step in steps]


def read_series(path: Path, zone: str = "") -> Series:
    """The series in a file. Rows may come in any order; a value that is empty or NaN is a gap.

    Timestamps are ISO 8601, all with an offset or all without. With a zone they are instants, or times of its clock
    where they have no offset; without one each stands as it is written. `UsageError` names the row at fault.
    """
    times, values = _columns(path)
    aware = {time.tzinfo is not None for time in times}
    if len(aware) > 1:
        raise UsageError(f"{path}: some timestamps have an offset and some have none; write all alike")
    if zone:
        times = [
            time.astimezone(zone_of(zone)) if time.tzinfo else time.replace(tzinfo=zone_of(zone)) for time in times
        ]
    starts = [shown(time) for time in times]
    if len(starts) > 2 and (step := np.median(np.diff(np.unique(starts)))) > HOUR_S:
        raise UsageError(f"{path} has values {step / HOUR_S:g} h apart; a forecast needs one for each hour")
    load = load_of(starts, values, zone)
    known = [time for time, value in zip(times, values, strict=True) if value is not None]
    return Series(load, max(known, key=shown))


def _columns(path: Path) -> tuple[list[datetime], list[float | None]]:
    times: list[datetime] = []
    values: list[float | None] = []
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, skipinitialspace=True)
            header = reader.fieldnames or []
            for name in ("timestamp", "value"):
                if name not in header:
                    raise UsageError(f"{path} begins with {','.join(header)!r}; its first row must be timestamp,value")
            for row in reader:
                where = f"{path}, row {reader.line_num}"
                times.append(_time(where, row["timestamp"]))
                values.append(_value(where, row["value"]))
    except OSError as fault:
        raise UsageError(f"{path} cannot be read: {fault.strerror}; give the path of a CSV file") from None
    except (UnicodeDecodeError, csv.Error) as fault:
        raise UsageError(f"{path} is not a CSV file in UTF-8 ({fault}); unpack or convert it first") from None
    return times, values


def _time(where: str, text: str | None) -> datetime:
    try:
        return datetime.fromisoformat((text or "").strip())
    except ValueError:
        raise UsageError(f"{where}: timestamp is {text!r}; write it like 2026-11-01T00:00:00+01:00") from None


def _value(where: str, text: str | None) -> float | None:
    if text is None or text.strip().lower() in _GAPS:
        return None
    try:
        number = float(text)
    except ValueError:
        raise UsageError(f"{where}: value is {text!r}; give a number, or nothing for a gap") from None
    if not np.isfinite(number):
        raise UsageError(f"{where}: value is {text!r}; give a finite number, or nothing for a gap")
    return number
