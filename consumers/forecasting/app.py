"""The forecasting function: on a schedule, the next day of the fleet and each feeder, month-ends, and suspects."""

from datetime import UTC, datetime
from typing import Any

import msgspec
from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from electrocloud.aws.athena import run
from electrocloud.aws.settings import ForecastingSettings
from electrocloud.aws.stack import Stack
from electrocloud.aws.store.forecasts import Forecasts
from electrocloud.aws.store.reader import Reader
from forecasting.history import histories
from forecasting.job import update_forecasts, update_meter_outlooks, zone_of_most

RESERVE_MS = 60_000

logger = Logger()
metrics = Metrics()
tracer = Tracer()

settings = ForecastingSettings.from_environment()
# A stack has more parts than this function has a name or a permission for; those stay empty.
unused = {field.name: "" for field in msgspec.structs.fields(Stack) if field.required}
stack = msgspec.convert(unused | msgspec.structs.asdict(settings) | {"region": settings.aws_region}, Stack)
store = Forecasts(stack.client("dynamodb"), stack.forecasts_table)


@logger.inject_lambda_context
@tracer.capture_lambda_handler(capture_response=False)
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, int]:
    """Meters first, which takes a minute or so; then what forecasts the time is enough for. The next run goes on."""
    now = datetime.now(UTC)
    reader = Reader(stack)
    meters = reader.meters()
    ends, suspects = update_meter_outlooks(reader, meters, store, now)
    loads = histories(_ask, now)
    made = 0
    for _ in update_forecasts(loads, zone_of_most(meters), store, now):
        made += 1
        if context.get_remaining_time_in_millis() < RESERVE_MS:
            break
    metrics.add_metric("ForecastsMade", MetricUnit.Count, made)
    metrics.add_metric("MonthEndsMade", MetricUnit.Count, ends)
    metrics.add_metric("SuspectsFound", MetricUnit.Count, suspects)
    return {"forecasts": made, "month_ends": ends, "suspects": suspects}


def _ask(sql: str) -> list[tuple[Any, ...]]:
    return run(stack.client("athena"), sql, work_group=stack.work_group, database=stack.database).rows
