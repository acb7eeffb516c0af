"""Channels of a CSV table, by the layout of its kind of file and what the person says of it."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from electrocloud.domain.errors import UsageError
from electrocloud.domain.local_time import zone_of
from meter_files.channel import UNITS, Channel, Contents, Flags, Numbers, ReadOptions, Stamp
from meter_files.clock import TimeError, from_local, instants, refuse_end_stamps, refuse_skipped
from meter_files.csv_table import Table, numbers_in
from meter_files.layout import Layout, ReadType, Value

DAY_S = 86_400
# Columns of these names change what a value is, so they are read or the file is refused.
TELLING = frozenset({
    "direction", "flow", "channel", "register", "unit", "units", "uom", "quality", "read type", "reading type",
    "status", "multiplier", "sign",
})  # fmt: skip
_UNITS = {name.lower(): name for name in UNITS}


class _Times(NamedTuple):
    stamp: Numbers
    seconds: Numbers
    zone: str


class _Rows(NamedTuple):
    times: _Times
    value: Numbers
    estimated: Flags
    line: Numbers
    version: Numbers


def channels_of(layout: Layout, table: Table, options: ReadOptions) -> Contents:
    """The channels of a table. `UsageError` names a row that cannot be read."""
    remarks: list[str] = []
    if not len(table.line):
        return Contents(layout.name, [], layout.zone, remarks)
    _refuse_unread(layout, table)
    table, types = _typed_rows(layout, table, remarks)
    meters, meter = codes(table, layout.meter)
    kinds, kind = _coded(types)
    kind = kind if kinds else np.zeros(len(table.line), np.int64)
    series = meter * max(len(kinds), 1) + kind
    try:
        times = _times(layout, table, options, series)
    except TimeError as fault:
        raise UsageError(f"row {table.line[fault.at]}: {fault}") from None
    estimated = _is_one_of(table, layout.quality, layout.estimated)
    missing = _is_one_of(table, layout.quality, layout.missing)
    found: list[Channel] = []
    for column in layout.values:
        if column.column not in table.columns:
            continue
        for read_type in kinds or (None,):
            mine = kind == kinds.index(read_type) if read_type is not None else np.ones(len(table.line), bool)
            said = _meaning(column, read_type, table, layout, options)
            value, there = _values(table, said, mine)
            gone = int((mine & (~there | missing)).sum())
            if gone:
                remarks.append(f"{gone:,} rows without a value in {column.column!r} left out")
            rows = _Rows(times, value, estimated, table.line, _versions(layout, table))
            for number, which in by_meter(meter, np.flatnonzero(mine & there & ~missing)):
                _refuse_skipped(layout, table, times, which)
                found.append(_channel(said, meters[number], rows, options.stamp or layout.stamped).take(which))
    return Contents(layout.name, found, times.zone, remarks)


def _refuse_skipped(layout: Layout, table: Table, times: _Times, rows: Numbers) -> None:
    """`UsageError` for a reading in the hour that clocks skip, beside one at the time that they show instead."""
    stamp = times.stamp[rows]
    order = np.argsort(stamp, kind="stable")
    same = np.flatnonzero(stamp[order][1:] == stamp[order][:-1])
    if not len(same) or not {"period", "hour of day"}.isdisjoint(layout.formats):
        return
    both = rows[order[np.unique(np.concatenate([same, same + 1]))]]
    try:
        refuse_skipped(_joined(table, layout.time), both, layout.formats, times.zone or None)
    except TimeError as fault:
        raise UsageError(f"row {table.line[both[fault.at]]}: {fault}") from None


def _refuse_unread(layout: Layout, table: Table) -> None:
    """`UsageError` for a column that may change what a value is, and is not read in this kind of file."""
    read = layout.unread | {
        layout.read_type,
        layout.quality,
        layout.unit_column,
        *(value.column for value in layout.values),
    }
    for name, column in table.columns.items():
        said = sorted({text for text in pc.unique(column).to_pylist() if text}) if name in TELLING - read else []
        if said:
            raise UsageError(
                f"a column {name!r} with {', '.join(said[:3])} may change what a value is, and is not read "
                "in this kind of file; remove it if it does not matter"
            )


def _typed_rows(layout: Layout, table: Table, remarks: list[str]) -> tuple[Table, list[ReadType | None]]:
    """The rows whose read type is one that is read, and each one's; an unknown type is a `UsageError`."""
    if layout.read_type not in table.columns:
        return table, []
    texts = pc.utf8_lower(table.columns[layout.read_type]).dictionary_encode()
    names = texts.dictionary.to_pylist()
    indices = texts.indices.to_numpy()
    for at, name in enumerate(names):
        if name not in layout.read_types:
            line = table.line[int(np.argmax(indices == at))]
            raise UsageError(
                f"row {line}: {layout.read_type} is {name!r}, which is not one of {', '.join(layout.read_types)}"
            )
        if layout.read_types[name] is None:
            remarks.append(f"{int((indices == at).sum()):,} rows of {name!r} left out")
    known = [layout.read_types[name] for name in names]
    keep = np.array([one is not None for one in known], bool)[indices] if names else np.zeros(0, bool)
    return table.take(keep), [known[at] for at in indices[keep].tolist()]


def _coded(types: Sequence[ReadType | None]) -> tuple[list[ReadType], Numbers]:
    """The read types that there are, and each row's by its index."""
    known: dict[ReadType, int] = {}
    codes = [known.setdefault(one, len(known)) for one in types if one is not None]
    return list(known), np.array(codes, np.int64)


def codes(table: Table, column: str) -> tuple[list[str], Numbers]:
    """The meters' names, and each row's by its index; one named "" where the file names none."""
    if column not in table.columns:
        return [""], np.zeros(len(table.line), np.int64)
    coded = table.columns[column].dictionary_encode()
    names = [name.strip().strip("'\"") for name in coded.dictionary.to_pylist()]
    return names, coded.indices.to_numpy().astype(np.int64)


def _times(layout: Layout, table: Table, options: ReadOptions, series: Numbers) -> _Times:
    texts = _joined(table, layout.time)
    zone = zone_of(options.zone).key if options.zone else layout.zone or None
    none = np.zeros(len(texts), np.int64)
    if not len(texts):
        return _Times(none, none, zone or "")
    if "period" in layout.formats:
        begin, end = _split(texts, " to ")
        stamp = instants(begin, ("iso",), zone, series)
        return _Times(stamp, _lengths(stamp, instants(end, ("iso",), zone, series)), zone or "")
    if "hour of day" in layout.formats and _counts_hours(table, layout):
        return _Times(_hours_of_day(table, layout, zone), none + 3600, zone or "")
    stamp = instants(texts, tuple(one for one in layout.formats if one != "hour of day"), zone, series)
    local = zone or ""
    if layout.length in table.columns:
        return _Times(stamp, _whole_numbers(table, layout.length, least=1), local)
    if not layout.end:
        if not layout.length_s and options.stamp is None and layout.stamped == "start":
            refuse_end_stamps(texts, stamp, zone)
        return _Times(stamp, none + layout.length_s, local)
    end = instants(_joined(table, layout.end), layout.formats, zone, series) + 60 * layout.inclusive_end
    return _Times(stamp, _lengths(stamp, end), local)


def _lengths(start: Numbers, end: Numbers) -> Numbers:
    """The seconds from start to end; an end of 00:00 on the same date is the next midnight."""
    seconds = end - start
    return np.where((seconds <= 0) & (seconds > -DAY_S), seconds + DAY_S, seconds)


def _split(texts: pa.Array, by: str) -> tuple[pa.Array, pa.Array]:
    parts = pc.split_pattern(texts, by, max_splits=1)
    lengths = pc.list_value_length(parts).to_numpy()
    if (lengths != 2).any():
        at = int(np.argmax(lengths != 2))
        raise TimeError(at, f"{texts[at].as_py()!r} is not like 2026-07-01 00:00:00{by}2026-07-01 00:15:00")
    return pc.list_element(parts, 0), pc.list_element(parts, 1)


def _counts_hours(table: Table, layout: Layout) -> bool:
    hours = table.columns[layout.time[1]]
    return bool(pc.all(pc.match_substring_regex(hours, r"^\d{1,2}$")).as_py())


def _hours_of_day(table: Table, layout: Layout, zone: str | None) -> Numbers:
    """The end of hour 1, 2, … of a local day: 23 or 25 of them where clocks change."""
    if zone is None:
        raise TimeError(0, "the hours have no zone; give --zone, such as --zone Europe/Madrid")
    days = _joined(table, layout.time[:1])
    coded = days.dictionary_encode()
    formats = ("%Y/%m/%d", "%d/%m/%Y", "%Y-%m-%d", "%d-%m-%Y")
    for form in formats:
        dates = pc.strptime(coded.dictionary, format=form, unit="s", error_is_null=True)
        if not dates.null_count:
            break
    else:
        at = int(np.argmax(dates.is_null().to_numpy(zero_copy_only=False)[coded.indices.to_numpy()]))
        raise TimeError(at, f"the date {days[at].as_py()!r} is not like 2026/07/31")
    local = dates.to_numpy().astype("datetime64[s]").astype(np.int64)
    midnight = from_local(local, zone, np.arange(len(local)))
    hour = pc.cast(table.columns[layout.time[1]], pa.int64()).to_numpy()
    if ((hour < 1) | (hour > 25)).any():
        at = int(np.argmax((hour < 1) | (hour > 25)))
        raise TimeError(at, f"the hour {hour[at]} is not 1 to 25")
    return np.asarray(midnight[coded.indices.to_numpy()] + 3600 * hour, np.int64)


def _whole_numbers(table: Table, name: str, *, least: int) -> Numbers:
    """A column of whole numbers of at least `least`."""
    scaled, there = numbers_in(table.columns[name], "Wh", table.line, decimal_comma=False)
    wrong = ~there | (scaled % 1000 != 0) | (scaled < 1000 * least)
    if wrong.any():
        at = int(np.argmax(wrong))
        raise UsageError(
            f"row {table.line[at]}: {name} is {table.columns[name][at].as_py()!r}; it is a whole number above 0"
        )
    return scaled // 1000


def _joined(table: Table, names: Sequence[str]) -> pa.Array:
    columns = [table.columns[name] for name in names]
    return columns[0] if len(columns) == 1 else pc.binary_join_element_wise(*columns, " ")


def _is_one_of(table: Table, column: str, texts: frozenset[str]) -> Flags:
    if column not in table.columns or not texts:
        return np.zeros(len(table.line), bool)
    lower = pc.utf8_lower(table.columns[column])
    return np.asarray(pc.is_in(lower, value_set=pa.array(sorted(texts))).to_numpy(zero_copy_only=False), bool)


def _meaning(column: Value, read_type: ReadType | None, table: Table, layout: Layout, options: ReadOptions) -> Value:
    """What the values of a column are, by its rows' read type, the file's unit column and the person's options."""
    said = column
    if read_type is not None:
        direction = read_type.direction if column.direction == "delivered" else column.direction
        says_unit = read_type.kind != "interval energy" or read_type.direction == "reactive"
        unit, kind = (read_type.unit, read_type.kind) if says_unit else (said.unit, said.kind)
        said = Value(column.column, unit, direction, kind, read_type.register or column.register)
    if layout.unit_column in table.columns:
        names = {one.lower() for one in pc.unique(table.columns[layout.unit_column]).to_pylist()} - {"", "-"}
        if len(names) != 1 or not names <= _UNITS.keys():
            raise UsageError(
                f"the unit is {', '.join(sorted(names)) or 'not given'}; Wh, kWh, MWh, W, kW or MW is read"
            )
        said = said._replace(unit=_UNITS[names.pop()])  # type: ignore[arg-type]
    if options.unit is not None:
        said = said._replace(unit=options.unit)  # type: ignore[arg-type]
    if options.kind is not None:
        said = said._replace(kind=options.kind)
    elif said.unit in ("W", "kW", "MW"):
        said = said._replace(kind="average power")
    elif said.kind == "average power":
        said = said._replace(kind="interval energy")
    return said


def _values(table: Table, said: Value, mine: Flags) -> tuple[Numbers, Flags]:
    column = table.columns[said.column]
    if not mine.all():
        column = pc.if_else(pa.array(mine), column, "")
    return numbers_in(column, said.unit, table.line, decimal_comma=table.header.delimiter == ";")


def _versions(layout: Layout, table: Table) -> Numbers:
    if layout.version not in table.columns:
        return np.zeros(len(table.line), np.int64)
    return _whole_numbers(table, layout.version, least=0)


def by_meter(meter: Numbers, rows: Numbers) -> Iterator[tuple[int, Numbers]]:
    """Each meter's number and rows, of `rows`, in their order."""
    order = rows[np.argsort(meter[rows], kind="stable")]
    edges = np.flatnonzero(np.diff(meter[order])) + 1
    for part in np.split(order, edges):
        if len(part):
            yield int(meter[part[0]]), part


def _channel(said: Value, meter: str, rows: _Rows, stamped: Stamp) -> Channel:
    return Channel(
        meter=meter,
        register=said.register,
        direction=said.direction,
        kind=said.kind,
        unit=said.unit,
        stamped=stamped,
        stamp=rows.times.stamp,
        seconds=rows.times.seconds,
        value=rows.value,
        row=rows.line,
        version=rows.version,
        estimated=rows.estimated,
    )
