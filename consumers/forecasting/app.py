"""The forecasting function: its schedules put work items into the queue, and the queue brings them back one by one."""

import gc
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import boto3
import msgspec
from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from electrocloud.aws.athena import run as run_query
from electrocloud.aws.settings import ForecastingSettings
from electrocloud.aws.work_queue import WorkQueue, items_in
from forecasting import work

RESERVE_MS = 120_000  # for a group of meters

logger = Logger()
metrics = Metrics()
tracer = Tracer()

settings = ForecastingSettings.from_environment()
athena = boto3.client("athena")
queue = WorkQueue(boto3.client("sqs"), settings.queue_url, settings.dead_letters_url)

# A meter is tens of thousands of readings, with no cycle among them, and the collector would walk them all.
gc.set_threshold(50_000)


def _ask(sql: str) -> list[tuple[Any, ...]]:
    return run_query(athena, sql, work_group=settings.work_group, database=settings.database).rows


deployment = work.open_deployment(boto3.client("dynamodb"), boto3.client("s3"), settings, _ask)


@logger.inject_lambda_context
@tracer.capture_lambda_handler(capture_response=False)
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, int]:
    """Plan a kind of work, or do the items of a queue's event; returns the counts, which are metrics too."""
    now = datetime.now(UTC)
    if "Records" in event:
        counts = _work(items_in(event, work.Item), context, now)
    else:
        counts = _schedule(msgspec.convert(event, work.Schedule).work, now)
    for name, count in counts.items():
        metrics.add_metric(name, MetricUnit.Count, count)
    return counts


def _schedule(kind: work.Kind, now: datetime) -> dict[str, int]:
    """The first kind of work begins a round: items of the round before that are not done by then are left over."""
    counts = {"ForecastingLeftOver": queue.unfinished()} if kind == work.KINDS[0] else {}
    return counts | {"WorkItemsSent": queue.send(work.plan(kind, deployment, now))}


def _work(items: Iterable[work.Item], context: LambdaContext, now: datetime) -> dict[str, int]:
    done = []
    for item in items:
        one = work.run(item, deployment, now, lambda: context.get_remaining_time_in_millis() < RESERVE_MS)
        done.append(one)
        if one.error and isinstance(item, work.ForecastSeries):
            metrics.add_metadata("series", item.series)
            metrics.add_metric("ForecastError", MetricUnit.Percent, 100 * one.error.actual)
            metrics.add_metric("ForecastDrift", MetricUnit.NoUnit, one.error.drift)
    queue.send(one.left for one in done if one.left)
    return {
        "LoadDaysRead": sum(one.days for one in done),
        "ForecastsMade": sum(one.forecasts for one in done),
        "FeedersSummed": sum(one.feeders for one in done),
        "MonthEndsMade": sum(one.month_ends for one in done),
        "SuspectsFound": sum(one.suspects for one in done),
        "MetersSilent": sum(one.silent for one in done),
    }
