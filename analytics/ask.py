"""Asking Athena, on a laptop as in an account: the one place that knows the difference."""

from typing import Any

from analytics.duckdb_dialect import to_duckdb
from analytics.questions import views
from electrocloud.aws.athena import Answer, run
from electrocloud.aws.stack import Stack


def ask(stack: Stack, athena: Any, sql: str, limit_s: float = 300.0) -> Answer:
    """The answer to one SELECT in Athena's dialect, from a stack by its boto3 Athena client. Raises `QueryError`.

    A laptop's is sent translated, with the views put in; what it scanned is unknown there, for its Athena gives the
    size of the answer instead.
    """
    sent = to_duckdb(sql, views()) if stack.local else sql
    answer = run(athena, sent, work_group=stack.work_group, database=stack.database, limit_s=limit_s)
    return answer._replace(bytes_scanned=None) if stack.local else answer
