"""The read function: answers API Gateway's calls for usage, bills and forecasts."""

import time
from typing import Any

import boto3
from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from electrocloud.aws.backoff import pause
from electrocloud.aws.customer_tokens import CustomerTokens
from electrocloud.aws.settings import ReadApiSettings
from electrocloud.aws.store.forecasts import Forecasts
from electrocloud.aws.store.meter_lookup import MeterLookup
from electrocloud.aws.store.meter_reader import MeterReader
from electrocloud.aws.store.registry import RegistryStore, RegistryTables
from electrocloud.aws.store.service_lookup import ServiceLookup
from electrocloud.aws.store.statements import StatementReader
from presentation.read_api.routes import ReadApi, Sources

logger = Logger()
metrics = Metrics()
tracer = Tracer()

settings = ReadApiSettings.from_environment()
dynamodb = boto3.client("dynamodb")
tables = RegistryTables(
    settings.service_points_table, settings.meters_table, settings.tariffs_table, settings.accounts_table
)
registry = RegistryStore(dynamodb, tables, pause)
meters = MeterLookup(dynamodb, settings.meters_table, pause, time.monotonic)
api = ReadApi(
    Sources(
        MeterReader(dynamodb, settings),
        registry,
        ServiceLookup(registry, meters, time.monotonic),
        StatementReader(dynamodb, settings.bills_table, registry, pause),
        Forecasts(dynamodb, settings.forecasts_table),
        CustomerTokens(boto3.client("kms"), settings.token_key),
    )
)


@logger.inject_lambda_context
@tracer.capture_lambda_handler(capture_response=False)
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer a call; how many were answered and how is in metrics."""
    if "httpMethod" not in event:
        return {}  # the laptop starts each function once with an empty event
    found = api.answer(event, context)
    metrics.add_metric("ReadCalls", MetricUnit.Count, 1)
    return found
