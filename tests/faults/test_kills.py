"""The function killed at each of its calls in turn, before and after it takes effect, and its batch come again."""

from datetime import UTC, date, datetime, timedelta
from itertools import count

import pytest

from electrocloud.aws.store.dynamodb_items import bill_of
from producers.fleet.fleet import make_fleet
from tests.faults.event_source import event_of
from tests.faults.fleet import register, tables
from tests.faults.function import Function, environment
from tests.faults.injected_faults import Bucket, Dynamo, FaultInjector, Killed
from tests.faults.stream import MemoryStream
from tests.faults.traffic import frame
from tests.kits.examples import upload_json

METERS = make_fleet(3, 1).meters
ONE, OTHER, _ = (meter.meter_id for meter in METERS)
NOVEMBER = [date(2026, 10, 31) + timedelta(days=n) for n in range(32)]  # and what of it is local time elsewhere


class KillAt(FaultInjector):
    """Kills at the n-th opportunity, and lets all else go well. 0 kills never."""

    def __init__(self, number: int) -> None:
        self._left = number

    def injects(self, kind: str) -> bool:
        if not kind.startswith("killed"):
            return False
        self._left -= 1
        return self._left == 0


class Deployment:
    def __init__(self) -> None:
        self.dynamo = tables()
        self.objects: dict[str, bytes] = {}
        register(self.dynamo, METERS)

    def invoke(self, payloads: list[bytes], kill_at: int = 0) -> None:
        stream = MemoryStream(1, lambda: datetime(2026, 12, 2, tzinfo=UTC))
        for data in payloads:
            stream.take({"PartitionKey": "k", "Data": data})
        injector = KillAt(kill_at)
        function = Function(Dynamo(self.dynamo, injector, lambda: None), Bucket(self.objects, injector, lambda: None))
        with environment():
            function.invoke(event_of(stream.arn, list(stream.records())))

    def contents(self):
        return self.dynamo.items, self.objects


MONTH = [upload_json(meter_id=ONE, day=day, wh=[100] * 24, interval_s=3600) for day in NOVEMBER]
CORRECTION = upload_json(meter_id=ONE, day=NOVEMBER[9], wh=[900] * 24, interval_s=3600, revision=1)
NEW = upload_json(meter_id=OTHER, day=NOVEMBER[9])

BATCHES = {
    "a backlog in two parts, among poison": ([], [*MONTH[:22], b"no json", frame({"a": NEW, "b": b"no json"})]),
    "a correction of a final bill": (MONTH, [CORRECTION, NEW]),
}


@pytest.mark.parametrize(("before", "batch"), BATCHES.values(), ids=BATCHES.keys())
def test_a_kill_at_any_call_does_not_change_the_result(before, batch):
    calm = Deployment()
    calm.invoke(before)
    calm.invoke(batch)
    for number in count(1):
        shaken = Deployment()
        shaken.invoke(before)
        try:
            shaken.invoke(batch, kill_at=number)
        except Killed:
            shaken.invoke(batch)
            assert shaken.contents() == calm.contents(), f"killed at opportunity {number}"
        else:
            break
    assert number > 8


def test_the_correction_creates_a_new_version():
    deployment = Deployment()
    deployment.invoke(MONTH)
    deployment.invoke([CORRECTION])
    bills = {key[1]: bill_of(item) for key, item in deployment.dynamo.items["bills"].items()}
    assert bills["2026-11"].version == 2
    assert "2026-11#v001" in bills
