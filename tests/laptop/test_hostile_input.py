"""What once stopped a shard or spoiled a bill, sent to a running system: its neighbors are stored and billed."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
import pytest
from aws_kinesis_agg import MAGIC
from aws_kinesis_agg.aggregator import AggRecord
from aws_kinesis_agg.deaggregator import messages_pb2

from electrocloud.aws.quarantine_keys import PREFIX, counts_in
from electrocloud.aws.stack import Stack
from electrocloud.aws.store.reader import Reader
from registry.desk import RegistryDesk
from tests.kits.laptop_kit import END_S, Laptop
from tests.kits.registry_kit import AGREEMENT, METER, POINT, registry
from tests.kits.waiting import until

pytestmark = [pytest.mark.deploy, pytest.mark.timeout(1800)]

BAD = 20_000
TODAY = datetime.now(UTC).date()
ARRIVAL_S = 300  # on a busy machine; the function's own timeout is two minutes


class System:
    """The running system: what is put into its stream, and what becomes of it."""

    def __init__(self, laptop: Laptop) -> None:
        self.laptop = laptop
        self.stack = msgspec.json.decode((laptop.state / "stack.json").read_bytes(), type=Stack)
        self.reader = Reader(self.stack)

    def put(self, data: bytes) -> None:
        self.stack.client("kinesis").put_record(StreamName=self.stack.stream, Data=data, PartitionKey="head-end")

    def send_day(self, meter_id: str, day: date, wh: int = 100) -> None:
        """A whole UTC day's upload."""
        starts = [datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(minutes=15 * n) for n in range(96)]
        readings = [{"start": f"{start:%Y-%m-%dT%H:%M:%SZ}", "wh": wh} for start in starts]
        self.put(json.dumps({"meter_id": meter_id, "interval_s": 900, "readings": readings}).encode())

    def wait_for_day(self, meter_id: str, day: date) -> None:
        until(lambda: self.reader.days(meter_id, day, day), f"{meter_id}'s day {day} to be stored", ARRIVAL_S)

    def quarantined(self) -> Counter[str]:
        pages = self.stack.client("s3").get_paginator("list_objects_v2")
        found: Counter[str] = Counter()
        for page in pages.paginate(Bucket=self.stack.bucket, Prefix=PREFIX):
            for item in page.get("Contents", []):
                found.update(counts_in(item["Key"]))
        return found

    def close(self) -> Any:
        """Run the function that finalizes bills."""
        client = self.stack.client("lambda")
        pages = client.get_paginator("list_functions").paginate()
        names = [function["FunctionName"] for page in pages for function in page["Functions"]]
        answer = client.invoke(FunctionName=next(name for name in names if "Closing" in name))
        body = answer["Payload"].read()
        assert "FunctionError" not in answer, body
        return json.loads(body)


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    laptop = Laptop(tmp_path_factory.mktemp("hostile") / "state")
    up = laptop.up("--meters", "0")
    try:
        laptop.wait_until_up(up)
        yield System(laptop)
    finally:
        up.terminate()
        up.wait(END_S)


def frame_of_one_byte_records(count: int) -> bytes:
    frame = messages_pb2.AggregatedRecord()
    frame.partition_key_table.append("x")
    for _ in range(count):
        record = frame.records.add()
        record.partition_key_index, record.data = 0, b"x"
    body = frame.SerializeToString()
    return bytes(MAGIC + body + hashlib.md5(body).digest())


def full_frame_of_misaligned_uploads() -> tuple[bytes, int]:
    """A frame of the KPL's largest size with single readings of meters whose clock is seven seconds off."""
    frame, count = AggRecord(), 0
    while frame.add_user_record("x", misaligned(count)):
        count += 1
    return frame.get_contents()[2], count


def misaligned(number: int) -> bytes:
    reading = {"start": f"{TODAY - timedelta(days=1)}T10:15:07Z", "wh": 120}
    return json.dumps({"meter_id": f"HE-{number % 5000}", "interval_s": 900, "readings": [reading]}).encode()


def test_a_frame_of_20_000_bad_records_and_a_full_frame_of_bad_uploads_do_not_hold_up_their_shard(
    system: System,
) -> None:
    full, misaligned_count = full_frame_of_misaligned_uploads()
    day = TODAY - timedelta(days=1)
    for number, frame in enumerate((frame_of_one_byte_records(BAD), full)):
        system.put(frame)
        system.send_day(f"NEIGHBOR-{number}", day)
        system.wait_for_day(f"NEIGHBOR-{number}", day)
    assert system.quarantined() == {"not-json": BAD, "misaligned": misaligned_count}
    assert system.laptop.call("status").returncode == 0


def test_readings_of_the_future_are_quarantined_and_on_no_bill(system: System) -> None:
    before = system.quarantined()["future"]
    future = (date(2099, 12, 31), TODAY + timedelta(days=190), TODAY + timedelta(days=2))
    for day in future:
        system.send_day("FUTURE", day, wh=5_000)
    system.send_day("FUTURE", TODAY - timedelta(days=1))
    system.wait_for_day("FUTURE", TODAY - timedelta(days=1))
    until(lambda: system.quarantined()["future"] == before + len(future), "the quarantine", ARRIVAL_S)
    assert system.reader.days("FUTURE", TODAY, date(2099, 12, 31)) == []
    assert system.reader.history("FUTURE") == []


def test_a_meter_that_was_exchanged_ends_on_the_bill_where_the_new_one_begins(system: System) -> None:
    RegistryDesk(system.stack).apply(registry(), "registered", lambda _: None)
    month = (TODAY.replace(day=1) - timedelta(days=40)).replace(day=1)  # over for long enough to be finalized
    exchanged = month + timedelta(days=15)
    done = system.laptop.call(
        "registry", "exchange-meter", "--service-point", POINT.key, "--meter", "M-NEW", "--at", f"{exchanged}T00:00"
    )
    assert done.returncode == 0, done.stderr
    days = [month + timedelta(days=number) for number in range(33)]
    for day in days:
        # The exchange is at midnight in Phoenix, which is 07:00 UTC: both meters read that UTC day.
        if day <= exchanged:
            system.send_day(METER.meter_id, day)
        if day >= exchanged:
            system.send_day("M-NEW", day)
    system.wait_for_day("M-NEW", days[-1])
    until(lambda: system.close() is not None, "the closing")
    bill = system.reader.bill(AGREEMENT.agreement_id, f"{month:%Y-%m}")
    assert bill
    assert bill.status == "final"
    assert (bill.intervals.estimated, bill.intervals.missing) == (0, 0)
    assert float(bill.energy_kwh) == pytest.approx(bill.intervals.expected * 0.1)
    for meter_id in (METER.meter_id, "M-NEW"):  # on the day of the exchange a part of each one's readings is billed
        audited = system.laptop.call("audit", "--month", f"{month:%Y-%m}", "--meter", meter_id)
        assert audited.returncode == 0, audited.stdout + audited.stderr
