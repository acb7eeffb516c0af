"""Reads a meter data file of any kind that is known, and says what it holds."""

import re
from collections.abc import Sequence
from pathlib import Path

from electrocloud.domain.errors import UsageError
from meter_files import dsmr, green_button, mscons, nem12, parquet
from meter_files.channel import UNITS, Contents, ReadOptions, Unit
from meter_files.columns import channels_of
from meter_files.csv_table import PREAMBLE, Header, find_header, names_in, read_rows
from meter_files.day_rows import day_rows, is_day_rows
from meter_files.layout import Layout, Value
from meter_files.presets import ANY_TIME, PRESETS
from meter_files.source import decoded, head_of, text_of

_ENERGIES = {"wh": "Wh", "kwh": "kWh", "mwh": "MWh", "value": "kWh", "energy": "kWh"}


def read_contents(path: Path, options: ReadOptions, presets: Sequence[Layout] = PRESETS) -> Contents:
    """The channels of a file, or of a folder of Parquet files; a CSV file is one of `presets`, or mapped by `options`.

    `UsageError` names the file and the row at fault.
    """
    try:
        found = _read(path, options, presets)
    except UsageError as fault:
        raise at_path(path, fault) from None
    if not found.channels:
        raise at_path(path, UsageError(f"{path} has no readings{''.join(f'; {remark}' for remark in found.remarks)}"))
    return found


def at_path(path: Path, fault: UsageError) -> UsageError:
    """The fault with the file's name before it, in one line."""
    text = " ".join(str(fault).split())
    if text.startswith(str(path)):
        return UsageError(text)
    return UsageError(f"{path}, {text}" if text.startswith("row") else f"{path}: {text}")


def _read(path: Path, options: ReadOptions, presets: Sequence[Layout]) -> Contents:
    if path.is_dir():
        return parquet.read(path, options)
    head = head_of(path)
    start = decoded(head).lstrip()
    if head[:4] == b"PAR1" or path.suffix == ".parquet":
        return parquet.read(path, options)
    if start.startswith(("{", "[")):
        raise UsageError("it is JSON; uploads in JSON are sent to the ingestion API, not read from a file")
    if start.startswith("<"):
        return green_button.read(path)
    if re.match(r"(100,NEM1[23]|[123][05]0,)", start):
        return nem12.read(text_of(path))
    if start.startswith(("UNA", "UNB+")):
        return mscons.read(text_of(path))
    if re.search(r"^\d-\d:\d+\.\d+\.\d+\(", start, re.MULTILINE):
        return dsmr.read(text_of(path))
    return _read_csv(text_of(path), options, presets)


def _read_csv(text: str, options: ReadOptions, presets: Sequence[Layout]) -> Contents:
    lines = text.split("\n", PREAMBLE)[:PREAMBLE]
    if not text.strip():
        raise UsageError("the file is empty")
    if any("\0" in line for line in lines):
        raise UsageError("it is not text; give a meter data file, a CSV in UTF-8, or Parquet")
    layout, header = _mapped(lines, options) if options.time or options.value else _recognized(lines, options, presets)
    if layout is None:
        return day_rows(text, header, options)
    twice = [name for name in header.names if name.endswith(" (2)") and name[:-4] in _read_names(layout)]
    if twice:
        raise UsageError(f"the header has {twice[0][:-4]!r} twice; take one of the columns out")
    keep = re.compile(layout.keep).match if layout.keep else None
    return channels_of(
        layout, read_rows(text, header, None if keep is None else lambda line: keep(line) is not None), options
    )


def _read_names(layout: Layout) -> set[str]:
    return {*layout.time, *(one.column for one in layout.values)}


def _recognized(lines: list[str], options: ReadOptions, known: Sequence[Layout]) -> tuple[Layout | None, Header]:
    """The layout whose header is in the file; None for one with a day a row."""
    presets = [one for one in known if options.format is None or options.format.lower() in one.name.lower()]
    if not presets:
        raise UsageError(
            f"no format is called {options.format!r}; {', '.join(sorted({one.name for one in known}))} are"
        )
    for layout in presets:
        if header := find_header(lines, layout.header.issubset):
            return layout, header
    if header := find_header(lines, is_day_rows):
        return None, header
    raise UsageError(_seen(lines))


def _seen(lines: list[str]) -> str:
    """What is in a file of no known kind, and what to do."""
    wide = [
        (len(names), -at, names, by) for at, line in enumerate(lines) for by in ",;\t|" if (names := names_in(line, by))
    ]
    _, at, names, by = max(wide, key=lambda one: one[:2], default=(0, 0, [], ","))
    if not names:
        raise UsageError("the file has no columns; give a meter data file")
    separator = {"\t": "tabs"}.get(by, by)
    found = (
        f"columns {', '.join(name or '(no name)' for name in names[:8])}, separated by {separator}, in line {1 - at}"
    )
    return (
        f"this kind of file is not known: {found}. Name its columns, such as --time-column "
        f"{names[0] or 'start'!r} --value-column {names[-1] or 'kwh'!r} --unit kWh"
    )


def _mapped(lines: list[str], options: ReadOptions) -> tuple[Layout | None, Header]:
    """The layout that the person's options describe."""
    time = tuple(name.strip().lower() for name in (options.time or "start").split("+"))
    value = (options.value or "wh").strip().lower()
    header = find_header(lines, lambda names: {*time, value} <= names)
    if header is None:
        raise UsageError(f"no line has the columns {', '.join((*time, value))}; {_seen(lines)}")
    if options.unit is None and value not in _ENERGIES:
        raise UsageError(f"the unit of {value!r} is not known; give --unit, one of {', '.join(UNITS)}")
    unit: Unit = options.unit or _ENERGIES[value]  # type: ignore[assignment]
    return Layout(
        name="columns as named", header=frozenset(), time=time, formats=ANY_TIME, values=(Value(value, unit=unit),)
    ), header
