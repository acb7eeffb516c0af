"""How long the cloud keeps what is not data of the system, so that its memory stays bounded.

MiniStack keeps all of it in memory: logs and the results of Athena queries until it ends, metrics for two weeks, and
for ten minutes each transaction's request and answer, in case it is sent again.
"""

import time

from ministack.services import athena, cloudwatch, cloudwatch_logs, dynamodb

METRICS_S = 2 * 3600  # the Live page shows those of an hour
LOGS_S = 6 * 3600
RESULTS_S = 15 * 60  # of a query, after it was started; its result stays in S3
TRANSACTIONS_S = 60  # a client's retries end sooner
EVERY_S = 60.0


def shorten() -> None:
    """Shorten the times after which MiniStack itself deletes metrics and transactions."""
    cloudwatch.TWO_WEEKS_SECONDS = METRICS_S
    dynamodb._TXN_TOKEN_TTL = TRANSACTIONS_S


def keep_expiring() -> None:
    """Delete what is too old, until the process ends."""
    while True:
        time.sleep(EVERY_S)
        expire(time.time())


def expire(now: float) -> None:
    """Delete logs and query results that are too old; `now` is in s since 1970."""
    _expire_logs(int((now - LOGS_S) * 1000))
    for account_id, region, query_id in list(athena._executions._data):
        execution = athena._executions._data[account_id, region, query_id]
        if execution["Status"]["SubmissionDateTime"] < now - RESULTS_S:
            athena._executions.pop_scoped(account_id, region, query_id, None)


def _expire_logs(before_ms: int) -> None:
    with cloudwatch_logs._log_events_lock:
        for group in list(cloudwatch_logs._log_groups._data.values()):
            for name, stream in list(group["streams"].items()):
                stream["events"] = [event for event in stream["events"] if event["timestamp"] >= before_ms]
                if not stream["events"] and (stream["lastIngestionTime"] or stream["creationTime"]) < before_ms:
                    del group["streams"][name]
    for key, record in list(cloudwatch_logs._log_records._data.items()):
        if record["_timestamp_ms"] < before_ms:
            cloudwatch_logs._log_records._data.pop(key, None)
