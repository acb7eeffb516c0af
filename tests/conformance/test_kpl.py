"""Frames that the real Kinesis Producer Library packs, opened by the consumer and by the laptop's delivery."""

import base64
import hashlib
import json
import subprocess
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from aws_kinesis_agg import MAGIC

from electrocloud.aws.ingest.kinesis_event import read_event
from electrocloud.aws.ingest.kpl import user_records
from electrocloud.domain.readings.upload import decode
from laptop.cloud import environment
from tests.conformance import engines, kinesis_server
from tests.kits.examples import upload_json

if TYPE_CHECKING:
    from pathlib import Path

UPLOADS = [upload_json(meter_id=f"m-{number}", wh=range(1 + number % 96)) for number in range(400)]
BAD = [b"not JSON", b'{"meter_id": "m-1"}', "ü".encode() * 40, b"\x00\xff" * 30]
LARGE = upload_json(meter_id="m-large", wh=range(1440), interval_s=60)  # over what the KPL aggregates: it goes alone


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, str]]:
    """The records that the KPL puts for the uploads, the bad ones and the large one."""
    engines.require("openssl")
    folder: Path = tmp_path_factory.mktemp("kpl")
    sent = folder / "sent"
    user = [*UPLOADS[:200], *BAD, LARGE, *UPLOADS[200:]]
    sent.write_text("".join(f"m-{number} {base64.b64encode(data).decode()}\n" for number, data in enumerate(user)))
    with kinesis_server.running(folder) as server:
        command = engines.java("kpl", "KplProducer.java", str(sent), str(server.server_port), str(folder))
        done = subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=180, check=False)
        assert done.returncode == 0, done.stderr[-3000:]
        return [record for record in server.records if b"probe" not in user_records(data_of(record))]


def data_of(record: dict[str, str]) -> bytes:
    return base64.b64decode(record["Data"])


def test_the_kpl_has_packed_frames(records: list[dict[str, str]]) -> None:
    frames = [data_of(record) for record in records if data_of(record).startswith(MAGIC)]
    assert len(frames) >= kinesis_server.SHARDS
    assert len(records) < len(UPLOADS) / 4
    assert max(len(user_records(frame)) for frame in frames) > 10


def test_every_user_record_comes_out_byte_for_byte_and_once(records: list[dict[str, str]]) -> None:
    found = [one for record in records for one in user_records(data_of(record))]
    assert sorted(found) == sorted([*UPLOADS, *BAD, LARGE])


def test_the_consumer_accepts_every_upload_and_sets_each_bad_one_aside(records: list[dict[str, str]]) -> None:
    accepted, rejected = read_event(_event(records))
    assert sorted(one.upload.meter_id for one in accepted) == sorted(
        decode(data).meter_id for data in [*UPLOADS, LARGE]
    )
    assert sorted(one.payload for one in rejected) == sorted(BAD)


def _event(records: list[dict[str, str]]) -> list[dict[str, Any]]:
    arrived = datetime(2026, 11, 25, tzinfo=UTC).timestamp()
    return [
        {
            "kinesis": {
                "data": record["Data"],
                "sequenceNumber": str(number),
                "partitionKey": record["PartitionKey"],
                "approximateArrivalTimestamp": arrived,
            }
        }
        for number, record in enumerate(records)
    ]


def test_a_frame_holds_one_shard_s_meters(records: list[dict[str, str]]) -> None:
    numbers = {data: number for number, data in enumerate([*UPLOADS[:200], *BAD, LARGE, *UPLOADS[200:]])}
    for record in records:
        if data_of(record).startswith(MAGIC):
            shards = {_shard(f"m-{numbers[one]}") for one in user_records(data_of(record))}
            assert shards == {int(record["ExplicitHashKey"]) * kinesis_server.SHARDS >> 128}


def _shard(partition_key: str) -> int:
    digest = hashlib.md5(partition_key.encode(), usedforsecurity=False).digest()
    return int.from_bytes(digest) * kinesis_server.SHARDS >> 128


def test_a_frame_that_lost_a_byte_is_rejected_whole(records: list[dict[str, str]]) -> None:
    frame = next(data_of(record) for record in records if data_of(record).startswith(MAGIC))
    broken = json.loads(json.dumps(records[:1]))
    broken[0]["Data"] = base64.b64encode(frame[:40] + frame[41:]).decode()
    accepted, (rejected,) = read_event(_event(broken))
    assert accepted == []
    assert rejected.reason == "kpl-frame"
