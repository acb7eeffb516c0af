"""Athena: the one way to run a statement and to have its rows."""

import time
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple, cast

from botocore.exceptions import BotoCoreError, ClientError

from electrocloud.domain.errors import ElectroCloudError

if TYPE_CHECKING:
    from mypy_boto3_athena import AthenaClient
    from mypy_boto3_athena.type_defs import DatumTypeDef, QueryExecutionTypeDef

FIRST_WAIT_S = 0.05
LONGEST_WAIT_S = 1.0

Value = str | int | float | Decimal | bool | date | datetime | None


class QueryError(ElectroCloudError):
    """A query without an answer: refused, failed, cancelled or out of time; the message says why."""


class Column(NamedTuple):
    """A column of an answer, with Athena's name of its type, such as `bigint` or `timestamp`."""

    name: str
    type: str


class Answer(NamedTuple):
    """All the rows of a query, a value to a column.

    Decimals are exact; timestamps are naive, in the zone that the query put them in. `bytes_scanned` is what
    Athena charges for; `seconds` is the time from asking to the last row.
    """

    columns: tuple[Column, ...]
    rows: list[tuple[Value, ...]]
    bytes_scanned: int | None
    seconds: float


def run(
    athena: "AthenaClient",
    sql: str,
    *,
    work_group: str,
    database: str,
    limit_s: float = 300.0,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> Answer:
    """Run one statement in a work group and wait for its rows, at most `limit_s`. Raises `QueryError`.

    When the wait ends, by the limit or by an interrupt, the query is stopped too, since it costs.
    """
    begun = clock()
    try:
        query = athena.start_query_execution(
            QueryString=sql, WorkGroup=work_group, QueryExecutionContext={"Database": database}
        )["QueryExecutionId"]
        try:
            execution = _finished(athena, query, limit_s, sleep, clock)
        except BaseException:
            athena.stop_query_execution(QueryExecutionId=query)
            raise
        state = execution["Status"]["State"]
        if state != "SUCCEEDED":
            reason = execution["Status"].get("StateChangeReason") or "no reason was given"
            raise QueryError(f"the query {'failed' if state == 'FAILED' else 'was cancelled'}: {reason}")
        columns, rows = _rows(athena, query, headed=execution.get("StatementType") == "DML")
    except ClientError as fault:
        raise QueryError(f"Athena refused: {fault.response['Error'].get('Message', fault)}") from fault
    except BotoCoreError as fault:
        raise QueryError(f"Athena cannot be asked: {fault}") from fault
    scanned = execution.get("Statistics", {}).get("DataScannedInBytes", 0)
    return Answer(columns, rows, scanned, clock() - begun)


def _finished(
    athena: "AthenaClient",
    query: str,
    limit_s: float,
    sleep: Callable[[float], None],
    clock: Callable[[], float],
) -> "QueryExecutionTypeDef":
    pause = FIRST_WAIT_S
    until = clock() + limit_s
    while True:
        execution = athena.get_query_execution(QueryExecutionId=query)["QueryExecution"]
        if execution["Status"]["State"] not in ("QUEUED", "RUNNING"):
            return execution
        if clock() >= until:
            raise QueryError(f"the query took over {limit_s:g} s and was stopped; ask for fewer days")
        sleep(pause)
        pause = min(pause * 1.5, LONGEST_WAIT_S)


def _rows(athena: "AthenaClient", query: str, *, headed: bool) -> tuple[tuple[Column, ...], list[tuple[Value, ...]]]:
    """A page holds at most 1,000 rows; the first page of a SELECT begins with the columns' names."""
    columns: tuple[Column, ...] = ()
    rows: list[tuple[Value, ...]] = []
    for page in athena.get_paginator("get_query_results").paginate(QueryExecutionId=query):
        result = page["ResultSet"]
        data = result["Rows"]
        if not columns:
            columns = tuple(Column(c["Name"], c["Type"]) for c in result["ResultSetMetadata"]["ColumnInfo"])
            data = data[1:] if headed else data
        rows += [
            tuple(_value(datum, column.type) for datum, column in zip(row["Data"], columns, strict=True))
            for row in data
        ]
    return columns, rows


_PARSERS: dict[str, Callable[[str], Value]] = {
    "boolean": "true".__eq__,
    "tinyint": int,
    "smallint": int,
    "integer": int,
    "int": int,
    "bigint": int,
    "float": float,
    "real": float,
    "double": float,
    "decimal": Decimal,
    "date": date.fromisoformat,
    "timestamp": datetime.fromisoformat,
}


def _value(datum: "DatumTypeDef", kind: str) -> Value:
    text = datum.get("VarCharValue")
    if text is None:
        return None
    return _PARSERS.get(kind, cast("Callable[[str], Value]", str))(text)
