"""Erasing a meter: all of its data, including old versions, and nobody else's, however often it is run."""

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
from electrocloud.aws.ingest.dead_letters import PREFIX as DEAD_LETTERS
from electrocloud.aws.ingest.dead_letters import records_of
from electrocloud.aws.ingest.kinesis_event import read_event
from electrocloud.aws.ingest.quarantine import put
from electrocloud.aws.store.forecasts import Forecasts
from electrocloud.domain.forecast import MonthEnd, Range, Suspect
from electrocloud.domain.readings.upload import decode
from laptop.delivery import Delivery, Plan
from tests.faults.traffic import frame
from tests.kits.examples import kinesis_event, upload_json
from tests.kits.function_kit import CONTEXT

NOBODY = StoredData(0, 0, 0, 0, 0, 0, 0, 0)
ARRIVED = datetime(2026, 11, 25, tzinfo=UTC)


class Deployment:
    """The parts of a stack that `erase_meter` uses, backed by the test's clients."""

    windows_table, bills_table, meters_table, forecasts_table = "windows", "bills", "meters", "forecasts"

    def __init__(self, aws):
        self._aws = aws
        self.bucket = aws.bucket

    def client(self, service):
        return {"dynamodb": self._aws.dynamodb, "s3": self._aws.s3}[service]


@pytest.fixture(params=["Enabled", "Suspended"])
def stack(request, aws, app):
    """Windows, bills, Parquet and rejected uploads of two meters; m-1 has one file to itself and shares another."""
    aws.s3.put_bucket_versioning(Bucket=aws.bucket, VersioningConfiguration={"Status": request.param})
    days = [date(2026, 10, 30), date(2026, 11, 24)]
    uploads = [upload_json(meter_id=meter, day=day) for meter in ("m-1", "m-2") for day in days]
    app.handler(kinesis_event(uploads), CONTEXT)
    amount = Range(Decimal(3), Decimal(2), Decimal(4))
    ends = [MonthEnd(meter, month, 0, amount, amount) for meter in ("m-1", "m-2") for month in ("2026-10", "2026-11")]
    forecasts = Forecasts(aws.dynamodb, "forecasts")
    forecasts.put_month_ends(ends)
    forecasts.replace_suspects([], [Suspect(meter, "high", 0, 3600, 1, 2) for meter in ("m-1", "m-2")], ARRIVED)
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
    delivery.flush(force=True)
    batch = kinesis_event([uploads[0], frame({"a": uploads[0], "b": uploads[2]}), uploads[3]])
    letter = {"requestContext": {"condition": "RetryAttemptsExhausted"}, "payload": json.dumps(batch)}
    write("aws/lambda/mapping/shard-0/2026/11/25/letter-1", json.dumps(letter).encode())
    lines = [json.dumps({"rawData": base64.b64encode(data).decode(), "attemptsMade": 4}) for data in bad]
    write("errors/processing-failed/dt=2026-11-25/firehose-1", "\n".join(lines).encode())
    return Deployment(aws)


def rows(stack):
    """The meter_id of every Parquet row, in current and old object versions."""
    s3 = stack.client("s3")
    found = s3.list_object_versions(Bucket=stack.bucket, Prefix="readings/").get("Versions", [])
    bodies = (
        s3.get_object(Bucket=stack.bucket, Key=one["Key"], VersionId=one["VersionId"])["Body"].read() for one in found
    )
    return [meter for body in bodies for meter in pq.read_table(io.BytesIO(body))["meter_id"].to_pylist()]


def everything_stored(stack):
    """All items and all versions of all objects, as searchable text."""
    s3, dynamodb = stack.client("s3"), stack.client("dynamodb")
    texts = [repr(dynamodb.scan(TableName=table)["Items"]) for table in ("windows", "bills", "meters", "forecasts")]
    for one in s3.list_object_versions(Bucket=stack.bucket).get("Versions", []):
        body = s3.get_object(Bucket=stack.bucket, Key=one["Key"], VersionId=one["VersionId"])["Body"].read()
        texts.append(body.decode(errors="replace"))
        if "quarantine/" in one["Key"] or "errors/" in one["Key"]:
            for line in (gzip.decompress(body) if one["Key"].endswith(".gz") else body).splitlines():
                row = json.loads(line)
                texts.append(base64.b64decode(row.get("payload") or row["rawData"]).decode())
        if one["Key"].startswith(DEAD_LETTERS):
            texts += [entry.data.decode(errors="replace") for entry in records_of(body)]
    return "\n".join(texts + rows(stack))


def test_a_dead_letter_keeps_what_it_has_of_others(stack):
    erase_meter(stack, "m-1", confirm=True)
    s3 = stack.client("s3")
    (found,) = s3.list_objects_v2(Bucket=stack.bucket, Prefix=DEAD_LETTERS)["Contents"]
    records = records_of(s3.get_object(Bucket=stack.bucket, Key=found["Key"])["Body"].read())
    assert [decode(entry.data).meter_id for entry in records] == ["m-2", "m-2"]
    erase_meter(stack, "m-2", confirm=True)
    assert "Contents" not in s3.list_objects_v2(Bucket=stack.bucket, Prefix=DEAD_LETTERS)


def test_without_confirm_it_reports_what_it_found_and_changes_nothing(stack):
    before = everything_stored(stack)
    found = erase_meter(stack, "m-1", confirm=False)
    assert found == StoredData(registered=1, days=2, bills=2, month_ends=2, files=3, rows=12, rejected=3, versions=0)
    assert everything_stored(stack) == before


def test_the_meter_is_erased_and_other_meters_are_untouched(stack):
    others = rows(stack).count("m-2")
    erase_meter(stack, "m-1", confirm=True)
    assert "m-1" not in everything_stored(stack)
    assert rows(stack).count("m-2") == others == 8
    dynamodb = stack.client("dynamodb")
    for table, count in (("windows", 2), ("bills", 2), ("meters", 1), ("forecasts", 3)):
        assert len(dynamodb.scan(TableName=table)["Items"]) == count
    assert erase_meter(stack, "m-2", confirm=False) == StoredData(1, 2, 2, 2, 2, 8, 3, 0)


def test_a_second_run_finds_nothing_left_to_erase(stack):
    found = erase_meter(stack, "m-1", confirm=False)
    assert erase_meter(stack, "m-1", confirm=True) == found
    assert erase_meter(stack, "m-1", confirm=True) == NOBODY


def test_a_rewritten_file_keeps_its_columns_and_compression(stack):
    s3 = stack.client("s3")

    def shape():
        (found,) = s3.list_objects_v2(Bucket=stack.bucket, Prefix="readings/dt=2026-11-24/")["Contents"]
        file = pq.ParquetFile(io.BytesIO(s3.get_object(Bucket=stack.bucket, Key=found["Key"])["Body"].read()))
        return file.schema_arrow, file.metadata.row_group(0).column(0).compression

    before = shape()
    erase_meter(stack, "m-1", confirm=True)
    assert shape() == before


def test_a_run_completes_what_an_interrupted_run_left(stack, monkeypatch):
    """The first run stops after writing the new file and before deleting the old version."""
    s3 = stack.client("s3")
    if s3.get_bucket_versioning(Bucket=stack.bucket)["Status"] != "Enabled":
        pytest.skip("an unversioned bucket has no old version to delete")

    def killed(**request):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(s3, "delete_object", killed)
        with pytest.raises(KeyboardInterrupt):
            erase_meter(stack, "m-1", confirm=True)
    assert erase_meter(stack, "m-1", confirm=True).versions
    assert "m-1" not in everything_stored(stack)


def test_a_meter_id_that_is_a_prefix_of_another_does_not_match_it(stack):
    assert erase_meter(stack, "m", confirm=True) == NOBODY
    assert len(rows(stack)) == 20
