"""What a function's role grants is what the function calls: the calls are recorded while its handler runs."""

import base64
import importlib
import json
from datetime import UTC, date, datetime, time, timedelta
from functools import partial

import boto3
import pytest

from electrocloud.aws.athena import QueryError
from electrocloud.aws.customer_tokens import CustomerTokens
from electrocloud.aws.store.forecasts import Forecasts
from electrocloud.aws.store.registry_state import LOCK_S
from electrocloud.aws.store.store import open_store
from electrocloud.services.closing import FindUnbilled
from electrocloud.services.ingest import ingest_uploads
from electrocloud.services.rating import VersionReason
from forecasting.fleet_loads import _LOADS
from forecasting.stored_weather import _PLACES, _TEMPERATURES
from registry.desk import RegistryDesk
from tests.integration.test_closing_function import app as closing_app  # noqa: F401  fixtures
from tests.integration.test_closing_function import context, last_month, queue, silent_neighbor  # noqa: F401
from tests.integration.test_forecasting_work import register
from tests.integration.test_pipeline_events import MADE, add_meter, reject
from tests.integration.test_registry_desk import stack_on
from tests.kits.calls_kit import answer_query, queries_that_run_on, recorded
from tests.kits.examples import TIME_OF_USE, kinesis_event, upload, upload_json
from tests.kits.function_kit import CONTEXT
from tests.kits.iam_kit import BY_ATHENA, BY_LAMBDA, check, granted, tables_of
from tests.kits.memory import TABLES
from tests.kits.read_api_kit import event, token_key
from tests.kits.registry_kit import registry


@pytest.fixture
def exporter(aws):
    """The meter m-3, at a tariff that credits export."""
    document = json.dumps({**TIME_OF_USE, "timezone": "UTC", "dgrules": "Net Metering"})
    aws.dynamodb.put_item(TableName="tariffs", Item={"tariff_id": {"S": "netted"}, "document": {"S": document}})
    aws.dynamodb.put_item(TableName="meters", Item={"meter_id": {"S": "m-3"}, "tariff_id": {"S": "netted"}})
    return "m-3"


def test_the_metering_function_may_do_what_it_does(app, aws, exporter):
    aws.dynamodb.put_item(
        TableName="meters",
        Item={"meter_id": {"S": "m-9"}, "service_points": {"L": [{"S": "SP-9"}]}},
    )
    with recorded() as calls:
        uploads = [upload_json(), upload_json(meter_id="m-2", day=date(2026, 11, 25)), upload_json(meter_id="m-9")]
        uploads.append(upload_json(meter_id=exporter))
        app.handler(kinesis_event([*uploads, b"no json", upload_json(meter_id="nobody")]), CONTEXT)
    check("MeteringRole", calls)


def test_the_closing_function_may_do_what_it_does(
    aws,
    closing_app,  # noqa: F811
    queue,  # noqa: F811
    last_month,  # noqa: F811
    silent_neighbor,  # noqa: F811
    exporter,
):
    first = date(last_month.year, last_month.month, 1)
    days = [first + timedelta(days=number) for number in range(last_month.days) if number != 19]
    uploads = [upload(meter_id=exporter, day=day, wh=[100] * 24, interval_s=3600) for day in days]
    tables, registry = open_store(aws.dynamodb, TABLES, lambda attempt: None)
    ingest_uploads(uploads, tables, registry, lambda attempt: None)
    long_ago = int(datetime.now(UTC).timestamp()) - 2 * LOCK_S
    with closing_app.state.lock(long_ago):  # of a command that was killed
        closing_app.state.begin(["SP-1"], VersionReason("price corrected", "a clerk"))
    with recorded() as calls:
        closing_app.handler({}, context(300_000))
        closing_app.queue.send([FindUnbilled(str(silent_neighbor), 0, 1)])
        queue.drain(closing_app.handler, context(300_000))
    check("ClosingRole", calls)


def test_the_publishing_function_may_do_what_it_does(app, aws, monkeypatch):
    days = [date(2026, 6, 30) + timedelta(days=number) for number in range(32)]  # July in Berlin
    app.handler(kinesis_event([upload_json(day=day, wh=[100] * 24, interval_s=3600) for day in days]), CONTEXT)
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "publishing")
    monkeypatch.setenv("FORECASTS_TABLE", "forecasts")
    Forecasts(aws.dynamodb, "forecasts").add(MADE)
    reject(aws, 1, datetime.now(UTC))
    monkeypatch.setenv("EVENT_BUS", boto3.client("events").create_event_bus(Name="bills")["EventBusArn"].split("/")[1])
    from consumers.publishing import app as publishing

    publishing = importlib.reload(publishing)
    with recorded() as calls:
        assert publishing.handler({}, context(300_000)) == {"EventsPublished": 2, "BillsPublished": 1}
    check("PublishingRole", calls)


def test_the_transform_may_do_what_it_does(aws, monkeypatch):
    for name, value in {
        "METERS_TABLE": "meters", "FUTURE_TOLERANCE_MINUTES": "60",
        "ACCEPT_UNREGISTERED_METERS": "true", "POWERTOOLS_SERVICE_NAME": "transform",
        "POWERTOOLS_METRICS_NAMESPACE": "ElectroCloud", "POWERTOOLS_TRACE_DISABLED": "true",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    from firehose.transform import app as transform  # which reads the environment when it is imported

    transform = importlib.reload(transform)
    record = {"recordId": "1", "approximateArrivalTimestamp": 1_795_600_000_000}
    called = json.loads(upload_json()) | {"caller": "arn:aws:iam::111122223333:role/head-end"}
    data = base64.b64encode(json.dumps(called).encode()).decode()
    with recorded() as calls:
        event = {"invocationId": "i", "deliveryStreamArn": "a", "region": "r", "records": [record | {"data": data}]}
        transform.handler(event, CONTEXT)
    check("TransformRole", calls)


@pytest.fixture
def forecasting_app(aws, queue, monkeypatch):  # noqa: F811
    for name in ("windows", "meters", "tariffs", "service_points", "forecasts"):
        monkeypatch.setenv(f"{name.upper()}_TABLE", name)
    for name, value in {
        "BUCKET": aws.bucket, "DATABASE": "lake", "WORK_GROUP": "primary", "POWERTOOLS_SERVICE_NAME": "forecasting",
        "POWERTOOLS_METRICS_NAMESPACE": "ElectroCloud", "POWERTOOLS_TRACE_DISABLED": "true",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    from consumers.forecasting import app

    return importlib.reload(app)


def test_the_read_function_may_do_what_it_does(aws, monkeypatch):
    desk = RegistryDesk(stack_on(aws))
    desk.apply(registry(), "test")
    ingest_uploads(
        [upload(meter_id="M-1", day=date(2026, 11, 20), wh=[100] * 24, interval_s=3600)],
        desk._tables, desk._services, lambda attempt: None,
    )  # fmt: skip
    key = token_key()
    for name, value in {
        "WINDOWS_TABLE": "windows", "BILLS_TABLE": "bills", "METERS_TABLE": "meters", "FORECASTS_TABLE": "forecasts",
        "SERVICE_POINTS_TABLE": "service_points", "TARIFFS_TABLE": "tariffs", "ACCOUNTS_TABLE": "accounts",
        "TOKEN_KEY": key,
        "POWERTOOLS_SERVICE_NAME": "readapi",
        "POWERTOOLS_METRICS_NAMESPACE": "ElectroCloud", "POWERTOOLS_TRACE_DISABLED": "true",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    from consumers.readapi import app as reading

    reading = importlib.reload(reading)
    token = CustomerTokens(boto3.client("kms"), key).issue("A-1", 60)
    with recorded() as calls:
        for path in (
            "meters/M-1/usage",
            "meters/M-1/forecast",
            "meters/M-1/green-button",
            "agreements/AG-1/bills/2026-11",
        ):
            found = reading.handler(event(f"/v1/customer/{path}", None, Authorization=f"Bearer {token}"), CONTEXT)
            assert found["statusCode"] == (404 if "forecast" in path else 200), found
        bill = event(f"/v1/customer/{path}", None, Authorization=f"Bearer {token}", Accept="application/pdf")
        assert reading.handler(bill, CONTEXT)["isBase64Encoded"] is True
        reading.handler(event("/v1/operator/forecasts", "arn:aws:iam::111122223333:role/operators"), CONTEXT)
    check("ReadApiRole", calls)


LOADS = {
    "feeder": "varchar", "class": "varchar", "zone": "varchar", "dt": "varchar", "hour": "timestamp", "wh": "bigint",
    "meters": "bigint",
}  # fmt: skip


def test_the_forecasting_function_may_do_what_it_does(aws, forecasting_app, queue, monkeypatch):  # noqa: F811
    register(aws, ["m-1"])
    aws.dynamodb.put_item(TableName="meters", Item={"meter_id": {"S": "m-9"}, "service_points": {"L": [{"S": "SP-9"}]}})
    add_meter(aws, "m-1", tariff_id={"S": "tou"})
    midnight = datetime.combine(datetime.now(UTC).date(), time()) - timedelta(days=3)
    hours = [midnight + timedelta(hours=hour) for hour in range(72)]
    for day in {hour.date() for hour in hours}:
        aws.s3.put_object(Bucket=aws.bucket, Key=f"readings/dt={day}/a.parquet", Body=b"rows")
    answer_query(forecasting_app.athena, LOADS, [("F1", None, "UTC", hour.date(), hour, 100, 3) for hour in hours])
    with recorded() as calls:
        for work, items, made in (
            ("loads", 1, "LoadDaysRead"), ("series", 2, "ForecastsMade"), ("fleet", 1, "FeedersSummed"),
            ("meters", 1, "MonthEndsMade"),
            ("silence", 1, "MetersSilent"),
        ):  # fmt: skip
            assert forecasting_app.handler({"work": work}, context(300_000))["WorkItemsSent"] == items
            assert queue.drain(forecasting_app.handler, context(300_000))[made]
        monkeypatch.setattr(forecasting_app, "run_query", partial(forecasting_app.run_query, limit_s=0))
        with queries_that_run_on(), pytest.raises(QueryError, match="was stopped"):
            forecasting_app.deployment.ask("SELECT 1")
    check("ForecastingRole", calls, BY_LAMBDA | BY_ATHENA)


def test_athena_may_read_for_forecasting_the_tables_that_its_query_reads():
    tables = {arn.rpartition("/")[2] for arn in granted("ForecastingRole")["glue:GetTable"] if ":table/" in arn}
    assert tables == tables_of(
        [
            _LOADS.format(days="'2026-11-24'"),
            _TEMPERATURES.format(since="2026-11-01 00:00:00", stations="'S'", judged="2026-11-24 00:00:00"),
            _PLACES,
        ]
    )
