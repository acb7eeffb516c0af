"""Runs a query on Athena. This is the only place where a laptop and an AWS account differ."""

from analytics.duckdb_dialect import to_duckdb
from analytics.questions import views
from electrocloud.aws.athena import Answer, Query, run
from electrocloud.aws.clients import AthenaClient
from electrocloud.aws.stack import Stack


def ask(stack: Stack, athena: AthenaClient, sql: str, limit_s: float = 300.0) -> Answer:
    """Run one SELECT in Athena's dialect with a stack's boto3 Athena client. Raises `QueryError`.

    On a laptop the SQL is translated to DuckDB's dialect with the views inlined, and `bytes_scanned` is None: its
    Athena reports the size of the result instead.
    """
    answer = run(athena, _sent(stack, sql), work_group=stack.work_group, database=stack.database, limit_s=limit_s)
    return with_cost(stack, answer)


def start(stack: Stack, athena: AthenaClient, sql: str) -> Query:
    """Start one SELECT in Athena's dialect, as `ask` does. Raises `QueryError`."""
    return Query(athena, _sent(stack, sql), work_group=stack.work_group, database=stack.database)


def with_cost(stack: Stack, answer: Answer) -> Answer:
    """An answer with the bytes that were scanned for it, where they are known."""
    return answer._replace(bytes_scanned=None) if stack.local else answer


def _sent(stack: Stack, sql: str) -> str:
    return to_duckdb(sql, views()) if stack.local else sql
