"""Text tables: the header is found below any preamble, and columns are text with the line each row is on."""

import csv
import io
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
from numpy.typing import NDArray

from electrocloud.domain.errors import UsageError
from meter_files.channel import SCALE, Flags, Numbers

DELIMITERS = (",", ";", "\t", "|")
PREAMBLE = 60  # lines in which a header is looked for
_NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"
_THOUSANDS = r"^[+-]?\d{1,3}(,\d{3})+$"
_EMPTY = pa.array(["", "-", "--", "NaN", "nan", "NULL", "Null", "null", "None", "n/a", "N/A", "NA"])
GAP_VALUES = (-999, -9999)  # what loggers write where they have no value


class Header(NamedTuple):
    """A header's line (from 1), its delimiter and its names in lower case; a repeated name has (2) behind it."""

    line: int
    delimiter: str
    names: list[str]


class Table(NamedTuple):
    """The rows below a header: columns of text by name, and the line of each row."""

    header: Header
    columns: dict[str, pa.Array]
    line: Numbers

    def take(self, which: Flags) -> "Table":
        """Some of the rows."""
        mask = pa.array(which)
        return Table(self.header, {name: one.filter(mask) for name, one in self.columns.items()}, self.line[which])


def find_header(lines: Sequence[str], wanted: Callable[[set[str]], bool]) -> Header | None:
    """The first line that, split by one of the delimiters, has the names that are `wanted`."""
    for number, line in enumerate(lines[:PREAMBLE], start=1):
        for delimiter in DELIMITERS:
            names = names_in(line, delimiter)
            if len(names) > 1 and wanted(set(names)):
                return Header(number, delimiter, names)
    return None


def names_in(line: str, delimiter: str) -> list[str]:
    """The names in a header line, in lower case."""
    try:
        cells = next(csv.reader([line.removeprefix("\ufeff")], delimiter=delimiter, skipinitialspace=True), [])
    except csv.Error:
        return []
    names: list[str] = []
    for cell in cells:
        name = " ".join(cell.strip().lower().split())
        count = sum(one == name or one.startswith(f"{name} (") for one in names)
        names.append(f"{name} ({count + 1})" if count and name else name)
    return names


def read_rows(text: str, header: Header, keep: Callable[[str], bool] | None = None) -> Table:
    """The rows below the header; with `keep`, only the lines for which it holds. `UsageError` names a broken row."""
    start = 0
    for _ in range(header.line):
        start = text.find("\n", start) + 1 or len(text)
    body = text[start:]
    numbers: Numbers | None = None
    if keep or "\n\n" in body or body.startswith("\n"):
        lines = body.split("\n")
        kept = [at for at, line in enumerate(lines) if line.strip() and (keep is None or keep(line))]
        numbers = np.asarray(kept, np.int64) + header.line + 1
        body = "\n".join([lines[at] for at in kept])
    columns = _parse(body, header, numbers)
    count = len(next(iter(columns.values()))) if columns else 0
    if '"' in body and count != len(body.rstrip("\n").split("\n")):
        raise UsageError(f"a value in the rows below line {header.line} spans lines; close its quotation marks")
    return Table(header, columns, np.arange(count) + header.line + 1 if numbers is None else numbers)


def _parse(body: str, header: Header, numbers: Numbers | None) -> dict[str, pa.Array]:
    if not body.strip():
        return {}
    names = [name or f"column {at + 1}" for at, name in enumerate(header.names)]
    broken: list[pa_csv.InvalidRow] = []

    def note(row: pa_csv.InvalidRow) -> str:
        broken.append(row)
        return "skip"

    try:
        table = pa_csv.read_csv(
            io.BytesIO(body.encode()),
            read_options=pa_csv.ReadOptions(column_names=names, use_threads=False, block_size=1 << 24),
            parse_options=pa_csv.ParseOptions(delimiter=header.delimiter, invalid_row_handler=note),
            convert_options=pa_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
            ),
        )
    except pa.ArrowException as fault:
        raise UsageError(f"the rows below line {header.line} are not a table: {fault}") from None
    if broken:
        at = (broken[0].number or 1) - 1
        line = int(numbers[at]) if numbers is not None else at + header.line + 1
        raise UsageError(
            f"row {line} has {broken[0].actual_columns} values; the header has {broken[0].expected_columns}"
        )
    return {name: pc.utf8_trim_whitespace(table[name].combine_chunks()) for name in names}


def numbers_in(column: pa.Array, unit: str, line: Numbers, *, decimal_comma: bool) -> tuple[Numbers, Flags]:
    """A column's values x SCALE[unit] as integers, and which of them there are. `UsageError` names a row at fault."""
    absent = np.asarray(pc.is_in(column, value_set=_EMPTY).to_numpy(zero_copy_only=False), bool)
    texts = pc.if_else(pa.array(absent), "0", column) if absent.any() else column
    if bool(pc.any(pc.match_substring(texts, ",")).as_py()):
        texts = _without_commas(texts, line, decimal_comma=decimal_comma)
    values = _cast(texts)
    if not np.isfinite(values).all():
        good = pc.match_substring_regex(texts, _NUMBER).to_numpy(zero_copy_only=False)
        if not good.all():
            at = int(np.argmin(good))
            raise UsageError(f"row {line[at]}: {column[at].as_py()!r} is not a number")
    gap = np.isin(values, GAP_VALUES)
    scaled = np.rint(values * SCALE[unit])
    if (np.abs(scaled) >= 2**62).any() or not np.isfinite(values).all():
        at = int(np.argmax(~np.isfinite(values) | (np.abs(scaled) >= 2**62)))
        raise UsageError(f"row {line[at]}: {column[at].as_py()} is too large")
    return scaled.astype(np.int64), ~(absent | gap)


def _cast(texts: pa.Array) -> NDArray[np.float64]:
    """The numbers, NaN for all where one is none. Beside numbers, Arrow takes only words for NaN and infinity."""
    try:
        return np.asarray(pc.cast(texts, pa.float64()), np.float64)
    except pa.ArrowInvalid:
        return np.full(len(texts), np.nan)


def _without_commas(texts: pa.Array, line: Numbers, *, decimal_comma: bool) -> pa.Array:
    both = pc.and_(pc.match_substring(texts, ","), pc.match_substring(texts, "."))
    if bool(pc.any(both).as_py()):  # 1,234.5 or 1.234,5: what comes last is the decimal mark
        if bool(pc.any(pc.match_substring_regex(texts, r"\..*,")).as_py()):
            texts = pc.replace_substring(texts, ".", "")
            return pc.replace_substring(texts, ",", ".")
        return pc.replace_substring(texts, ",", "")
    if not decimal_comma:
        thousands = pc.match_substring_regex(texts, _THOUSANDS).to_numpy(zero_copy_only=False)
        if thousands.any():
            at = int(np.argmax(thousands))
            raise UsageError(
                f"row {line[at]}: {texts[at].as_py()} may be thousands or decimals; write it without the comma"
            )
    return pc.replace_substring(texts, ",", ".")
