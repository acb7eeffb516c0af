"""`electrocloud replay`: windows and bills made again, from the stream and from Parquet, to the byte."""

import io
import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import boto3
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

import cli.recover
from analytics.template import load
from analytics.uploads import from_parquet
from cli.main import app as commands
from electrocloud.aws.ingest.parquet_replay import from_stream
from electrocloud.aws.stack import Stack
from electrocloud.aws.store.dynamodb_items import bill_of
from electrocloud.domain.readings.upload import decode
from electrocloud.services.fixed_services import FixedServices
from electrocloud.services.ingest import ingest_uploads
from laptop.delivery import Delivery, Plan
from tests.faults.stream import MemoryStream
from tests.faults.traffic import frame
from tests.kits.examples import TIME_OF_USE, kinesis_event, upload_json
from tests.kits.function_kit import CONTEXT
from tests.kits.memory import MemoryTables


def operators(action: str, second: int, **parts: Any) -> bytes:
    """An operator's action on the readings of an upload."""
    document = json.loads(upload_json(**parts))
    readings = [
        {name: row[name] for name in ("start", "wh", "direction") if name in row} for row in document["readings"]
    ]
    operator = {"action": action, "by": "jo", "at": f"2026-11-20T00:00:{second:02}Z", "reason": "bench"}
    return json.dumps(document | {"readings": readings, "operator": operator}).encode()


DAYS = [date(2026, 11, 1) + timedelta(days=n) for n in range(6)]
PLAIN = [upload_json(day=day, meter_id=meter) for day in DAYS for meter in ("m-1", "m-2")]
PAYLOADS = [
    *PLAIN[:8],
    frame({str(n): data for n, data in enumerate(PLAIN[8:])}),
    upload_json(day=DAYS[2], wh=[7, 8, 9], revision=2, first=1),
    upload_json(day=DAYS[3], wh=[5_000], interval_s=3600, revision=1),
    b"no json",
    upload_json(day=DAYS[2], wh=[1, 1, 1], revision=1, first=1),
    upload_json(day=DAYS[4], wh=[7, 8, 9, 10], direction="received", quality="estimated"),
    upload_json(day=DAYS[3], wh=[70], first=7, quality="questionable"),
    upload_json(day=DAYS[3], wh=[71, 72], first=8, varh=20),
    operators("void", 3, day=DAYS[4], wh=[0, 0], direction="received"),
    operators("void", 1, day=DAYS[4], wh=[0] * 3),
    operators("correct", 2, day=DAYS[4], wh=[70, 80], first=2),
]
ARRIVED = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.fixture
def system(aws, app, monkeypatch):
    """Everything was sent, stored and delivered, and is in the stream still."""
    kinesis = boto3.client("kinesis")
    kinesis.create_stream(StreamName="readings", ShardCount=2)
    for number, data in enumerate(PAYLOADS):
        kinesis.put_record(StreamName="readings", PartitionKey=str(number), Data=data)
    app.handler(kinesis_event(PAYLOADS), CONTEXT)
    deliver(aws)
    names = dict.fromkeys((name for name in Stack.__struct_fields__ if name != "endpoint"), "none")
    names |= {f"{table}_table": table for table in ("windows", "bills", "meters", "tariffs", "service_points")}
    names |= {"stream": "readings", "bucket": aws.bucket, "region": "eu-central-1"}
    names |= {"future_tolerance_minutes": 15}
    monkeypatch.setattr(cli.recover, "find_stack", lambda: Stack(**names))
    monkeypatch.setattr(cli.recover, "pause", lambda attempt: None)
    return aws


def deliver(aws) -> None:
    def write(key: str, body: bytes) -> None:
        aws.s3.put_object(Bucket=aws.bucket, Key=key, Body=body)

    delivery = Delivery(Plan.of(load(), {}), write, lambda: 0.0)
    records = [
        {"Data": data, "SequenceNumber": str(n), "ApproximateArrivalTimestamp": ARRIVED}
        for n, data in enumerate(PAYLOADS)
    ]
    delivery.take(records[:6])
    delivery.flush(force=True)
    delivery.take(records[4:])
    delivery.flush(force=True)


def contents(aws, table: str) -> dict[tuple[str, str], Any]:
    found = aws.dynamodb.scan(TableName=table)["Items"]
    return {(item["meter_id"]["S"], item["day" if table == "windows" else "bill"]["S"]): item for item in found}


def empty(aws, table: str) -> None:
    for meter, name in contents(aws, table):
        key = {"meter_id": {"S": meter}, "day" if table == "windows" else "bill": {"S": name}}
        aws.dynamodb.delete_item(TableName=table, Key=key)


def replay(*words: str) -> dict[str, int]:
    """What the command counted."""
    result = CliRunner().invoke(commands, ["replay", *words], env={"COLUMNS": "120"})
    assert result.exit_code == 0, result.output
    lines = [line.strip().rsplit(maxsplit=1) for line in result.output.splitlines() if line.strip()]
    return {words[0].strip(): int(words[1].replace(",", "")) for words in lines if words[-1].replace(",", "").isdigit()}


@pytest.mark.parametrize("source", [["--from", "2026-01-01"], ["--from", "2026-10-31", "--source", "parquet"]])
def test_emptied_tables_are_rebuilt_byte_for_byte(system, source):
    windows, bills = contents(system, "windows"), contents(system, "bills")
    empty(system, "windows")
    empty(system, "bills")
    counts = replay(*source)
    assert contents(system, "windows") == windows
    assert contents(system, "bills") == bills
    assert counts["Bills rated again at the end"] == 2
    again = replay(*source)
    changes = "new or changed", "Bills rated while re-ingesting", "changed"
    assert [again[name] for name in changes] == [0, 0, 0]
    assert contents(system, "windows") == windows
    assert contents(system, "bills") == bills


def test_lost_bills_are_rebuilt_from_stored_windows(system):
    bills = contents(system, "bills")
    empty(system, "bills")
    counts = replay("--from", "2026-01-01")
    assert contents(system, "bills") == bills
    assert (counts["new or changed"], counts["Records skipped, not valid uploads"]) == (0, 1)


def test_a_replay_applies_a_changed_tariff(system):
    dearer = {"tariff_id": {"S": "tou"}, "document": {"S": json.dumps({**TIME_OF_USE, "fixedchargefirstmeter": 20})}}
    before = bill_of(contents(system, "bills")["m-1", "2026-11"])
    system.dynamodb.put_item(TableName="tariffs", Item=dearer)
    assert replay("--from", "2026-11-06", "--source", "parquet")["new or changed"] == 0
    after = bill_of(contents(system, "bills")["m-1", "2026-11"])
    assert after.total - before.total == Decimal("10.5")


def test_parquet_is_read_from_the_given_day(system):
    empty(system, "windows")
    replay("--from", "2026-11-04T18:00", "--source", "parquet")
    assert {day for _, day in contents(system, "windows")} == {f"{day}" for day in DAYS[3:]}


def test_a_replay_from_parquet_equals_one_from_the_stream(system):
    tables = MemoryTables()
    for part in from_parquet(system.s3, system.bucket, date(2026, 11, 1)):
        ingest_uploads(part.uploads, tables, FixedServices(lambda meters: {}), lambda attempt: None)
    assert tables.windows == contents(system, "windows")


def test_a_file_of_an_earlier_version_has_neither_callers_nor_operators(aws):
    body = io.BytesIO()
    row = {"meter_id": "m-1", "start": datetime(2026, 11, 1), "interval_s": 900, "wh": 5, "voltage_v": None}
    pq.write_table(pa.Table.from_pylist([row | {"revision": 1, "ingested_at": datetime(2026, 11, 2)}]), body)
    aws.s3.put_object(Bucket=aws.bucket, Key="readings/dt=2026-11-01/old.parquet", Body=body.getvalue())
    (part,) = from_parquet(aws.s3, aws.bucket, date(2026, 11, 1))
    assert part.uploads == [decode(upload_json(day=date(2026, 11, 1), wh=[5], revision=1).replace(b"230.5", b"null"))]


def test_a_stream_replay_starts_at_the_given_time():
    now = ARRIVED

    def clock() -> datetime:
        return now

    stream = MemoryStream(2, clock)
    for number, data in enumerate(PLAIN):
        now = ARRIVED + timedelta(minutes=number)
        stream.take({"PartitionKey": str(number), "Data": data})
        if number == 5:
            stream.split(stream.open_shards()[0])
    parts = list(from_stream(stream, "readings", ARRIVED + timedelta(minutes=4), now))
    assert sum(len(part.uploads) for part in parts) == len(PLAIN) - 4
    assert parts[-1].done == 1.0
    assert [part.done for part in parts] == sorted(part.done for part in parts)


def test_a_replay_ends_though_uploads_keep_coming():
    stream = MemoryStream(1, lambda: ARRIVED)
    get_records = stream.get_records

    def one_more(**request: Any) -> Any:
        stream.take({"PartitionKey": "k", "Data": PLAIN[0]})
        return {**get_records(**request), "MillisBehindLatest": 1}

    stream.get_records = one_more
    assert list(from_stream(stream, "readings", ARRIVED - timedelta(hours=1), ARRIVED - timedelta(minutes=1)))


@pytest.mark.parametrize(("words", "says"), [("yesterday", "ISO 8601"), ("2999-01-01", "in the future")])
def test_an_invalid_time_is_rejected(words, says):
    result = CliRunner().invoke(commands, ["replay", "--from", words])
    assert result.exit_code == 1
    assert says in result.output


def test_busy_tables_are_reported(system, monkeypatch):
    monkeypatch.setattr(
        "electrocloud.aws.store.tables.DynamoTables.commit", lambda self, changes, alone: {c.owner for c in changes}
    )
    empty(system, "bills")
    result = CliRunner().invoke(commands, ["replay", "--from", "2026-01-01"])
    assert result.exit_code == 1
    assert "2 meters could not be stored" in result.output
