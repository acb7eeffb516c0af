"""What people read of a deployment is what the metering core has stored in it."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import boto3
import pytest

from electrocloud.aws.ingest.kinesis_event import RejectedUpload
from electrocloud.aws.ingest.quarantine import put
from electrocloud.aws.stack import Stack
from electrocloud.aws.store.reader import Reader
from electrocloud.aws.store.store import open_store
from electrocloud.domain.billing.service import BillKey
from electrocloud.domain.readings.upload import Upload
from electrocloud.domain.tariffs.urdb import tariff_from_urdb
from electrocloud.services.fixed_services import FixedServices
from electrocloud.services.ingest import ingest_uploads
from tests.integration.conftest import REGION, Aws
from tests.kits.examples import TIME_OF_USE, upload
from tests.kits.memory import TABLES

DAY = date(2026, 11, 24)


@pytest.fixture
def reader(aws: Aws) -> Reader:
    names = dict.fromkeys(Stack.__struct_fields__, "none") | {
        "windows_table": "windows", "bills_table": "bills", "meters_table": "meters", "tariffs_table": "tariffs",
        "service_points_table": "service_points",
        "bucket": aws.bucket, "region": REGION, "endpoint": None,
    }  # fmt: skip
    return Reader(Stack(**names))


def store(aws: Aws, *uploads: Upload) -> None:
    tables = open_store(aws.dynamodb, TABLES, lambda _: None).tables
    tariff = tariff_from_urdb(TIME_OF_USE)
    ingest_uploads(uploads, tables, FixedServices(lambda meters: dict.fromkeys(meters, tariff)), lambda _: None)


def register(aws: Aws, meter_id: str) -> None:
    texts = {"meter_id": meter_id, "feeder": "F1", "class": "home", "tariff_id": "tou", "timezone": "Europe/Berlin"}
    item = {name: {"S": text} for name, text in texts.items()} | {"lat": {"N": "51.5"}, "lon": {"N": "9.9"}}
    aws.dynamodb.put_item(TableName="meters", Item=item)


def test_registered_meters_come_in_order_and_one_by_its_id(aws: Aws, reader: Reader) -> None:
    for meter_id in ("m-2", "m-1"):
        register(aws, meter_id)
    assert [meter.meter_id for meter in reader.meters()] == ["m-1", "m-2"]
    second = ("m-2", 51.5, 9.9, "F1", "home", "tou", "Europe/Berlin", 86_400, "")
    assert reader.meter("m-2") == reader.meters()[1] == second
    assert reader.meter("m-3") is None


def test_a_meter_where_nobody_has_an_agreement_is_one_of_the_fleet_without_a_tariff(aws: Aws, reader: Reader) -> None:
    register(aws, "m-1")
    item = aws.dynamodb.get_item(TableName="meters", Key={"meter_id": {"S": "m-1"}})["Item"]
    del item["tariff_id"]
    aws.dynamodb.put_item(TableName="meters", Item=item | {"upload_every_s": {"N": "3600"}})
    (meter,) = reader.meters()
    assert (meter.tariff_id, meter.upload_every_s) == ("", 3600)


def test_tariffs_are_the_rules_of_their_documents(aws: Aws, reader: Reader) -> None:
    item = {"tariff_id": {"S": "tou"}, "document": {"S": json.dumps(TIME_OF_USE)}}
    aws.dynamodb.put_item(TableName="tariffs", Item=item)
    assert reader.tariffs()["tou"].fingerprint == tariff_from_urdb(TIME_OF_USE).fingerprint


def test_days_come_in_order_and_the_newest_alone(aws: Aws, reader: Reader) -> None:
    store(aws, *(upload(day=DAY - timedelta(days=back), wh=[back]) for back in (0, 1, 2)))
    days = reader.days("m-1", DAY - timedelta(days=1), DAY)
    assert [(day.day, day.latest.wh) for day in days] == [(DAY - timedelta(days=1), 1), (DAY, 0)]
    newest = reader.newest_days(["m-1", "m-9"])
    assert {meter: day.day for meter, day in newest.items()} == {"m-1": DAY}


def test_one_day_of_more_meters_than_one_call_takes(aws: Aws, reader: Reader) -> None:
    ids = [f"m-{number:03}" for number in range(130)]
    store(aws, *(upload(meter_id=meter_id, wh=[7]) for meter_id in ids[::2]))
    assert sorted(reader.day_of_each(ids, DAY)) == ids[::2]


def test_a_month_s_bills_of_all_parts_of_the_index_are_the_stored_ones(aws: Aws, reader: Reader) -> None:
    ids = [f"m-{number:02}" for number in range(20)]
    store(aws, *(upload(meter_id=meter_id, wh=[1_000] * (number + 1)) for number, meter_id in enumerate(ids)))
    rows = reader.bills_of_month("2026-11")
    assert [row.meter_id for row in rows] == ids
    for row in rows:
        bill = reader.bill(row.meter_id, "2026-11")
        assert bill
        assert (row.energy_kwh, row.total) == (bill.energy_kwh, bill.total_rounded)
    assert sum(row.energy_kwh for row in rows) == Decimal(210)
    assert reader.bills_of_month("2026-10") == []


def test_the_bills_of_more_keys_than_one_call_takes_come_in_order_without_those_that_do_not_exist(
    aws: Aws, reader: Reader
) -> None:
    ids = [f"m-{number:03}" for number in range(120)]
    store(aws, *(upload(meter_id=meter_id, wh=[1_000 + number]) for number, meter_id in enumerate(ids[:-1])))
    keys = [BillKey(row.agreement_id, row.cycle) for row in reversed(reader.bills_of_month("2026-11"))]
    found = [one.bill for one in reader.bills([BillKey("m-119", "2026-11"), *keys])]
    assert [bill.meter_id for bill in found] == ids[-2::-1]
    assert found[0] == reader.bill(found[0].meter_id, "2026-11")


def test_what_is_not_due_yet_is_not_missing_whenever_somebody_looks(aws: Aws, reader: Reader) -> None:
    store(aws, upload(day=date(2026, 11, 3), wh=[100] * 24, interval_s=3600))

    for now, missing, later in (
        (datetime(2026, 11, 4, 6, 30, tzinfo=UTC), 49 + 6, 24 * 27 - 7),
        (datetime(2026, 11, 29, 23, tzinfo=UTC), 49 + 24 * 26 - 1, 24),
        (datetime(2026, 12, 1, tzinfo=UTC), 720 - 24, 0),
    ):
        reader._clock = now.timestamp
        (row,) = reader.bills_of_month("2026-11")
        bill = reader.bill("m-1", "2026-11")
        assert bill
        counts = bill.intervals
        assert (counts.expected, counts.read, counts.missing, counts.not_yet_due) == (720, 24, missing, later)
        assert (row.missing, row.not_yet_due) == (missing, later)
        assert [*reader.history("m-1")] == [one.bill for one in reader.bills([BillKey("m-1", "2026-11")])] == [bill]


def test_a_bill_that_an_earlier_version_of_the_code_stored_counts_all_it_lacks_as_missing(
    aws: Aws, reader: Reader
) -> None:
    store(aws, upload(day=date(2026, 11, 3), wh=[100] * 24, interval_s=3600))
    (item,) = aws.dynamodb.scan(TableName="bills")["Items"]
    aws.dynamodb.put_item(TableName="bills", Item=item | {"missing": {"N": "696"}})

    reader._clock = datetime(2026, 11, 4, tzinfo=UTC).timestamp
    (row,) = reader.bills_of_month("2026-11")
    assert (row.missing, row.not_yet_due) == (696, 0)


def test_the_history_has_replaced_versions_before_the_current_one(aws: Aws, reader: Reader) -> None:
    first = date(2026, 10, 31)  # the last hours of September and all of October in Berlin
    days = [first - timedelta(days=back) for back in range(32)]
    store(aws, *(upload(day=day, wh=[100] * 24, interval_s=3600) for day in days))
    store(aws, upload(day=days[5], wh=[900], interval_s=3600, revision=1))
    october = [bill for bill in reader.history("m-1") if bill.month == "2026-10"]
    assert [bill.version for bill in october] == [1, 2]
    assert october[1] == reader.bill("m-1", "2026-10")


def test_metrics_are_the_function_s_own_by_the_minute(aws: Aws, reader: Reader) -> None:
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    datum = {"MetricName": "ReadingsStored", "Dimensions": [{"Name": "service", "Value": "metering"}]}
    boto3.client("cloudwatch").put_metric_data(
        Namespace="ElectroCloud",
        MetricData=[datum | {"Timestamp": now - timedelta(minutes=2), "Value": value} for value in (20.0, 30.0)],
    )
    found = reader.metrics({"ReadingsStored": "Sum", "UploadAge": "p95"}, now - timedelta(minutes=5), now, 60)
    assert found["ReadingsStored"].values == [50.0]
    assert found["UploadAge"].values == []


def test_the_quarantine_is_counted_by_reason(aws: Aws, reader: Reader) -> None:
    arrived = datetime(2026, 11, 24, 12, tzinfo=UTC)
    for position, reason in enumerate(("misaligned", "misaligned", "not-json")):
        put(aws.s3, aws.bucket, [RejectedUpload(reason, "why", b"{", "1", position, "key", arrived)], lambda: False)
    assert reader.quarantined(DAY) == {"misaligned": 2, "not-json": 1}
