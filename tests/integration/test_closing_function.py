"""The closing function's own handler, on tables in memory."""

import importlib
import json
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace

import pytest

from electrocloud.aws.store.dynamodb_items import bill_key, bill_of
from electrocloud.aws.store.store import open_store
from electrocloud.domain.billing.service import BillKey
from electrocloud.domain.local_time import BillingMonth
from electrocloud.domain.tariffs.urdb import tariff_from_urdb
from electrocloud.services.fixed_services import FixedServices
from electrocloud.services.ingest import ingest_uploads
from tests.kits.examples import TIME_OF_USE, upload
from tests.kits.memory import TABLES

TARIFF = {**TIME_OF_USE, "timezone": "UTC"}


def context(left_ms):
    return SimpleNamespace(
        function_name="closing",
        memory_limit_in_mb=1024,
        invoked_function_arn="arn",
        aws_request_id="r-1",
        get_remaining_time_in_millis=lambda: left_ms,
    )


@pytest.fixture
def app(aws, monkeypatch):
    for name in ("windows", "bills", "meters", "tariffs", "service_points"):
        monkeypatch.setenv(f"{name.upper()}_TABLE", name)
    monkeypatch.setenv("ESTIMATE_AFTER_HOURS", "1")
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "closing")
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "ElectroCloud")
    monkeypatch.setenv("POWERTOOLS_TRACE_DISABLED", "true")
    aws.dynamodb.put_item(TableName="tariffs", Item={"tariff_id": {"S": "tou"}, "document": {"S": json.dumps(TARIFF)}})
    aws.dynamodb.put_item(TableName="meters", Item={"meter_id": {"S": "m-1"}, "tariff_id": {"S": "tou"}})
    from consumers.closing import app

    return importlib.reload(app)


@pytest.fixture
def last_month(aws):
    """A meter whose last month lacks its twentieth day."""
    this = BillingMonth.at(int(datetime.now(UTC).timestamp()), "UTC")
    month = BillingMonth.at(this.start - 1, "UTC")
    first = date(month.year, month.month, 1)
    days = [first + timedelta(days=number) for number in range(month.days) if number != 19]
    tables = open_store(aws.dynamodb, TABLES, lambda attempt: None).tables
    tariff = tariff_from_urdb(TARIFF)
    uploads = [upload(day=day, wh=[100] * 24, interval_s=3600) for day in days]
    ingest_uploads(uploads, tables, FixedServices(lambda meters: dict.fromkeys(meters, tariff)), lambda attempt: None)
    return month


def kept(aws, month):
    return bill_of(aws.dynamodb.get_item(TableName="bills", Key=bill_key(BillKey("m-1", str(month))))["Item"])


def test_after_the_grace_period_gaps_are_estimated_and_the_bill_is_final(app, aws, last_month):
    assert kept(aws, last_month).status == "provisional"
    assert app.handler({}, context(900_000)) == {"closed": 1, "estimated": 24}
    bill = kept(aws, last_month)
    assert (bill.status, bill.intervals.missing, bill.intervals.estimated) == ("final", 0, 24)
    assert app.handler({}, context(900_000)) == {"closed": 0, "estimated": 0}


def test_nothing_is_closed_within_the_grace_period(app, aws, last_month, monkeypatch):
    monkeypatch.setenv("ESTIMATE_AFTER_HOURS", str(24 * 40))
    assert importlib.reload(app).handler({}, context(900_000)) == {"closed": 0, "estimated": 0}


def test_work_that_does_not_fit_the_time_limit_is_left_to_the_next_run(app, aws, last_month):
    assert app.handler({}, context(1_000)) == {"closed": 0, "estimated": 0}
    assert kept(aws, last_month).status == "provisional"
