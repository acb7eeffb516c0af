"""What MiniStack's Athena lacks of a query that runs: how far it is, and that it can be stopped.

DuckDB says how far it is in percent. That is the StateChangeReason while a query runs, which Athena leaves empty.
"""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from contextvars import ContextVar
from types import ModuleType
from typing import Any

import duckdb

CANCELLED = "Query was cancelled by user"
SETTINGS = "SET enable_progress_bar = true; SET enable_progress_bar_print = false; SET progress_bar_time = 0"

Execute = Callable[..., Awaitable[None]]
Handle = Callable[[dict[str, Any]], Any]
Files = Callable[[str, list[str]], list[str]]


class RunningQuery:
    """A query that runs, its connection as soon as it has one, and its tables' files."""

    def __init__(self) -> None:
        self.connection: duckdb.DuckDBPyConnection | None = None
        self.stopped = False
        self.files: dict[str, list[str]] = {}


_current: ContextVar[RunningQuery | None] = ContextVar("current", default=None)
_running: dict[str, RunningQuery] = {}


def watch_queries(athena: ModuleType) -> None:
    """Let MiniStack's module of Athena report the progress of queries, and stop them."""
    patched: Any = athena
    patched._execute_query = _tracked(patched._execute_query, patched._executions)
    patched._get_query_execution = _with_progress(patched._get_query_execution, patched._executions)
    patched._stop_query_execution = _stopping(patched._stop_query_execution)
    patched._materialize_table_files = _once(patched._materialize_table_files)
    patched_duckdb: Any = duckdb
    patched_duckdb.connect = _known(duckdb.connect)


def _known(connect: Callable[..., duckdb.DuckDBPyConnection]) -> Callable[..., duckdb.DuckDBPyConnection]:
    def connected(*arguments: Any, **named: Any) -> duckdb.DuckDBPyConnection:
        connection = connect(*arguments, **named)
        if query := _current.get():
            connection.execute(SETTINGS)
            query.connection = connection
            if query.stopped:
                raise duckdb.InterruptException(CANCELLED)
        return connection

    return connected


def _tracked(execute: Execute, executions: Any) -> Execute:
    """A query that was stopped stays so: MiniStack would say that it failed, or that it succeeded."""

    async def tracked(query_id: str, *arguments: Any) -> None:
        query = _running[query_id] = RunningQuery()
        _current.set(query)  # of this task, and of the thread that it starts
        status = executions[query_id]["Status"]
        try:
            await execute(query_id, *arguments)
        finally:
            del _running[query_id]
            if query.stopped:
                status |= {"State": "CANCELLED", "StateChangeReason": CANCELLED}
            elif status["State"] == "SUCCEEDED":
                status["StateChangeReason"] = ""

    return tracked


def _with_progress(get: Handle, executions: Any) -> Handle:
    def found(data: dict[str, Any]) -> Any:
        query_id = data.get("QueryExecutionId", "")
        query = _running.get(query_id)
        if query and query.connection and not query.stopped:
            with suppress(duckdb.ConnectionException):  # closed, since the query has just ended
                percent = query.connection.query_progress()
                executions[query_id]["Status"]["StateChangeReason"] = f"{percent:.0f}% done" if percent >= 0 else ""
        return get(data)

    return found


def _stopping(stop: Handle) -> Handle:
    def stopped(data: dict[str, Any]) -> Any:
        if query := _running.get(data.get("QueryExecutionId", "")):
            query.stopped = True
            if query.connection:
                with suppress(duckdb.ConnectionException):
                    query.connection.interrupt()
        return stop(data)

    return stopped


def _once(files_of: Files) -> Files:
    """MiniStack writes a table's files for each place of the query that names it; here once for the query."""

    def found(location: str, folders: list[str]) -> list[str]:
        query = _current.get()
        if query is None:
            return files_of(location, folders)
        if location not in query.files:
            query.files[location] = files_of(location, folders)
        return query.files[location]

    return found
