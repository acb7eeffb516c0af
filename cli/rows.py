"""Rows that a command answers with, as a table for people, or as JSON, CSV or TSV for programs."""

import csv
import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import NamedTuple, TextIO

import msgspec
import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from cli.choices import Output
from presentation.spreadsheet_text import cell
from presentation.units import column_title

ROWS_SHOWN = 50
PIPED_COLUMNS = 200  # of a table that is asked for where there is no terminal

Value = object


class Rows(NamedTuple):
    """What a command found. A column's name ends in its unit, as `energy_kwh` does. Aware times are printed in UTC.

    `empty` says what it means that there are none.
    """

    columns: Sequence[str]
    rows: Sequence[Sequence[Value]]
    title: str = ""
    note: str = ""
    empty: str = "No rows."


def print_rows(found: Rows, output: Output | None) -> None:
    """Print rows; without a format, a table for a terminal and TSV for a pipe or a file."""
    output = output or (Output.table if sys.stdout.isatty() else Output.tsv)
    if output is Output.table:
        _print_table(found)
    elif output is Output.json:
        _print_json(found)
    else:
        write_delimited(found, sys.stdout, "," if output is Output.csv else "\t")
    if not found.rows and output is not Output.table:
        typer.echo(found.empty, err=True)


def write_delimited(found: Rows, file: TextIO, delimiter: str) -> None:
    """Write a heading and the rows as CSV or TSV.

    CSV is for spreadsheets too, so no text in it is taken for a formula. TSV has no quotes: tabs and line breaks in a
    value become spaces.
    """
    if delimiter == "\t":
        for row in (found.columns, *found.rows):
            file.write("\t".join(" ".join(_text(value).split()) for value in row) + "\n")
        return
    writer = csv.writer(file, delimiter=delimiter, lineterminator="\n")
    writer.writerows([found.columns, *([_csv_cell(value) for value in row] for row in found.rows)])


def _print_json(found: Rows) -> None:
    encoder = msgspec.json.Encoder(decimal_format="number")
    documents = [dict(zip(found.columns, map(_plain, row), strict=True)) for row in found.rows]
    print(msgspec.json.format(encoder.encode(documents), indent=2).decode())


def _print_table(found: Rows) -> None:
    """A table, or where its numbers would not fit into the terminal, a block of lines for each row."""
    console = Console() if sys.stdout.isatty() else Console(width=PIPED_COLUMNS)
    if not found.rows:
        console.print(found.empty, highlight=False)
        return
    shown = [[shown_value(value) for value in row] for row in found.rows[:ROWS_SHOWN]]
    headings = [column_title(name) for name in found.columns]
    numeric = [
        any(isinstance(row[place], int | float | Decimal) for row in found.rows) for place in range(len(headings))
    ]
    table = Table(
        title=found.title or None, caption=found.note or None, title_justify="left", caption_justify="left",
        box=SIMPLE_HEAD, padding=(0, 1, 0, 0),
    )  # fmt: skip
    for name, is_number in zip(headings, numeric, strict=True):
        table.add_column(name, justify="right" if is_number else "left", no_wrap=is_number, overflow="fold")
    for row in shown:
        table.add_row(*row)
    if console.measure(table).minimum > console.width or _too_narrow(shown, numeric, console.width):
        for row in shown:
            for name, text in zip(headings, row, strict=True):
                print(f"{name:<{max(map(len, headings))}}  {text}")
            print()
    else:
        console.print(table, markup=False, highlight=False)
    if len(found.rows) > ROWS_SHOWN:
        console.print(f"{len(found.rows) - ROWS_SHOWN:,} more rows; --output csv prints all.", highlight=False)


def _too_narrow(rows: Sequence[Sequence[str]], numeric: Sequence[bool], width: int) -> bool:
    """Whether text would be broken within its words."""
    widest = [
        max(len(row[place]) if is_number else max(map(len, row[place].split() or [""])) for row in rows)
        for place, is_number in enumerate(numeric)
    ]
    return sum(widest) + 3 * len(widest) > width


def shown_value(value: Value) -> str:
    """A value as a table shows it: numbers in groups of three digits, times by the minute, - for none."""
    if value is None:
        return "-"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, Decimal):
        return f"{value:,f}" if int(value.as_tuple().exponent) >= -3 else f"{value.normalize():,f}"
    if isinstance(value, float):
        return f"{value:,.3f}"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return str(value)


def _plain(value: Value) -> Value:
    if isinstance(value, datetime):
        return _text(value)
    return value if isinstance(value, str | int | float | Decimal | bool) or value is None else str(value)


def _csv_cell(value: Value) -> Value:
    return cell(value) if isinstance(value, str) else _text(value)


def _text(value: Value) -> str:
    """A value for a program: times in ISO 8601, nothing for none."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        if value.tzinfo is None:  # in the zone that the question put it in
            return value.isoformat(timespec="seconds")
        return f"{value.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='seconds')}Z"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, date):
        return value.isoformat()
    return f"{value:f}" if isinstance(value, Decimal) else str(value)
