"""The harness' own event source mapping does what Lambda's documentation says of it."""

import json
import random
from datetime import UTC, datetime, timedelta

import pytest

from tests.faults.event_source import Mapping, Settings
from tests.faults.stream import MemoryStream

START = datetime(2026, 11, 1, tzinfo=UTC)


class Case:
    """A mapping whose batches take all that waits, on a stream at a standing clock."""

    def __init__(self, retries: int = 3, most_age_s: float = 3_600, lanes: int = 1) -> None:
        self.now = START
        self.stream = MemoryStream(1, lambda: self.now)
        settings = Settings(batch_size=10**6, retries=retries, most_age_s=most_age_s, lanes=lanes)
        self.mapping = Mapping(self.stream, settings, random.Random(1), lambda: self.now)

    def put(self, *payloads: str, key: str = "k") -> list[str]:
        records = [{"PartitionKey": key, "Data": payload.encode()} for payload in payloads]
        return [self.stream.take(record)["SequenceNumber"] for record in records]

    def batch(self) -> list[str]:
        """The payloads that the only busy lane hands over."""
        (self.lane,) = self.mapping.poll()
        self.mapping._rng = _Most()
        return [record.data.decode() for record in self.mapping.take(self.lane).records]

    def answer(self, *identifiers: str | None) -> None:
        failures = [{"itemIdentifier": identifier} for identifier in identifiers]
        self.mapping.apply_answer(self.lane, {"batchItemFailures": failures}, None)

    def fail(self) -> None:
        self.mapping.apply_answer(self.lane, None, RuntimeError())


class _Most(random.Random):
    def randint(self, a: int, b: int) -> int:
        return b


def test_processed_records_are_not_delivered_again():
    case = Case()
    case.put("a", "b")
    assert case.batch() == ["a", "b"]
    case.answer()
    assert not case.mapping.poll()


def test_the_lowest_failed_record_is_the_checkpoint_and_everything_after_it_is_retried():
    case = Case()
    _, second, _, fourth = case.put("a", "b", "c", "d")
    case.batch()
    case.answer(fourth, second)
    assert case.batch() == ["b", "c", "d"]


@pytest.mark.parametrize("identifier", ["", None, "12"])
def test_a_response_with_an_empty_or_unknown_identifier_fails_the_whole_batch(identifier):
    case = Case()
    case.put("a", "b")
    case.batch()
    case.answer(identifier)
    assert case.batch() == ["a", "b"]


def test_a_failed_batch_is_bisected_without_using_up_a_retry():
    case = Case(retries=0)
    case.put("a", "b", "c", "d")
    case.batch()
    case.fail()
    assert case.batch() == ["a", "b"]
    case.fail()
    assert case.batch() == ["a"]
    case.answer()
    assert case.batch() == ["b"]
    case.fail()
    assert case.batch() == ["c", "d"]
    (message,) = map(json.loads, case.mapping.dead)
    assert message["requestContext"]["condition"] == "RetryAttemptsExhausted"
    assert message["KinesisBatchInfo"]["batchSize"] == 1


def test_a_batch_out_of_retries_is_reported_and_the_shard_continues():
    case = Case(retries=2)
    first, last = case.put("a", "b")
    for _ in range(3):
        assert case.batch() == ["a", "b"]
        case.answer(first)
    (message,) = map(json.loads, case.mapping.dead)
    batch = message["KinesisBatchInfo"]
    assert (batch["startSequenceNumber"], batch["endSequenceNumber"], batch["batchSize"]) == (first, last, 2)
    case.put("c")
    assert case.batch() == ["c"]


def test_only_expired_records_are_dropped():
    case = Case(most_age_s=60)
    case.put("a")
    case.now += timedelta(seconds=61)
    case.put("b")
    case.batch()
    case.answer("")
    assert case.batch() == ["b"]
    assert len(case.mapping.dead) == 1


def test_a_child_shard_waits_until_its_parent_is_drained():
    case = Case()
    case.put("a")
    case.stream.split(case.stream.open_shards()[0])
    case.put("b")
    assert case.batch() == ["a"]
    case.answer()
    assert case.batch() == ["b"]


def test_concurrent_batches_of_a_shard_keep_each_key_in_order():
    case = Case(lanes=4)
    for number in range(6):
        for key in ("m-1", "m-2", "m-3"):
            case.put(f"{key} {number}", key=key)
    lanes = case.mapping.poll()
    orders = [[record.data.decode() for record in lane.records()] for lane in lanes]
    assert len(lanes) > 1
    for key in ("m-1", "m-2", "m-3"):
        (own,) = [order for order in orders if f"{key} 0" in order]
        assert [payload for payload in own if payload.startswith(key)] == [f"{key} {number}" for number in range(6)]


def test_a_rewound_shard_delivers_again_what_arrived_since_and_what_is_pending():
    case = Case()
    case.put("a")
    case.now += timedelta(hours=1)
    case.put("b")
    case.batch()
    case.answer()
    case.put("c")
    assert case.mapping.rewind(case.lane.shard, START + timedelta(hours=1)) == 1
    assert case.batch() == ["b", "c"]
