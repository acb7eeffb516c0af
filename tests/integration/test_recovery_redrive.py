"""`electrocloud redrive`: what was set aside goes back into the stream, and nothing else changes."""

import base64
import gzip
import json
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any, NamedTuple

import boto3
import pytest
from typer.testing import CliRunner

import cli.recover
from cli.main import app
from electrocloud.aws.ingest import dead_letters, redrive, stream
from electrocloud.aws.ingest.kinesis_event import read_event
from electrocloud.aws.ingest.quarantine import put, unpack
from electrocloud.aws.quarantine_keys import counts_in
from electrocloud.aws.stack import Stack
from electrocloud.domain.errors import StreamBusyError
from tests.faults.event_source import message
from tests.faults.stream import Record
from tests.faults.traffic import frame
from tests.kits.examples import kinesis_event, upload_json


class Parts(NamedTuple):
    kinesis: Any
    s3: Any
    sqs: Any
    queue: str
    bucket: str


@pytest.fixture
def parts(aws, monkeypatch):
    """A stream, a bucket and a queue, and the command to work with them."""
    kinesis, sqs = boto3.client("kinesis"), boto3.client("sqs")
    kinesis.create_stream(StreamName="readings", ShardCount=1)
    queue = sqs.create_queue(QueueName="dead")["QueueUrl"]
    names = dict.fromkeys((name for name in Stack.__struct_fields__ if name != "endpoint"), "none")
    names |= {"stream": "readings", "bucket": aws.bucket, "dead_letters": queue, "region": "eu-central-1"}
    monkeypatch.setattr(cli.recover, "find_stack", lambda: Stack(**names))
    monkeypatch.setattr(cli.recover, "pause", lambda attempt: None)
    return Parts(kinesis, aws.s3, sqs, queue, aws.bucket)


def run(*words: str) -> Any:
    return CliRunner().invoke(app, ["redrive", *words], env={"COLUMNS": "140"})


def rows(output: str) -> list[list[str]]:
    return [line.split("\t") for line in output.splitlines() if re.search(r"\d$", line)]


def quarantine(parts: Parts, *payloads: bytes, reason: str | None = None) -> None:
    """Put what the function refuses in quarantine; or anything, as a version might have that refused too much."""
    accepted, refused = read_event(kinesis_event(payloads)["Records"])
    if reason:
        arrived = datetime(2026, 11, 24, tzinfo=UTC)
        assert len(accepted) == len(payloads)
        bad = read_event(kinesis_event([b"?"] * len(payloads))["Records"])[1]
        refused = [
            one._replace(reason=reason, payload=data, arrived=arrived) for one, data in zip(bad, payloads, strict=True)
        ]
    assert not put(parts.s3, parts.bucket, refused, lambda: False)


def objects(parts: Parts) -> list[str]:
    return [found["Key"] for found in parts.s3.list_objects_v2(Bucket=parts.bucket).get("Contents", [])]


def body(parts: Parts, key: str) -> bytes:
    return parts.s3.get_object(Bucket=parts.bucket, Key=key)["Body"].read()


def in_stream(parts: Parts) -> list[tuple[str, bytes]]:
    (shard,) = stream.shard_ids(parts.kinesis, "readings")
    pages = stream.read(
        parts.kinesis, "readings", shard, datetime.now(UTC) + timedelta(1), ShardIteratorType="TRIM_HORIZON"
    )
    return [(record.partition_key, record.data) for page in pages for record in page]


def dead_letter(parts: Parts, first: str, last: str, shard: str = "shardId-000000000000") -> None:
    arrived = datetime(2026, 11, 24, tzinfo=UTC)
    records = [Record(shard, int(sequence), "k", b"", arrived) for sequence in (first, last)]
    arn = "arn:aws:kinesis:eu-central-1:123456789012:stream/readings"
    parts.sqs.send_message(
        QueueUrl=parts.queue, MessageBody=message(arn, records, 101, "RetryAttemptsExhausted", arrived)
    )


def sent(parts: Parts, *payloads: bytes) -> list[str]:
    """Put records; their sequence numbers."""
    return [
        parts.kinesis.put_record(StreamName="readings", PartitionKey="k", Data=data)["SequenceNumber"]
        for data in payloads
    ]


def messages(parts: Parts) -> int:
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    found = parts.sqs.get_queue_attributes(QueueUrl=parts.queue, AttributeNames=names)["Attributes"]
    return sum(int(found[name]) for name in names)


def test_a_quarantined_upload_that_keeps_the_contract_now_goes_back_once(parts):
    good = upload_json(meter_id="m-7")
    quarantine(parts, good, reason="contract")
    result = run()
    assert result.exit_code == 0
    assert rows(result.output) == [["quarantine", "contract", "put back", "1", "1"]]
    assert in_stream(parts) == [("m-7", good)]
    (key,) = objects(parts)
    assert key == "quarantine/redriven/dt=2026-11-24/1-0_1-0.contract-1.jsonl.gz"
    assert "No rejected uploads" in run().output
    assert len(in_stream(parts)) == 1


def test_an_upload_that_would_be_rejected_again_stays_in_quarantine(parts):
    broken = frame({"k": upload_json()})[:-1]
    quarantine(parts, b"no json", broken)
    before = objects(parts)
    assert rows(run().output) == [
        ["quarantine", "kpl-frame", "still refused: kpl-frame", "1", "0"],
        ["quarantine", "not-json", "still refused: not-json", "1", "0"],
    ]
    assert objects(parts) == before
    assert in_stream(parts) == []


def test_of_an_object_of_many_only_what_keeps_the_contract_now_goes_back(parts):
    payloads = [upload_json(meter_id="m-1"), b"no json", upload_json(meter_id="m-2"), b"no json"]
    reasons = ["contract", "not-json", "misaligned", "not-json"]
    bad = read_event(kinesis_event([b"?"] * 4)["Records"])[1]
    mixed = zip(bad, payloads, reasons, strict=True)
    rejected = [one._replace(payload=payload, reason=reason) for one, payload, reason in mixed]
    put(parts.s3, parts.bucket, rejected, lambda: False)
    (before,) = objects(parts)
    assert counts_in(before) == {"contract": 1, "misaligned": 1, "not-json": 2}
    assert rows(run("--reason", "contract").output) == [["quarantine", "contract", "put back", "1", "1"]]
    assert in_stream(parts) == [("m-1", payloads[0])]
    left, redriven = objects(parts)
    assert counts_in(left) == {"misaligned": 1, "not-json": 2}
    assert counts_in(redriven) == {"contract": 1}
    assert rows(run().output) == [
        ["quarantine", "misaligned", "put back", "1", "1"],
        ["quarantine", "not-json", "still refused: not-json", "2", "0"],
    ]
    left, *redriven = objects(parts)
    assert [row.payload for row in unpack(left, body(parts, left))] == [b"no json"] * 2
    assert [row.payload for key in redriven for row in unpack(key, body(parts, key))] == [payloads[0], payloads[2]]
    assert len(in_stream(parts)) == 2


def test_an_object_of_an_earlier_version_goes_back_too(parts):
    held = {"reason": "contract", "message": "old", "sequence_number": "7", "partition_key": "k"}
    held |= {"arrived_at": "2026-11-24 00:00:00", "payload": base64.b64encode(upload_json(meter_id="m-7")).decode()}
    key = "quarantine/dt=2026-11-24/contract/7-0.json"
    parts.s3.put_object(Bucket=parts.bucket, Key=key, Body=json.dumps(held).encode())
    assert rows(run().output) == [["quarantine", "contract", "put back", "1", "1"]]
    assert in_stream(parts) == [("m-7", upload_json(meter_id="m-7"))]
    (moved,) = objects(parts)
    assert moved.startswith("quarantine/redriven/dt=2026-11-24/contract/7-0.json")
    assert unpack(moved, body(parts, moved))[0].message == "old"
    assert "No rejected uploads" in run().output


def test_two_redrives_at_once_lose_nothing(parts):
    """The slower one meets objects that the faster one has rewritten and removed since it listed them."""
    quarantine(parts, b"no json", upload_json(meter_id=""))
    quarantine(parts, upload_json(), upload_json(meter_id="m-2"), reason="contract")
    put_back = partial(stream.put, parts.kinesis, "readings", pause=lambda attempt: None)
    slow = redrive.redrive_quarantine(parts.s3, parts.bucket, put_back, ())
    next(slow)
    list(redrive.redrive_quarantine(parts.s3, parts.bucket, put_back, ()))
    list(slow)
    assert {key for key, _ in in_stream(parts)} == {"m-1", "m-2"}
    held = [row for key in objects(parts) for row in unpack(key, body(parts, key))]
    assert sorted(row.reason for row in held) == ["contract", "contract", "contract", "not-json"]


def test_a_frame_that_can_be_opened_now_goes_back_whole(parts):
    data = frame({"m-1": upload_json(), "m-2": b"no json"})
    held = read_event(kinesis_event([data[:-1]])["Records"])[1]
    put(parts.s3, parts.bucket, [held[0]._replace(payload=data)], lambda: False)
    assert rows(run().output)[0][2:] == ["put back", "1", "1"]
    assert in_stream(parts) == [("k", data)]


def test_a_dry_run_reports_the_same_and_changes_nothing(parts):
    quarantine(parts, upload_json(), reason="contract")
    first, last = sent(parts, upload_json(day=date(2026, 11, 1)), upload_json(day=date(2026, 11, 2)))
    dead_letter(parts, first, last)
    before = objects(parts)
    result = run("--dry-run")
    assert "Dry run" in result.output
    assert rows(result.output) == [
        ["dead letter", "RetryAttemptsExhausted", "put back", "1", "2"],
        ["quarantine", "contract", "put back", "1", "1"],
    ]
    assert (objects(parts), len(in_stream(parts)), messages(parts)) == (before, 2, 1)
    assert rows(run().output) == rows(result.output)
    assert (len(in_stream(parts)), messages(parts)) == (5, 0)


def test_only_the_reasons_asked_for_are_looked_at(parts):
    quarantine(parts, upload_json(), reason="contract")
    quarantine(parts, upload_json(meter_id="m-2"), reason="misaligned")
    first, last = sent(parts, upload_json(), upload_json())
    dead_letter(parts, first, last)
    assert rows(run("--reason", "misaligned").output) == [["quarantine", "misaligned", "put back", "1", "1"]]
    assert messages(parts) == 1
    assert rows(run("--reason", "RetryAttemptsExhausted").output)[0][0] == "dead letter"
    assert rows(run().output) == [["quarantine", "contract", "put back", "1", "1"]]


def test_the_batch_of_a_dead_letter_is_read_from_the_stream_and_put_again(parts):
    payloads = [upload_json(day=date(2026, 11, day)) for day in range(1, 6)]
    sequences = sent(parts, *payloads)
    dead_letter(parts, sequences[1], sequences[3])
    assert rows(run().output) == [["dead letter", "RetryAttemptsExhausted", "put back", "1", "3"]]
    assert [data for _, data in in_stream(parts)[5:]] == payloads[1:4]
    assert messages(parts) == 0
    assert "No rejected uploads" in run().output


@pytest.mark.parametrize("shard", ["shardId-000000000000", "shardId-000000000009"])
def test_a_dead_letter_whose_records_are_gone_stays_and_says_what_to_do(parts, shard):
    (first,) = sent(parts, upload_json())
    trimmed = str(int(first) - 1)
    dead_letter(parts, trimmed, first, shard)
    result = run()
    assert result.exit_code == 1
    assert rows(result.output) == [["dead letter", "RetryAttemptsExhausted", "gone from the stream", "1", "0"]]
    assert "replay --source parquet" in result.output
    assert messages(parts) == 1
    assert len(in_stream(parts)) == 1


def test_a_message_that_is_not_a_stream_batch_stays(parts):
    parts.sqs.send_message(QueueUrl=parts.queue, MessageBody=json.dumps({"hello": "there"}))
    assert rows(run().output)[0][:2] == ["dead letter", "unknown"]
    assert messages(parts) == 1


def whole_dead_letter(parts: Parts, *payloads: bytes, form: Callable[[str], Any] = str) -> str:
    """A batch that Lambda gave up on, as it writes it to a bucket; its key."""
    arrived = datetime(2026, 11, 24, tzinfo=UTC)
    arn = "arn:aws:kinesis:eu-central-1:123456789012:stream/readings"
    records = [Record("shardId-0", number, f"k{number}", data, arrived) for number, data in enumerate(payloads, 7)]
    letter = json.loads(message(arn, records, 101, "RetryAttemptsExhausted", arrived, whole=True))
    letter["payload"] = form(letter["payload"])
    key = "aws/lambda/12345678-mapping/shardId-0/2026/11/24/2026-11-24T00.00.00-1234"
    parts.s3.put_object(Bucket=parts.bucket, Key=key, Body=json.dumps(letter).encode())
    return key


@pytest.mark.parametrize("form", [str, json.loads], ids=["the event as text", "the event as JSON"])
def test_a_dead_letter_in_the_bucket_goes_back_with_its_own_records_though_the_stream_has_forgotten_them(parts, form):
    payloads = [upload_json(), frame({"m-1": upload_json(), "m-2": b"no json"})]
    whole_dead_letter(parts, *payloads, form=form)
    assert rows(run("--dry-run").output) == [["dead letter", "RetryAttemptsExhausted", "put back", "1", "2"]]
    assert len(objects(parts)) == 1
    assert rows(run().output) == [["dead letter", "RetryAttemptsExhausted", "put back", "1", "2"]]
    assert in_stream(parts) == [("k7", payloads[0]), ("k8", payloads[1])]
    assert objects(parts) == []
    assert "No rejected uploads" in run().output


def test_a_dead_letter_in_the_bucket_stays_until_the_stream_has_its_records(parts):
    key = whole_dead_letter(parts, upload_json())

    def killed(entries):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(dead_letters.redrive_failed_batches(parts.s3, parts.bucket, killed, ()))
    assert objects(parts) == [key]
    assert list(dead_letters.redrive_failed_batches(parts.s3, parts.bucket, killed, ("not this",))) == []


def test_an_object_that_is_no_dead_letter_stays_and_is_named(parts):
    for number, text in enumerate((b"{}", b"no json", b'{"KinesisBatchInfo": {}, "payload": 7}')):
        parts.s3.put_object(Bucket=parts.bucket, Key=f"aws/lambda/{number}", Body=text)
    assert rows(run().output) == [["dead letter", "unknown", "no batch of a stream: look at it yourself", "3", "0"]]
    assert len(objects(parts)) == 3


@pytest.mark.parametrize("reason", ["future", "head-end", "unregistered"])
def test_what_keeps_the_contract_goes_back_only_where_its_reason_is_named(parts, reason):
    quarantine(parts, upload_json(), reason=reason)
    assert "No rejected uploads" in run().output
    assert rows(run("--reason", reason).output) == [["quarantine", reason, "put back", "1", "1"]]


def test_nothing_is_moved_before_the_stream_has_it(parts):
    quarantine(parts, upload_json(), reason="contract")
    before = objects(parts)

    class Full:
        def put_records(self, StreamName, Records):  # noqa: N803
            return {"Records": [{"ErrorCode": "ProvisionedThroughputExceededException"} for _ in Records]}

    def put_back(entries):
        stream.put(Full(), "readings", entries, lambda attempt: None)

    with pytest.raises(StreamBusyError, match="refused 1 records"):
        list(redrive.redrive_quarantine(parts.s3, parts.bucket, put_back, ()))
    assert objects(parts) == before


def test_a_redrive_killed_between_put_and_move_is_run_again_and_puts_twice(parts, monkeypatch):
    quarantine(parts, upload_json(), reason="contract")
    move = redrive._move

    def killed(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(redrive, "_move", killed)
    run()
    monkeypatch.setattr(redrive, "_move", move)
    assert rows(run().output) == [["quarantine", "contract", "put back", "1", "1"]]
    assert len(in_stream(parts)) == 2
    assert [key for key in objects(parts) if "redriven" not in key] == []


def test_the_stream_refuses_some_and_only_those_are_put_again():
    class Picky:
        def __init__(self):
            self.calls = []

        def put_records(self, StreamName, Records):  # noqa: N803
            self.calls.append([record["Data"] for record in Records])
            return {
                "Records": [
                    {"ErrorCode": "InternalFailure"} if record["Data"] == b"b" and len(self.calls) < 3 else {}
                    for record in Records
                ]
            }

    picky = Picky()
    stream.put(picky, "readings", [stream.Entry("k", data) for data in (b"a", b"b", b"c")], lambda attempt: None)
    assert picky.calls == [[b"a", b"b", b"c"], [b"b"], [b"b"]]


def test_a_put_keeps_to_the_limits_of_a_call():
    sizes = []

    class Counting:
        def put_records(self, StreamName, Records):  # noqa: N803
            sizes.append((len(Records), sum(len(record["Data"]) for record in Records)))
            return {"Records": [{} for _ in Records]}

    entries = [stream.Entry("k", b"x")] * 501 + [stream.Entry("k", b"x" * 1_000_000)] * 9
    stream.put(Counting(), "readings", entries, lambda attempt: None)
    assert sum(count for count, _ in sizes) == 510
    assert all(count <= 500 and size <= 4_000_000 for count, size in sizes)


def test_the_object_in_quarantine_has_the_original_bytes(parts):
    quarantine(parts, b"\xff\x00")
    (key,) = objects(parts)
    (line,) = gzip.decompress(body(parts, key)).splitlines()
    assert base64.b64decode(json.loads(line)["payload"]) == b"\xff\x00"
