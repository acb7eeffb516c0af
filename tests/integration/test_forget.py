"""Forgetting a meter: all of it, old versions too, nothing of anybody else's, and as often as one likes."""

import base64
import gzip
import io
import json
from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow.parquet as pq
import pytest

from analytics.erasure import StoredData, erase_meter
from analytics.template import load
from electrocloud.aws.ingest.kinesis_event import read_event
from electrocloud.aws.ingest.quarantine import put
from electrocloud.aws.store.forecasts import Forecasts
from electrocloud.domain.forecast import MonthEnd, Range
from laptop.delivery import Delivery, Plan
from tests.integration.test_metering_function import CONTEXT, app  # noqa: F401  the fixture
from tests.kits.examples import kinesis_event, upload_json

NOBODY = StoredData(0, 0, 0, 0, 0, 0, 0, 0)
ARRIVED = datetime(2026, 11, 25, tzinfo=UTC)


class Deployment:
    """What `forget_meter` needs of a stack, on the clients of the test."""

    windows_table, bills_table, meters_table, forecasts_table = "windows", "bills", "meters", "forecasts"

    def __init__(self, aws):
        self._aws = aws
        self.bucket = aws.bucket

    def client(self, service):
        return {"dynamodb": self._aws.dynamodb, "s3": self._aws.s3}[service]


@pytest.fixture(params=["Enabled", "Suspended"])
def stack(request, aws, app):  # noqa: F811
    """Two meters' windows, bills, Parquet and refused uploads; m-1 has a file of its own and shares another."""
    aws.s3.put_bucket_versioning(Bucket=aws.bucket, VersioningConfiguration={"Status": request.param})
    days = [date(2026, 10, 30), date(2026, 11, 24)]
    uploads = [upload_json(meter_id=meter, day=day) for meter in ("m-1", "m-2") for day in days]
    app.handler(kinesis_event(uploads), CONTEXT)
    amount = Range(Decimal(3), Decimal(2), Decimal(4))
    ends = [MonthEnd(meter, month, 0, amount, amount) for meter in ("m-1", "m-2") for month in ("2026-10", "2026-11")]
    Forecasts(aws.dynamodb, "forecasts").put_month_ends(ends)
    bad = [upload_json(meter_id=meter, interval_s=7) for meter in ("m-1", "m-2")]
    put(aws.s3, aws.bucket, read_event(kinesis_event(bad)["Records"])[1], lambda: False)

    def write(key, body):
        aws.s3.put_object(Bucket=aws.bucket, Key=key, Body=body)

    delivery = Delivery(Plan.of(load(), {}), write, lambda: 0.0)
    records = [
        {"Data": data, "SequenceNumber": str(n), "ApproximateArrivalTimestamp": ARRIVED}
        for n, data in enumerate((*uploads, upload_json(day=date(2026, 11, 2))))
    ]
    delivery.take(records)
    delivery.flush(running_stack=True)
    lines = [json.dumps({"rawData": base64.b64encode(data).decode(), "attemptsMade": 4}) for data in bad]
    write("errors/processing-failed/dt=2026-11-25/firehose-1", "\n".join(lines).encode())
    return Deployment(aws)


def rows(stack):
    """The meters of all Parquet rows, in current and old versions."""
    s3 = stack.client("s3")
    found = s3.list_object_versions(Bucket=stack.bucket, Prefix="readings/").get("Versions", [])
    bodies = (
        s3.get_object(Bucket=stack.bucket, Key=one["Key"], VersionId=one["VersionId"])["Body"].read() for one in found
    )
    return [meter for body in bodies for meter in pq.read_table(io.BytesIO(body))["meter_id"].to_pylist()]


def running_stack(stack):
    """All items and all versions of all objects, as text to search in."""
    s3, dynamodb = stack.client("s3"), stack.client("dynamodb")
    texts = [repr(dynamodb.scan(TableName=table)["Items"]) for table in ("windows", "bills", "meters", "forecasts")]
    for one in s3.list_object_versions(Bucket=stack.bucket).get("Versions", []):
        body = s3.get_object(Bucket=stack.bucket, Key=one["Key"], VersionId=one["VersionId"])["Body"].read()
        texts.append(body.decode(errors="replace"))
        if "quarantine/" in one["Key"] or "errors/" in one["Key"]:
            for line in (gzip.decompress(body) if one["Key"].endswith(".gz") else body).splitlines():
                row = json.loads(line)
                texts.append(base64.b64decode(row.get("payload") or row["rawData"]).decode())
    return "\n".join(texts + rows(stack))


def test_without_really_it_tells_what_there_is_and_changes_nothing(stack):
    before = running_stack(stack)
    told = erase_meter(stack, "m-1", really=False)
    assert told == StoredData(registered=1, days=2, bills=2, month_ends=2, files=3, rows=12, refused=2, versions=0)
    assert running_stack(stack) == before


def test_nothing_of_the_meter_is_left_and_all_of_the_others(stack):
    others = rows(stack).count("m-2")
    erase_meter(stack, "m-1", really=True)
    assert "m-1" not in running_stack(stack)
    assert rows(stack).count("m-2") == others == 8
    dynamodb = stack.client("dynamodb")
    for table, count in (("windows", 2), ("bills", 2), ("meters", 1), ("forecasts", 2)):
        assert len(dynamodb.scan(TableName=table)["Items"]) == count
    assert erase_meter(stack, "m-2", really=False) == StoredData(1, 2, 2, 2, 2, 8, 2, 0)


def test_the_second_time_there_is_nothing_to_forget(stack):
    told = erase_meter(stack, "m-1", really=False)
    assert erase_meter(stack, "m-1", really=True) == told
    assert erase_meter(stack, "m-1", really=True) == NOBODY


def test_a_file_keeps_its_columns_and_compression(stack):
    s3 = stack.client("s3")

    def shape():
        (found,) = s3.list_objects_v2(Bucket=stack.bucket, Prefix="readings/dt=2026-11-24/")["Contents"]
        file = pq.ParquetFile(io.BytesIO(s3.get_object(Bucket=stack.bucket, Key=found["Key"])["Body"].read()))
        return file.schema_arrow, file.metadata.row_group(0).column(0).compression

    before = shape()
    erase_meter(stack, "m-1", really=True)
    assert shape() == before


def test_what_an_interrupted_run_left_is_found_by_the_next(stack, monkeypatch):
    """It stops after the new file is there and before the old version is gone."""
    s3 = stack.client("s3")
    if s3.get_bucket_versioning(Bucket=stack.bucket)["Status"] != "Enabled":
        pytest.skip("without versions there is no such moment")

    def killed(**request):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(s3, "delete_object", killed)
        with pytest.raises(KeyboardInterrupt):
            erase_meter(stack, "m-1", really=True)
    assert erase_meter(stack, "m-1", really=True).versions
    assert "m-1" not in running_stack(stack)


def test_an_id_that_begins_like_another_is_another(stack):
    assert erase_meter(stack, "m", really=True) == NOBODY
    assert len(rows(stack)) == 20
