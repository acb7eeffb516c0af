"""Athena: the one way to run a statement and to have its rows."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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


class Progress(NamedTuple):
    """How far a query is that has not ended: `state` is QUEUED or RUNNING, `seconds` since it was started.

    `detail` is what the engine adds, nothing on Athena; `bytes_scanned` is 0 as long as Athena does not say.
    """

    state: str
    detail: str
    bytes_scanned: int
    seconds: float


class Query:
    """A running statement. It keeps its answer, so that a second wait returns at once.

    `tells_bytes`: whether the engine says how many bytes it scanned. Everything raises `QueryError` where Athena
    refuses, or where the query fails or was cancelled.
    """

    def __init__(
        self,
        athena: "AthenaClient",
        sql: str,
        *,
        work_group: str,
        database: str,
        tells_bytes: bool = True,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Start it."""
        self._tells_bytes = tells_bytes
        self._athena, self._sleep, self._clock = athena, sleep, clock
        self._begun = clock()
        self._ended: float | None = None
        self._answer: Answer | None = None
        with _query_errors():
            self._id = athena.start_query_execution(
                QueryString=sql, WorkGroup=work_group, QueryExecutionContext={"Database": database}
            )["QueryExecutionId"]

    def wait(self, limit_s: float, watch: Callable[[Progress], object] = lambda _: None) -> Answer:
        """All rows. `watch` is called with the progress until then; after `limit_s` the query is stopped.

        What `watch` raises ends the wait and not the query.
        """
        pause = FIRST_WAIT_S
        while self._answer is None:
            with _query_errors():
                execution = self._athena.get_query_execution(QueryExecutionId=self._id)["QueryExecution"]
                progress = self._progress(execution)
                if progress.state not in ("QUEUED", "RUNNING"):
                    self._answer = self._finish(execution)
                    break
            if progress.seconds >= limit_s:
                self.stop()
                raise QueryError(f"the query took over {limit_s:g} s and was stopped; ask for fewer days")
            watch(progress)
            self._sleep(pause)
            pause = min(pause * 1.5, LONGEST_WAIT_S)
        return self._answer

    def answer(self, limit_s: float) -> Answer:
        """All rows. When the wait ends without them, by the limit or by an interrupt, the query is stopped."""
        try:
            return self.wait(limit_s)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop it, since it costs. A query that has ended stays as it is."""
        if self._ended is not None:
            return
        self._ended = self._clock()
        with _query_errors():
            self._athena.stop_query_execution(QueryExecutionId=self._id)

    def is_current(self, for_s: float, limit_s: float) -> bool:
        """Whether its answer is at most `for_s` old, or is still awaited: for at most `limit_s`."""
        if self._answer is None:
            return self._ended is None and self._clock() - self._begun < limit_s
        return self._ended is not None and self._clock() - self._ended < for_s

    def _progress(self, execution: "QueryExecutionTypeDef") -> Progress:
        status, scanned = execution["Status"], execution.get("Statistics", {}).get("DataScannedInBytes", 0)
        return Progress(status["State"], status.get("StateChangeReason", ""), scanned, self._clock() - self._begun)

    def _finish(self, execution: "QueryExecutionTypeDef") -> Answer:
        self._ended = self._clock()
        state = execution["Status"]["State"]
        if state != "SUCCEEDED":
            reason = execution["Status"].get("StateChangeReason") or "no reason was given"
            raise QueryError(f"the query {'failed' if state == 'FAILED' else 'was cancelled'}: {reason}")
        columns, rows = _rows(self._athena, self._id, headed=execution.get("StatementType") == "DML")
        scanned = execution.get("Statistics", {}).get("DataScannedInBytes", 0) if self._tells_bytes else None
        return Answer(columns, rows, scanned, self._clock() - self._begun)


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
    """Run one statement in a work group, as `Query.answer` does. Raises `QueryError`."""
    query = Query(athena, sql, work_group=work_group, database=database, sleep=sleep, clock=clock)
    return query.answer(limit_s)


@contextmanager
def _query_errors() -> Iterator[None]:
    try:
        yield
    except ClientError as fault:
        raise QueryError(f"Athena refused: {fault.response['Error'].get('Message', fault)}") from fault
    except BotoCoreError as fault:
        raise QueryError(f"Athena cannot be asked: {fault}") from fault


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
