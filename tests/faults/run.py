"""One seed, from its plan to the verdict."""

from collections import Counter
from datetime import UTC, date, datetime
from functools import partial
from typing import NamedTuple

from electrocloud.aws.ingest.stream import uploads_in
from electrocloud.aws.store.dynamodb_items import bill_of
from electrocloud.services.following_bills import CREDIT_CHANGED, PEAK_CHANGED
from tests.faults import verdict
from tests.faults.dynamo import MemoryDynamo
from tests.faults.event_source import event_of
from tests.faults.fleet import head_ends_of, register, tables
from tests.faults.function import Function, environment
from tests.faults.injected_faults import Bucket, Dynamo, FaultInjector
from tests.faults.plan import Plan
from tests.faults.registry_changes import put_registry
from tests.faults.simulation import Simulation
from tests.faults.stream import MemoryStream
from tests.faults.table import ParquetRow, ParquetTable

CHECK_EVERY_H = 96
BATCH = 25


class Report(NamedTuple):
    """`faults` counts the injected faults, `uploads` where the uploads are at the end; `losses` should be empty."""

    seed: int
    readings: int
    faults: Counter[str]
    uploads: Counter[str]
    losses: list[str]


def run(plan: Plan) -> Report:
    """Run the plan's month, redrive, replay where meters were registered late, and compare with the reference."""
    simulation = Simulation(plan)
    losses: list[str] = []

    def check(when: str) -> Counter[str]:
        found = verdict.locate_uploads(simulation)
        if found["lost"]:
            losses.append(f"{found['lost']} of {found['accepted']} uploads are lost {when}")
        return found

    with simulation.patched():
        for hour, _ in enumerate(simulation.hours()):
            if hour % CHECK_EVERY_H == 0:
                check(f"in hour {hour}")
        simulation.drain()
        check("at the end")
        simulation.redrive()
        uploads = check("after the redrive")
        if plan.late_registration and not plan.dated:
            simulation.replay()
        before = repr(simulation.dynamo.items)
        if again := [count for count in simulation.replay() if count]:
            losses.append(f"a replay changed {again}")
        if repr(simulation.dynamo.items) != before:
            losses.append("a replay changed what is stored")
    losses += _miscounted(simulation, uploads)
    losses += verdict.differences(simulation, *reference(simulation))
    return Report(
        plan.seed, simulation.senders.counts.sent, Counter(simulation.counts) + observed(simulation), uploads, losses
    )


def _miscounted(simulation: Simulation, uploads: Counter[str]) -> list[str]:
    """The losses that the counts of uploads show."""
    losses = [f"{uploads[where]} uploads {where}" for where in ("good, in quarantine", "waiting") if uploads[where]]
    if uploads["quarantined"] < simulation.poisoned:
        losses.append(f"{simulation.poisoned} uploads were poison and {uploads['quarantined']} are in quarantine")
    if simulation.senders.counts.accepted != simulation.senders.counts.sent:
        losses.append(f"the senders counted {simulation.senders.counts}")
    return losses


def observed(simulation: Simulation) -> Counter[str]:
    """Faults that follow from others, as stream and tables show them at the end."""
    found = Counter({"cold starts": simulation.function.cold_starts})
    newest: dict[tuple[str, date, int], int] = {}
    for record in simulation.stream.records():
        for upload in uploads_in([record])[0]:
            found["uploads days late"] += (record.arrived.date() - upload.day).days > 2
            minute, (revision, *_) = upload.in_both_directions()[0]
            key = upload.meter_id, upload.day, minute
            found["uploads of both directions"] += bool(upload.readings and upload.received)
            found["revisions that arrived before what they revise"] += newest.get(key, -1) > revision
            newest[key] = max(newest.get(key, -1), revision)
    bills = {key: bill_of(item) for key, item in simulation.dynamo.items["bills"].items()}
    found["final bills with a credit"] = sum(
        bool(bill.credit and bill.credit.opening) and bill.status == "final" for bill in bills.values()
    )
    found["bills replaced for an earlier one"] = sum(
        bill.reason in (CREDIT_CHANGED, PEAK_CHANGED) for bill in bills.values()
    )
    found["final bills replaced"] = sum("#" in bill for _, bill in simulation.dynamo.items["bills"])
    return found


def reference(simulation: Simulation) -> tuple[MemoryDynamo, list[ParquetRow]]:
    """Process the same uploads once each, in order, without faults; returns the tables and the Parquet rows."""
    none = FaultInjector(simulation.rng, {})
    dynamo = tables()
    if simulation.clerks:
        put_registry(dynamo, simulation.clerks.registry())
    else:
        register(dynamo, simulation.fleet.meters)
    stream = MemoryStream(1, lambda: datetime(2027, 6, 1, tzinfo=UTC))
    for sending in (*simulation.sent, *simulation.actions):
        stream.take({"PartitionKey": sending.meter_id, "Data": sending.payload})
    records = list(stream.records())
    function = Function(Dynamo(dynamo, none, lambda: None), Bucket({}, none, lambda: None))
    with environment():
        for first in range(0, len(records), BATCH):
            answer = function.invoke(event_of(stream.arn, records[first : first + BATCH]))
            assert answer == {"batchItemFailures": []}
    table = ParquetTable(stream, none, partial(head_ends_of, dynamo))
    table.finish()
    return dynamo, table.rows()
