"""`electrocloud query`: run the questions in sql/ on Athena. On a laptop the SQL is translated to DuckDB's dialect."""

import csv
import sys
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from analytics.ask import ask
from analytics.questions import Question, find, questions
from electrocloud.aws.athena import Answer
from electrocloud.aws.stack import find_stack
from electrocloud.domain.errors import UsageError

ROWS_SHOWN = 50


def query(
    name_or_file: str, params: list[str], to_csv: Path | None, to_parquet: Path | None, *, show_sql: bool
) -> None:
    """Run a question of sql/ on Athena, or list the questions."""
    console = Console()
    question = find(name_or_file)
    sql = question.render(_values(params))
    if show_sql:
        print(sql)
        return
    stack = find_stack()
    answer = ask(stack, stack.client("athena"), sql)
    if to_csv:
        _write_csv(answer, to_csv)
    if to_parquet:
        _write_parquet(answer, to_parquet)
    if not (to_csv or to_parquet):
        console.print(_table(question, answer))
    if str(to_csv) != "-":
        scanned = "" if answer.bytes_scanned is None else f" · {answer.bytes_scanned / 1e6:,.1f} MB scanned"
        console.print(f"{len(answer.rows):,} rows{scanned} · {answer.seconds:.1f} s")


def _values(params: list[str]) -> dict[str, str]:
    pairs = [param.partition("=") for param in params]
    for param, (_, equals, _) in zip(params, pairs, strict=True):
        if not equals:
            raise UsageError(f"--param {param}: write it as name=value")
    return {name.strip(): value.strip() for name, _, value in pairs}


def list_questions() -> None:
    """Print the questions of sql/, with what each asks and its parameters."""
    table = Table(title="electrocloud query NAME [--param name=value]", title_justify="left")
    for heading in ("name", "question", "parameters and defaults"):
        table.add_column(heading, overflow="fold")
    for question in questions().values():
        parameters = "\n".join(f"{one.name}={one.default}  {one.description}" for one in question.parameters)
        table.add_row(question.name, question.title, parameters)
    Console().print(table)


def _table(question: Question, answer: Answer) -> Table:
    table = Table(
        title=question.title,
        caption=question.note or None,
        title_justify="left",
        caption_justify="left",
        box=SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
    )
    for column in answer.columns:
        numeric = any(isinstance(row[len(table.columns)], (int, float, Decimal)) for row in answer.rows[:1])
        table.add_column(column.name.replace("_", " "), justify="right" if numeric else "left", overflow="fold")
    for row in answer.rows[:ROWS_SHOWN]:
        table.add_row(*(_cell(value) for value in row))
    if len(answer.rows) > ROWS_SHOWN:
        table.add_row(f"… {len(answer.rows) - ROWS_SHOWN:,} more; see them with --csv -")
    return table


def _cell(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, Decimal):
        return f"{value:,f}" if int(value.as_tuple().exponent) >= -3 else f"{value.normalize():,f}"
    return f"{value:,.3f}" if isinstance(value, float) else str(value)


def _write_csv(answer: Answer, path: Path) -> None:
    rows = [[column.name for column in answer.columns], *answer.rows]
    if str(path) == "-":
        csv.writer(sys.stdout, lineterminator="\n").writerows(rows)
        return
    with path.open("w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)


def _write_parquet(answer: Answer, path: Path) -> None:
    columns = list(zip(*answer.rows, strict=True)) or [()] * len(answer.columns)
    names = [column.name for column in answer.columns]
    pq.write_table(pa.table(dict(zip(names, (pa.array(column) for column in columns), strict=True))), path)
