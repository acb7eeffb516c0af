"""What docs/security.md grants to the dashboard is what its pages call: the calls are recorded while they are drawn."""

import json
import re
from datetime import UTC, datetime, timedelta

import boto3
import msgspec
import pytest
import streamlit as st

from analytics.ask import ask
from analytics.questions import questions, read
from analytics.studies.background import run_study
from analytics.template import load
from dashboard import data, deployment, layout
from dashboard.bills import bill_data, invoices
from dashboard.customers import account_data, weather_data
from dashboard.exceptions import exception_data
from dashboard.forecast import forecast_data, meter_forecast
from dashboard.health import health_data
from dashboard.meter import meter_data
from dashboard.stale_while_revalidate import StaleWhileRevalidate
from dashboard.studies import study_data
from electrocloud.aws.athena import QueryError
from electrocloud.aws.ingest import quarantine
from electrocloud.aws.ingest.kinesis_event import RejectedUpload
from electrocloud.aws.stack import find_stack
from electrocloud.aws.store.store import open_store
from electrocloud.domain.errors import UsageError
from electrocloud.domain.forecast import Suspect
from electrocloud.domain.studies.study import Study, StudyRequest
from electrocloud.domain.tariffs.urdb import tariff_from_urdb
from electrocloud.services.ingest import ingest_uploads
from tests.integration.conftest import Aws
from tests.integration.test_forecasting_work import athena, do, on  # noqa: F401  fixtures
from tests.kits.calls_kit import answer_query, queries_that_run_on, recorded
from tests.kits.dashboard_kit import metrics, page, texts
from tests.kits.examples import TIME_OF_USE, upload, upload_json
from tests.kits.iam_kit import BY_ATHENA, TABLES, check_actions, check_resources, documented, tables_of, task_role
from tests.kits.memory import TABLES as NAMES
from tests.kits.registry_kit import POINT
from tests.kits.services_kit import all_at

SENDER = "demo-utility.example"  # of presentation/utility.toml
TABLE_TYPE = "AWS::Glue::Table"
TABLE = "| what | actions | on |"
DOCUMENT = TIME_OF_USE | {"timezone": "UTC"}
OUTPUTS = {"Bucket": "bucket", "WorkGroup": "primary", "Database": "lake"} | {
    f"{name}Table": name.lower() for name in ("Windows", "Bills", "Meters", "Tariffs", "Accounts", "Forecasts")
} | {"ServicePointsTable": "service_points", "PaymentDays": "21", "FutureToleranceMinutes": "15",
     "AcceptUnregisteredMeters": "true"}  # fmt: skip
# The parameters of hosting/template.yaml, as the stack in memory has these names.
HOSTED = {"Stack": "electrocloud-test", "Stream": "x", "Key": "key", "MailIdentity": SENDER} | {
    name: value
    for name, value in OUTPUTS.items()
    if name.endswith("Table") or name in ("Bucket", "WorkGroup", "Database")
}
FOLDERS = (
    "readings", "meters", "tariffs", "registry", "bills", "bill_lines", "forecast_hours", "forecast_days", "quarantine",
    "weather", "access_log", "athena",
)  # fmt: skip
BY_OTHERS = {
    *((f"glue:{action}", one) for action in ("GetDatabase", "GetTable", "GetPartitions")
      for one in ("catalog", "database/default", "database/lake", "table/lake/*")),
    *(("s3:GetObject", f"bucket/{folder}/*") for folder in FOLDERS),
    ("s3:PutObject", "bucket/athena/*"), ("s3:AbortMultipartUpload", "bucket/athena/*"),
    ("s3:ListMultipartUploadParts", "bucket/athena/*"), ("s3:GetBucketLocation", "bucket"),
    ("kms:Decrypt", "key"), ("kms:GenerateDataKey", "key"),
}  # fmt: skip
NOW = datetime.now(UTC)
POWER = {"start": "timestamp", "interval_s": "integer", "wh": "bigint", "readings": "bigint", "received_wh": "bigint"}


@pytest.fixture
def deployed(aws: Aws, monkeypatch: pytest.MonkeyPatch):
    """A stack in an account, with nothing cached of another."""
    outputs = {name: {"Value": OUTPUTS.get(name, "x")} for name in load()["Outputs"]}
    body = {"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}, "Outputs": outputs}
    boto3.client("cloudformation").create_stack(StackName="electrocloud-test", TemplateBody=json.dumps(body))
    monkeypatch.setenv("ELECTROCLOUD_STACK", "electrocloud-test")
    monkeypatch.setattr(layout, "FIRST_PAINT_S", 0)
    monkeypatch.setattr(data, "_registry", StaleWhileRevalidate(lambda: deployment.reader().meters(), lambda: 1e9, 1e9))
    monkeypatch.setattr(data, "_fleet", StaleWhileRevalidate(data._read_fleet, lambda: 1e9, 1e9))
    monkeypatch.setattr(data, "_network", StaleWhileRevalidate(data._read_network, lambda: 1e9, 1e9))
    caches = (
        find_stack, deployment.reader, deployment.registry_store, deployment.search_index, deployment._athena,
        health_data._health_reader, bill_data._bills, account_data._reader, forecast_data._store, forecast_data._loads,
        invoices._reader, invoices._log, invoices._mailer,
    )  # fmt: skip
    for cache in caches:
        cache.cache_clear()
    st.cache_resource.clear()
    yield aws
    for cache in caches:
        cache.cache_clear()
    st.cache_resource.clear()


@pytest.fixture
def filled(deployed: Aws, on, athena):  # noqa: F811
    """A meter with ten days of readings, its bill and forecasts, and an upload that was rejected today."""
    attributes = {"feeder": "F1", "class": "home", "tariff_id": "tou", "timezone": "UTC"}
    item = {name: {"S": value} for name, value in attributes.items()} | {"lat": {"N": "50"}, "lon": {"N": "8"}}
    deployed.dynamodb.put_item(TableName="meters", Item=item | {"meter_id": {"S": "m-1"}})
    moved = {"meter_id": {"S": "m-9"}, "service_points": {"L": [{"S": "SP-9"}]}}
    deployed.dynamodb.put_item(TableName="meters", Item=item | moved)
    tariff = {"tariff_id": {"S": "tou"}, "document": {"S": json.dumps(DOCUMENT)}}
    deployed.dynamodb.put_item(TableName="tariffs", Item=tariff)
    days = [(NOW - timedelta(days=back)).date() for back in range(1, 40)]
    uploads = [upload(day=day, wh=[100] * 24, interval_s=3600) for day in days]
    tables = open_store(deployed.dynamodb, NAMES, lambda _: None).tables
    ingest_uploads(uploads, tables, all_at(tariff_from_urdb(DOCUMENT)), lambda _: None)
    do("meters", on)
    boto3.client("kinesis").create_stream(StreamName="x", ShardCount=1)
    row = RejectedUpload("not-json", "no JSON", upload_json(), "1", 0, "m-1", NOW)
    quarantine.put(deployed.s3, "bucket", [row], lambda: False)
    boto3.client("cloudwatch").put_metric_data(
        Namespace="ElectroCloud",
        MetricData=[
            {
                "MetricName": "UploadsRejected",
                "Dimensions": [{"Name": "service", "Value": "metering"}],
                "Timestamp": NOW - timedelta(minutes=5),
                "Value": 1,
            }
        ],
    )
    return deployed


def make_a_study(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start a study, and make it as its process does: it fails, since the registry has no service point."""
    started: list[Study] = []
    monkeypatch.setattr(study_data, "start_study", started.append)
    month = (NOW.replace(day=1) - timedelta(days=1)).strftime("%Y-%m")
    study_id = study_data.start(StudyRequest(month, month, tariff_id="tou"))
    store = study_data._store()
    with pytest.raises(UsageError, match="no service point"):
        run_study(find_stack(), store, store.get(study_id))
    assert study_data.study(study_id).status == "failed"
    assert [one.study_id for one in started] == [study_id]


def act_on_an_exception(aws: Aws) -> None:
    """Note, edit and void what was rejected, and void suspect readings."""
    rows = [RejectedUpload("not-json", "no JSON", b"{", "2", number, "m-1", NOW) for number in range(2)]
    quarantine.put(aws.s3, "bucket", rows, lambda: False)
    exception_data.forget_rejected()
    one, other = exception_data.rejected(NOW - timedelta(hours=1))
    exception_data.note(one, "checked")
    exception_data.put_back(one, "corrected", upload_json())
    exception_data.void(other, "broken")
    start = int(NOW.timestamp()) // 86_400 * 86_400 - 86_400
    exception_data.void_suspect(Suspect("m-1", "high", start, start + 3600, 1, 2), "checked")
    yesterday = Suspect("m-1", "zero", start, start + 3600, 1, 2)
    (reading,) = exception_data.readings_of(yesterday)
    at = datetime.fromtimestamp(reading.start, UTC)
    exception_data.correct_suspect(yesterday, at, 5, "read again")
    assert len(exception_data.notes((NOW - timedelta(days=2)).date())) == 4


def test_the_dashboards_credentials_may_do_what_it_does(filled: Aws, monkeypatch: pytest.MonkeyPatch):
    client = boto3.client("athena")
    boto3.client("sesv2").create_email_identity(EmailIdentity=SENDER)
    account = {"account_id": "A-9", "name": "Ann", "email": "ann@example.com"}
    filled.dynamodb.put_item(
        TableName="accounts", Item={"account_id": {"S": "A-9"}, "document": {"S": json.dumps(account)}}
    )
    answer_query(client, POWER, [((NOW - timedelta(hours=30)).replace(tzinfo=None), 3600, 100, 1, 0)])
    with recorded() as calls:
        assert metrics(page("live"))["Rejected uploads"] == "1"
        assert metrics(page("network"))["Without a rating"] == "1"
        assert "Bill so far" in metrics(page("meter", meter="m-1"))
        bills = page("bills", month=(NOW - timedelta(days=32)).strftime("%Y-%m"), bill="m-1")
        assert bills.dataframe
        assert bills.button(key="bills_xlsx").click().run().get("download_button")
        assert "Nothing in the registry" in texts(page("customers", search="nobody"))
        page("forecast")
        assert metrics(page("health"))["Rejected uploads"] == "1"
        rejected = page("exceptions", period="Last 24 hours")
        assert rejected.dataframe
        rejected.selectbox(key="reason").set_value("not-json").run().button[0].click().run()
        assert rejected.success
        act_on_an_exception(filled)
        assert "Compare with" in [one.label for one in page("studies").selectbox]
        make_a_study(monkeypatch)
        analytics = page("analytics")
        analytics.button[0].click().run()
        assert not analytics.exception
        assert not meter_forecast.main("m-1").error
        assert meter_data.green_button_file("m-1")().startswith(b"<?xml")
        meter_data.service_histories("m-9")
        assert not bill_data.history("m-9")
        assert not account_data.account_statement("A-9").payments
        assert not weather_data.temperatures(POINT)
        assert bill_data.bill("m-9", f"{NOW:%Y-%m}") is None
        assert not bill_data.versions("AG-9", f"{NOW:%Y-%m}")
        (bill,) = bill_data.versions("m-1", f"{NOW - timedelta(days=32):%Y-%m}")
        customer = msgspec.structs.replace(bill.bill, account_id="A-9", meter_id="m-9")
        assert invoices.pdf(bill._replace(bill=customer))().startswith(b"%PDF")
        final = bill._replace(bill=msgspec.structs.replace(customer, status="final"))
        (result,) = invoices.mail(invoices.statements([final]), "click", False)
        assert result.sent, result.note
        with queries_that_run_on(), pytest.raises(QueryError, match="was stopped"):
            ask(find_stack(), client, "SELECT 1", limit_s=0)
    grants = documented("security.md", TABLE)
    check_actions(grants, calls, BY_ATHENA)
    check_resources(task_role(**HOSTED), calls, BY_OTHERS)
    assert grants["dynamodb:Query"] == {"the tables and `BillsTable/index/*`"}
    assert {table for action, table in calls if action.startswith("dynamodb:")} <= {*TABLES.values()}


def test_athena_may_read_for_the_dashboard_what_its_questions_read():
    asked = (*questions().values(), *map(read, data.QUERIES.glob("*.sql")))
    tables = tables_of(question.render({}, NOW) for question in asked)
    inputs = [one["Properties"]["TableInput"] for one in load()["Resources"].values() if one["Type"] == TABLE_TYPE]
    files = [one for one in inputs if "Location" in one.get("StorageDescriptor", {})]
    locations = {one["Name"]: one["StorageDescriptor"]["Location"]["Fn::Sub"] for one in files}
    folders = {locations[name].removeprefix("s3://${Bucket}/").split("/")[0] + "/*" for name in tables & {*locations}}
    (granted,) = (text for text in documented("security.md", TABLE)["s3:GetObject"] if "catalog" in text)
    assert {*re.findall(r"`(\w+/\*)`", granted)} == folders
