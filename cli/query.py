"""`electrocloud query`: run the questions in sql/ on Athena. On a laptop the SQL is translated to DuckDB's dialect."""

import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import typer

from analytics.ask import ask
from analytics.questions import Question, find, questions
from cli.choices import Output
from cli.rows import Rows, print_rows, write_delimited
from electrocloud.aws.athena import Answer
from electrocloud.aws.stack import find_stack
from electrocloud.domain.errors import UsageError


def query(
    name_or_file: str,
    params: list[str],
    to_csv: Path | None,
    to_parquet: Path | None,
    output: Output | None,
    *,
    show_sql: bool,
) -> None:
    """Run a question of sql/ on Athena."""
    question = find(name_or_file)
    sql = question.render(_values(params))
    if show_sql:
        print(sql)
        return
    stack = find_stack()
    answer = ask(stack, stack.client("athena"), sql)
    found = _rows(question, answer)
    if to_csv:
        _write_csv(found, to_csv)
    if to_parquet:
        _write_parquet(answer, to_parquet)
    if not (to_csv or to_parquet):
        print_rows(found, output)
    scanned = "" if answer.bytes_scanned is None else f" · {answer.bytes_scanned / 1e6:,.1f} MB scanned"
    typer.echo(f"{len(answer.rows):,} rows{scanned} · {answer.seconds:.1f} s", err=True)


def _values(params: list[str]) -> dict[str, str]:
    pairs = [param.partition("=") for param in params]
    for param, (_, equals, _) in zip(params, pairs, strict=True):
        if not equals:
            raise UsageError(f"--param {param}: write it as name=value")
    return {name.strip(): value.strip() for name, _, value in pairs}


def list_questions(output: Output | None) -> None:
    """Print the questions of sql/, with what each asks and its parameters."""
    listed = []
    for one in questions().values():
        parameters = (f"{given.name}={given.default} {given.description}" for given in one.parameters)
        listed.append((one.name, one.title, "; ".join(parameters)))
    title = "electrocloud query NAME [--param name=value]"
    print_rows(Rows(("name", "question", "parameters and defaults"), listed, title), output)


def _rows(question: Question, answer: Answer) -> Rows:
    names = [column.name for column in answer.columns]
    return Rows(names, answer.rows, question.title, question.note, question.empty)


def _write_csv(found: Rows, path: Path) -> None:
    if str(path) == "-":
        write_delimited(found, sys.stdout, ",")
        return
    with path.open("w", newline="") as file:
        write_delimited(found, file, ",")


def _write_parquet(answer: Answer, path: Path) -> None:
    columns = list(zip(*answer.rows, strict=True)) or [()] * len(answer.columns)
    names = [column.name for column in answer.columns]
    pq.write_table(pa.table(dict(zip(names, (pa.array(column) for column in columns), strict=True))), path)
