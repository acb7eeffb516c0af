"""The closing function: its schedule puts work items into the queue, and the queue brings them back one by one."""

import gc
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import boto3
from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from electrocloud.aws.backoff import pause
from electrocloud.aws.settings import ClosingSettings
from electrocloud.aws.store.bills_to_finalize import DynamoOpenBills
from electrocloud.aws.store.class_meters import DynamoClassMeters
from electrocloud.aws.store.dynamodb_items import MONTH_PARTS
from electrocloud.aws.store.registry_state import RegistryState
from electrocloud.aws.store.store import open_store
from electrocloud.aws.work_queue import WorkQueue, items_in
from electrocloud.services import closing
from electrocloud.services.rerating import RateServicePoints, rate_item

RESERVE_MS = 60_000

Item = closing.Item | RateServicePoints

logger = Logger()
metrics = Metrics()
tracer = Tracer()

settings = ClosingSettings.from_environment()
dynamodb = boto3.client("dynamodb")
tables, registry = open_store(dynamodb, settings)
state = RegistryState(dynamodb, settings.service_points_table, pause)
bills = DynamoOpenBills(dynamodb, settings.bills_table)
store = closing.ClosingStore(tables, bills, registry, DynamoClassMeters(dynamodb, settings.meters_table))
queue = WorkQueue(boto3.client("sqs"), settings.queue_url, settings.dead_letters_url)

# A bill is tens of thousands of readings, with no cycle among them: more than half the time went to looking for one.
gc.set_threshold(50_000)


@logger.inject_lambda_context
@tracer.capture_lambda_handler(capture_response=False)
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, int]:
    """Begin a round, or do the work items of a queue's event; returns the counts, which are metrics too."""
    now = int(datetime.now(UTC).timestamp())
    counts = _work(items_in(event, Item), context, now) if "Records" in event else _schedule(now)
    for name, count in counts.items():
        metrics.add_metric(name, MetricUnit.Count, count)
    return counts


def _schedule(now: int) -> dict[str, int]:
    """Begin a round. Items of the round before that are not done by now are left over.

    The bills that a command was killed before it had rated come first.
    """
    left_over = queue.unfinished()
    sent = queue.send(part.work for part in state.abandoned(now))
    return {
        "ClosingLeftOver": left_over,
        "WorkItemsSent": sent + queue.send(closing.plan(now, settings.grace_s, MONTH_PARTS)),
    }


def _work(items: Iterable[Item], context: LambdaContext, now: int) -> dict[str, int]:
    sent = final = estimated = waiting = rerated = 0

    def out_of_time() -> bool:
        return context.get_remaining_time_in_millis() < RESERVE_MS

    for item in items:
        if isinstance(item, closing.FindBills):
            sent += queue.send(closing.find(item, bills, out_of_time))
            continue
        if isinstance(item, closing.FindUnbilled):
            sent += queue.send(closing.find_unbilled(item, registry, bills, now - settings.grace_s, out_of_time))
            continue
        if isinstance(item, RateServicePoints):
            rated, left = rate_item(item, registry, tables, now, pause, out_of_time)
            rerated += rated.changed
            sent += queue.send([left] if left else [])
            if left is None:
                state.mark_rated(item.part)
            continue
        done = closing.close(item, store, now - settings.grace_s, pause, out_of_time)
        sent += queue.send([done.left] if done.left else [])
        final, estimated, waiting = final + done.final, estimated + done.estimated, waiting + done.waiting
    return {
        "BillsClosed": final,
        "ReadingsEstimated": estimated,
        "BillsWaitingForEstimate": waiting,
        "BillsRerated": rerated,
        "WorkItemsSent": sent,
    }
