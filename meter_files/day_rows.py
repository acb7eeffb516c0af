"""Files with a day a row: a date, and a column for each interval, named by its time (00:00, 00:15-00:30, 0030)."""

import re

import numpy as np
import pyarrow.compute as pc

from electrocloud.domain.errors import UsageError
from electrocloud.domain.local_time import zone_of
from meter_files.channel import Channel, Contents, Numbers, ReadOptions, Unit
from meter_files.clock import exists, from_local
from meter_files.columns import by_meter, codes
from meter_files.csv_table import Header, Table, numbers_in, read_rows

_DAY_S = 86_400
_TIME = re.compile(r"^(?:h|hour )?([01]?\d|2[0-4])(?::?([0-5]\d))?(?:\s*-\s*\d{1,2}:?\d{2})?$")
_DATES = ("date", "day", "giorno", "data", "fecha", "datum", "dato", "settlement date")
_FORMATS = ("%Y-%m-%d", "%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y", "%Y/%m/%d", "%Y%m%d")
_METERS = ("meter_id", "meter", "pod", "mpan", "ean", "nmi", "site")


def is_day_rows(names: set[str]) -> bool:
    """Whether a header has a date and a column for each hour or part of an hour of a day."""
    return bool(names & set(_DATES)) and sum(_TIME.match(name) is not None for name in names) in (24, 48, 96)


def day_rows(text: str, header: Header, options: ReadOptions) -> Contents:
    """The channels of such a file. Times need `options.zone`, values are kWh unless `options.unit` says so."""
    times = [name for name in header.names if _TIME.match(name)]
    table = read_rows(text, header)
    if options.zone is None:
        raise UsageError("the times have no zone; give --zone, such as --zone Europe/Rome")
    zone = zone_of(options.zone).key
    unit: Unit = options.unit or "kWh"  # type: ignore[assignment]
    if not len(table.line):
        return Contents("a day a row", [], zone, [])
    seconds = _DAY_S // len(times)
    local = (_midnights(table)[:, None] + np.arange(len(times)) * seconds).ravel()
    columns = [
        numbers_in(table.columns[name], unit, table.line, decimal_comma=header.delimiter == ";") for name in times
    ]
    value = np.column_stack([one for one, _ in columns]).ravel()
    there = np.column_stack([one for _, one in columns]).ravel()
    rows = np.repeat(table.line, len(times))
    shown = exists(local, zone)
    if (wrong := ~shown & there & (value != 0)).any():
        at = int(np.argmax(wrong))
        raise UsageError(
            f"row {rows[at]}: a value at {np.datetime64(int(local[at]), 's')}, which clocks of {zone} skip"
        )
    there &= shown
    remarks = [f"{gone:,} intervals without a value left out"] if (gone := int((shown & ~there).sum())) else []
    meter = next((name for name in header.names if name in _METERS), "")
    names, number = codes(table, meter)
    number, rows, value, local = (one[there] for one in (np.repeat(number, len(times)), rows, value, local))
    none = np.zeros(len(local), np.int64)
    whole = Channel(
        meter="",
        register="",
        direction="delivered",
        kind="average power" if unit in ("W", "kW", "MW") else "interval energy",
        unit=unit,
        stamped="start",
        stamp=from_local(local, zone, number),
        seconds=none + seconds,
        value=value,
        row=rows,
        version=none,
        estimated=none > 0,
    )
    parts = by_meter(number, np.arange(len(local)))
    return Contents("a day a row", [whole.take(part)._replace(meter=names[one]) for one, part in parts], zone, remarks)


def _midnights(table: Table) -> Numbers:
    """The date of each row, as s from 1970-01-01 00:00 on the clock."""
    days = table.columns[next(name for name in table.header.names if name in _DATES)]
    for form in _FORMATS:
        found = pc.strptime(days, format=form, unit="s", error_is_null=True)
        if not found.null_count:
            return np.asarray(found.to_numpy().astype("datetime64[s]").astype(np.int64))
    at = int(np.argmax(found.is_null().to_numpy(zero_copy_only=False)))
    raise UsageError(f"row {table.line[at]}: {days[at].as_py()!r} is not a date")
