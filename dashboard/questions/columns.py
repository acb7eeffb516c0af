"""An answer's columns as people see them: by the formats of its question, with times in the zone that was asked for."""

import csv
import io
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pandas as pd
import streamlit as st

from analytics.questions import Question
from electrocloud.aws.athena import Answer, Value
from presentation.spreadsheet_text import cell
from presentation.units import column_title

if TYPE_CHECKING:
    from streamlit.elements.lib.column_types import ColumnConfig

MOST_DECIMALS = 10
_PRINTF = {"money": "%,.2f", "quantity": "%,.3f", "tenth": "%,.1f", "percent": "%.2f%%"}


def table(question: Question, answer: Answer, zone: str, most: int) -> tuple[pd.DataFrame, "dict[str, ColumnConfig]"]:
    """The first `most` rows and how to show their numbers. Decimals are floats, so that a browser can sort them."""
    columns = {}
    config: dict[str, ColumnConfig] = {}
    for place, name in enumerate(column.name for column in answer.columns):
        form, heading = question.formats.get(name, ""), title(question, name, zone)
        values = [row[place] for row in answer.rows[:most]]
        columns[heading] = [_shown(value, form, zone) for value in values]
        if form in _PRINTF or form == "full":
            config[heading] = st.column_config.NumberColumn(format=_PRINTF.get(form) or f"%,.{_decimals(values)}f")
        elif any(map(_is_number, values)):
            config[heading] = st.column_config.NumberColumn(format="localized")
    return pd.DataFrame(columns), config


def title(question: Question, name: str, zone: str) -> str:
    """A column's title. It names the zone of days, months and wall-clock times; of instants the values do."""
    text = column_title(name.removesuffix("_utc"))
    return f"{text}, {zone}" if question.formats.get(name) == "zone" else text


def as_csv(question: Question, answer: Answer, zone: str) -> bytes:
    """All rows as CSV in UTF-8 with a byte order mark: exact numbers, times as shown, and no text that is a formula."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\r\n")
    names = [column.name for column in answer.columns]
    rows.writerow(title(question, name, zone) for name in names)
    forms = [question.formats.get(name, "") for name in names]
    for row in answer.rows:
        timed = (in_zone(value, zone) if form == "utc" else value for value, form in zip(row, forms, strict=True))
        rows.writerow(cell(value) for value in timed)
    return text.getvalue().encode("utf-8-sig")


def in_zone(value: Value, zone: str) -> Value:
    """An instant, naive and in UTC or its text, as `2026-11-24 05:00:00 PST`; what is none stays as it is."""
    moment = instant(value)
    return f"{moment.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M:%S %Z}" if moment else value


def instant(value: Value) -> datetime | None:
    """The instant that a value of the format `utc` means."""
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        return None
    return moment.replace(tzinfo=moment.tzinfo or UTC) if isinstance(moment, datetime) else None


def _shown(value: Value, form: str, zone: str) -> Value:
    if form == "utc":
        return in_zone(value, zone)
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    if form == "percent" and isinstance(value, Decimal | float | int):
        return float(value) * 100
    return float(value) if isinstance(value, Decimal) else value


def _decimals(values: Sequence[Value]) -> int:
    """How many decimals show all of these numbers in full."""
    numbers = [value if isinstance(value, Decimal) else Decimal(repr(value)) for value in values if _is_number(value)]
    needed = (-int(number.normalize().as_tuple().exponent) for number in numbers if number)
    return min(max([2, *needed]), MOST_DECIMALS)


def _is_number(value: Value) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)
