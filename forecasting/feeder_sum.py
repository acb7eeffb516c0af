"""The fleet's forecast as the sum of its feeders', so that hours and days add up."""

from collections.abc import Iterable

import msgspec

from electrocloud.domain.forecast import Bounds, Forecast, ForecastDay, ForecastHour
from electrocloud.domain.local_time import DAY_S

NAMED = 3  # feeders that a note names


def as_sum(fleet: Forecast, feeders: Iterable[tuple[str, Forecast | None]]) -> Forecast:
    """The fleet's forecast with the sum of its feeders' newest forecasts in each hour that all of them have.

    `feeders` are all series but the fleet, by name, each with its newest forecast. The intervals keep the distances
    that the fleet's own backtest found, and move with the values. One whose forecast has ended before the fleet's
    begins has had no readings for a week, and is not part of the sum. If another has no forecast that begins within a
    day of the fleet's, the fleet keeps its own, and its note says so. The same forecasts give the same sum again.
    """
    first = _start(fleet.rows[0])
    wh = {_start(row): 0.0 for row in fleet.rows}
    count = dict.fromkeys(wh, 0)
    summed, missing = 0, []
    for name, part in feeders:
        if part and _start(part.rows[-1]) < first:
            continue
        if part is None or abs(_start(part.rows[0]) - first) >= DAY_S:
            missing.append(name)
            continue
        summed += 1
        for row in part.rows:
            if (start := _start(row)) in wh:
                wh[start] += round(row.value)
                count[start] += 1
    if missing or not summed:
        return msgspec.structs.replace(fleet, feeders=0, note=_with(fleet.note, _missing(missing)))
    rows = tuple(_moved(row, wh[_start(row)]) if count[_start(row)] == summed else row for row in fleet.rows)
    own = sum(count[_start(row)] < summed for row in rows)
    note = _with(fleet.note, f"{own} of {len(rows)} hours are not the sum of the feeders" if own else "")
    days = tuple(_of_rows(day, rows) for day in fleet.days)
    return msgspec.structs.replace(fleet, rows=rows, days=days, feeders=summed, note=note)


def _start(row: ForecastHour) -> int:
    return int(row.timestamp.timestamp())


def _moved(row: ForecastHour, value: float) -> ForecastHour:
    move = value - row.value
    return ForecastHour(row.timestamp, value, min(value, row.low + move), max(value, row.high + move))


def _of_rows(day: ForecastDay, rows: Iterable[ForecastHour]) -> ForecastDay:
    """A day with the energy and the peak of its rows."""
    own = [row for row in rows if row.timestamp.date() == day.day]
    energy, peak = sum(row.value for row in own), max(own, key=lambda row: row.value)
    return msgspec.structs.replace(
        day,
        energy=energy,
        peak=peak,
        energy_interval=_shifted(day.energy_interval, energy - day.energy),
        peak_interval=_shifted(day.peak_interval, peak.value - day.peak.value),
    )


def _shifted(bounds: Bounds | None, move: float) -> Bounds | None:
    return Bounds(bounds.low + move, bounds.high + move) if bounds else None


def _missing(names: list[str]) -> str:
    if not names:
        return ""
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f"not the sum of the feeders: no forecast of this day for {', '.join(names[:NAMED])}{more}"


def _with(note: str, remark: str) -> str:
    """A note with a remark in place of an earlier one of its kind."""
    kept = [one for one in note.split("; ") if one and "the sum of the feeders" not in one]
    return "; ".join([*kept, remark] if remark else kept)
