"""One seed, from its plan to the verdict."""

from collections import Counter
from datetime import UTC, date, datetime
from functools import partial
from typing import NamedTuple

from electrocloud.aws.ingest.stream import uploads_in
from tests.faults import verdict
from tests.faults.dynamo import MemoryDynamo
from tests.faults.event_source import event_of
from tests.faults.function import Function, environment
from tests.faults.mishaps import Bucket, Dynamo, Mishaps
from tests.faults.plan import Plan
from tests.faults.registered import head_ends_of, register, tables
from tests.faults.registry_changes import put_registry
from tests.faults.stream import MemoryStream
from tests.faults.table import ParquetRow, ParquetTable
from tests.faults.world import World

LOOK_EVERY_H = 96
BATCH = 25


class Report(NamedTuple):
    """`faults` counts what went wrong, `uploads` where the accepted ones were at the end; `losses` should be empty."""

    seed: int
    readings: int
    faults: Counter[str]
    uploads: Counter[str]
    losses: list[str]


def run(plan: Plan) -> Report:
    """Live the plan's month, put back what was set aside, replay where meters were registered late, and compare."""
    world = World(plan)
    losses: list[str] = []

    def look(when: str) -> Counter[str]:
        found = verdict.whereabouts(world)
        if found["lost"]:
            losses.append(f"{found['lost']} of {found['accepted']} uploads are nowhere {when}")
        return found

    with world.around():
        for hour, _ in enumerate(world.hours()):
            if hour % LOOK_EVERY_H == 0:
                look(f"in hour {hour}")
        world.settle()
        look("at the end")
        world.redrive()
        uploads = look("after the redrive")
        if plan.late_registration and not plan.dated:
            world.replay()
        before = repr(world.dynamo.items)
        if again := [count for count in world.replay() if count]:
            losses.append(f"a replay changed {again}")
        if repr(world.dynamo.items) != before:
            losses.append("a replay changed what is stored")
    losses += _miscounted(world, uploads)
    losses += verdict.differences(world, *reference(world))
    return Report(plan.seed, world.senders.tally.sent, Counter(world.counts) + seen(world), uploads, losses)


def _miscounted(world: World, uploads: Counter[str]) -> list[str]:
    """What the counts of uploads say is wrong."""
    losses = [f"{uploads[where]} uploads {where}" for where in ("good, in quarantine", "waiting") if uploads[where]]
    if uploads["quarantined"] < world.poisoned:
        losses.append(f"{world.poisoned} uploads were poison and {uploads['quarantined']} are in quarantine")
    if world.senders.tally.accepted != world.senders.tally.sent:
        losses.append(f"the senders say {world.senders.tally}")
    return losses


def seen(world: World) -> Counter[str]:
    """What went wrong by itself, as the stream and the tables show it at the end."""
    found = Counter({"cold starts": world.function.cold_starts})
    newest: dict[tuple[str, date, int], int] = {}
    for record in world.stream.records():
        for upload in uploads_in([record])[0]:
            found["uploads days late"] += (record.arrived.date() - upload.day).days > 2
            minute, (revision, *_) = upload.in_both_directions()[0]
            slot = upload.meter_id, upload.day, minute
            found["uploads of both directions"] += bool(upload.readings and upload.received)
            found["revisions that came before what they revise"] += newest.get(slot, -1) > revision
            newest[slot] = max(newest.get(slot, -1), revision)
    found["final bills replaced"] = sum("#" in bill for _, bill in world.dynamo.items["bills"])
    return found


def reference(world: World) -> tuple[MemoryDynamo, list[ParquetRow]]:
    """The same uploads, once each and in order, through the same function with nothing going wrong."""
    calm = Mishaps(world.chance, {})
    dynamo = tables()
    if world.clerks:
        put_registry(dynamo, world.clerks.registry())
    else:
        register(dynamo, world.fleet.meters)
    stream = MemoryStream(1, lambda: datetime(2027, 6, 1, tzinfo=UTC))
    for sending in (*world.sent, *world.actions):
        stream.take({"PartitionKey": sending.meter_id, "Data": sending.payload})
    records = list(stream.records())
    function = Function(Dynamo(dynamo, calm, lambda: None), Bucket({}, calm, lambda: None))
    with environment():
        for first in range(0, len(records), BATCH):
            answer = function.invoke(event_of(stream.arn, records[first : first + BATCH]))
            assert answer == {"batchItemFailures": []}
    table = ParquetTable(stream, calm, partial(head_ends_of, dynamo))
    table.finish()
    return dynamo, table.rows()
