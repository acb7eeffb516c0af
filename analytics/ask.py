"""Runs a query on Athena. This is the only place where a laptop and an AWS account differ."""

from analytics.duckdb_dialect import to_duckdb
from analytics.questions import views
from electrocloud.aws.athena import Answer, Query
from electrocloud.aws.clients import AthenaClient
from electrocloud.aws.stack import Stack


def ask(stack: Stack, athena: AthenaClient, sql: str, limit_s: float = 300.0) -> Answer:
    """Run one SELECT in Athena's dialect with a stack's boto3 Athena client. Raises `QueryError`.

    On a laptop the SQL is translated to DuckDB's dialect with the views inlined, and `bytes_scanned` is None: its
    Athena reports the size of the result instead.
    """
    return start(stack, athena, sql).answer(limit_s)


def start(stack: Stack, athena: AthenaClient, sql: str) -> Query:
    """Start one SELECT in Athena's dialect, as `ask` does. Raises `QueryError`."""
    sent = to_duckdb(sql, views()) if stack.local else sql
    return Query(athena, sent, work_group=stack.work_group, database=stack.database, tells_bytes=not stack.local)
