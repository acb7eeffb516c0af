"""How long the cloud keeps what is not data of the system, so that its memory stays bounded.

MiniStack keeps all of it in memory: logs and the results of Athena queries until it ends, each value of a metric for
two weeks, and for ten minutes each transaction's request and answer, in case it is sent again.
"""

import asyncio
import time
from typing import Any

from ministack.services import athena, cloudwatch, cloudwatch_logs, dynamodb

METRICS_S = 2 * 3600  # the Live page shows those of an hour
LOGS_S = 6 * 3600
RESULTS_S = 15 * 60  # of a query, after it was started; its result stays in S3
TRANSACTIONS_S = 60  # a client's retries end sooner
MINUTE_S = 60
EVERY_S = 60.0

Point = dict[str, Any]


def shorten() -> None:
    """Shorten the times after which MiniStack itself deletes metrics and transactions."""
    cloudwatch.TWO_WEEKS_SECONDS = METRICS_S
    dynamodb._TXN_TOKEN_TTL = TRANSACTIONS_S


def save_no_results() -> None:
    """Leave the results of queries out of what is saved at the end.

    They hold dates and decimals, which MiniStack cannot write as JSON: then it saves nothing of Athena, and the next
    start has no work group.
    """
    state_of = athena.get_state
    athena.get_state = lambda: state_of() | {"_executions": type(athena._executions)()}


async def keep_expiring() -> None:
    """Delete what is too old, until the process ends; on the event loop, where MiniStack answers calls too."""
    while True:
        await asyncio.sleep(EVERY_S)
        expire(time.time())


def expire(now: float) -> None:
    """Delete logs and query results that are too old, and merge older points of metrics; `now` is in s since 1970."""
    _expire_logs(int((now - LOGS_S) * 1000))
    for key, execution in list(athena._executions._data.items()):
        if execution["Status"]["SubmissionDateTime"] < now - RESULTS_S:
            del athena._executions._data[key]
    for points in list(cloudwatch._metrics._data.values()):
        count = len(points)  # functions' threads add points meanwhile
        points[:count] = _merged(points[:count], now - 2 * MINUTE_S)


def _expire_logs(before_ms: int) -> None:
    with cloudwatch_logs._log_events_lock:
        for group in list(cloudwatch_logs._log_groups._data.values()):
            for name, stream in list(group["streams"].items()):
                stream["events"] = [event for event in stream["events"] if event["timestamp"] >= before_ms]
                if not stream["events"] and (stream["lastIngestionTime"] or stream["creationTime"]) < before_ms:
                    del group["streams"][name]
    for key, record in list(cloudwatch_logs._log_records._data.items()):
        if record["_timestamp_ms"] < before_ms:
            del cloudwatch_logs._log_records._data[key]


def _merged(points: list[Point], before: float) -> list[Point]:
    """One point for all with the same value in the same minute, as PutMetricData takes `Values` with their `Counts`.

    Only points older than `before` (s since 1970). CloudWatch keeps no shorter period than a minute either.
    """
    young = [point for point in points if point["Timestamp"] >= before or "_stat" in point]
    merged: dict[tuple[Any, ...], Point] = {}
    for point in points:
        if point["Timestamp"] < before and "_stat" not in point:
            minute = point["Timestamp"] // MINUTE_S * MINUTE_S
            key = minute, point["Unit"], point["Value"]
            kept = merged.setdefault(key, point | {"Timestamp": minute, "Count": 0.0})
            kept["Count"] += point.get("Count", 1.0)
    return [*merged.values(), *young]
