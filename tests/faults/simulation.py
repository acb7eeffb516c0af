"""A month of a seed's fleet, hour by hour, with the faults that the seed injects."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, time, timedelta
from functools import partial
from itertools import count, cycle
from typing import Any
from unittest import mock

from botocore.exceptions import BotoCoreError, ClientError

from electrocloud.aws.ingest import dead_letters, redrive
from electrocloud.aws.ingest import kinesis_event as kinesis
from electrocloud.aws.ingest.stream import put, read, shard_ids, uploads_in
from electrocloud.aws.store.store import open_store
from electrocloud.domain.errors import StoreBusyError, UploadError
from electrocloud.domain.readings.admission import Admission
from electrocloud.domain.readings.upload import Upload
from electrocloud.services.replay import reingest, rerate_days
from tests.faults import traffic
from tests.faults.bucket_and_queue import MemoryBucket, MemoryQueue
from tests.faults.event_source import Lane, Mapping, event_of
from tests.faults.fleet import fleet_of, head_ends_of, register, tables
from tests.faults.function import Function, environment
from tests.faults.injected_faults import Bucket, Dynamo, FaultInjector, Killed
from tests.faults.plan import Plan
from tests.faults.registry_changes import Clerks
from tests.faults.scheduler import Scheduler
from tests.faults.senders import Senders
from tests.faults.stream import MemoryStream
from tests.faults.table import ParquetTable
from tests.kits.memory import TABLES

ROUNDS = (0, 1, 5)  # of invocations in an hour; with 0, records wait and meet later ones
MOST_ROUNDS = 5_000
CLOSING_HOUR = 3
POISON_FRAMES = "frames of thousands of bad uploads"
EXPECTED = (Killed, ClientError, BotoCoreError, StoreBusyError)  # anything else is a bug in the function


class Simulation:
    """The system under test and the faults around it. Its parts are public, so that the verdict can read them."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.now = datetime.combine(plan.first, time(), UTC)
        self.rng = random.Random(f"world {plan.seed}")
        self.injector = FaultInjector(random.Random(f"mishaps {plan.seed}"), plan.rates)
        self.scheduler = Scheduler(random.Random(f"turns {plan.seed}"))
        self.fleet = fleet_of(plan)
        self.stream = MemoryStream(plan.shards, lambda: self.now)
        self.dynamo = tables()
        self.objects: dict[str, bytes] = {}
        self.function = Function(
            Dynamo(self.dynamo, self.injector, self.scheduler.switch),
            Bucket(self.objects, self.injector, self.scheduler.switch),
        )
        self.mapping = Mapping(
            self.stream, plan.settings, self.injector.rng, lambda: self.now, whole=plan.whole_dead_letters
        )
        self.senders = Senders(self.stream, self.injector, self.rng)
        self.table = ParquetTable(self.stream, self.injector, partial(head_ends_of, self.dynamo))
        self.sent = traffic.month(
            self.fleet, plan.first, plan.days, plan.interval_s, plan.every_s, random.Random(f"cargo {plan.seed}")
        )
        self.actions: list[traffic.Sending] = []  # of operators
        self.poisoned = 0
        self._bad_deployment = False
        kinds = list(traffic.POISON)
        self.rng.shuffle(kinds)
        self._kinds_of_poison = cycle(kinds)
        late = 0 if plan.dated else int(len(self.fleet) * plan.late_registration)
        self._unregistered = list(self.fleet.meters[:late])
        self.clerks: Clerks | None = None
        if plan.dated:
            self.clerks = Clerks(plan, self.fleet, self.dynamo, self.injector, self.scheduler.switch)
        else:
            register(self.dynamo, self.fleet.meters[late:])

    @contextmanager
    def patched(self) -> Iterator[None]:
        """Patch clock, environment and decoder while the simulation runs."""
        with (
            environment(),
            mock.patch("time.sleep", self.scheduler.switch),
            mock.patch.object(kinesis, "decode", partial(self._decode, kinesis.decode)),
        ):
            yield

    @property
    def counts(self) -> dict[str, int]:
        """The injected faults, by kind."""
        return dict(self.injector.counts)

    def hours(self) -> Iterator[None]:
        """Run the month; yields after each hour, so that the caller can check."""
        waiting = iter(self.sent)
        following = next(waiting)
        for hour in count():
            if hour > self.plan.steps and not following:
                return
            self.now += timedelta(hours=1)
            due = []
            while following and following.at < self.now.timestamp():
                due.append(following)
                following = next(waiting, None)
            self.injector.down = hour in self.plan.down
            self._bad_deployment = hour in self.plan.bad_deployment
            self.injector.counts["hours without writes"] += self.injector.down
            if hour >= self.plan.poison_frame_at and not self.injector.counts[POISON_FRAMES] and due:
                self.injector.counts[POISON_FRAMES] += 1
                self.poisoned += self.plan.poison_frame
                self.senders.poison_frame(due, self.plan.poison_frame)
                due = []
            self._send(due)
            self._reshard()
            for _ in range(self.rng.choice(ROUNDS)):
                self._round()
            if hour % 24 == 0:
                self.table.poll()
            yield

    def drain(self) -> None:
        """Let the function process all that is left, without further faults."""
        self.injector.down = self._bad_deployment = False
        with self.injector.paused():
            for _ in range(MOST_ROUNDS):
                if not self._round():
                    break
            if self.clerks:
                self.now += timedelta(hours=1)  # in which the lock of a killed command expires
                self.clerks.close(self.now)
            self.table.finish()

    def redrive(self) -> None:
        """Put back quarantined uploads and failed batches, as an operator does once the causes are fixed."""
        self.now += timedelta(hours=1)
        put_back = partial(put, self.stream, "readings", pause=lambda attempt: None)
        queue = MemoryQueue(self.mapping.dead)
        for case in (
            *redrive.redrive_quarantine(MemoryBucket(self.objects), "bucket", put_back, ()),
            *dead_letters.redrive_failed_batches(MemoryBucket(self.mapping.dead_objects), "bucket", put_back, ()),
            *dead_letters.redrive_dead_letters(queue, "queue", self.stream, put_back, ()),
        ):
            self.injector.counts[f"redriven: {case.place}"] += case.fate == "put back"
        self.drain()

    def replay(self) -> tuple[int, int]:
        """Replay the whole stream and rate again; returns how many readings and bills changed."""
        with self.injector.paused():
            return self._replay()

    def _replay(self) -> tuple[int, int]:
        client = Dynamo(self.dynamo, self.injector, self.scheduler.switch)
        store, registry = open_store(client, TABLES, self.scheduler.switch, lambda: 0.0)
        parts = (
            uploads_in(records, Admission(head_ends_of=registry.meters.head_ends_of))[0]
            for shard_id in shard_ids(self.stream, "readings")
            for records in read(self.stream, "readings", shard_id, self.now, ShardIteratorType="TRIM_HORIZON")
        )
        outcome, days = reingest(parts, store, registry, self.scheduler.switch)
        rated = rerate_days(days, store, registry, self.scheduler.switch)
        return outcome.changed, outcome.bills + rated.changed

    def _decode(self, decode: Any, payload: bytes) -> Upload:
        """The decoder of the function; a bad deployment rejects some good uploads."""
        upload: Upload = decode(payload)
        if (
            self._bad_deployment
            and any(revision == 0 for _, (revision, *_) in upload.in_both_directions())
            and len(payload) % 2
        ):
            self.injector.counts["good uploads rejected by a bad deployment"] += 1
            raise UploadError("contract", "rejected by a bad deployment")
        return upload

    def _send(self, due: list[traffic.Sending]) -> None:
        if self._unregistered and self.rng.random() < 0.03:
            register(self.dynamo, [self._unregistered.pop()])
            self.injector.counts["meters registered in mid-month"] += 1
        for _ in range(3):
            if len(due) > 1 and self.injector.injects("frames with meters of other shards"):
                self.rng.shuffle(due)
                self.senders.send_unsharded_frame(due[: len(due) // 2])
                due = due[len(due) // 2 :]
        for sending in due:
            self.senders.send(sending)
            if self.injector.injects("records sent again"):
                self.senders.resend()
            if self.injector.injects("poison") and not self._poison(sending):
                continue
            if self.injector.injects("readings voided or corrected"):
                self._operate()
        self.senders.flush()

    def _poison(self, sending: traffic.Sending) -> bool:
        """Send an invalid upload; returns False if this kind cannot be made of it."""
        kind = next(self._kinds_of_poison)
        if kind == "another head-end's meter" and (sending.meter_id,) not in self.dynamo.items["meters"]:
            return False  # an unregistered meter has no head-end
        self.injector.counts[f"poison: {kind}"] += 1
        self.poisoned += 1
        self.senders.poison(kind, traffic.poison(kind, sending.payload, self.rng), sending.meter_id)
        return True

    def _operate(self) -> None:
        """An operator voids or corrects readings, some of which have not arrived yet."""
        at = int(self.now.timestamp()) - self.rng.randrange(3_600)
        near = [sending for sending in self.sent if abs(sending.at - at) < 10 * traffic.DAY_S]
        sending = self.rng.choice(near)
        action = traffic.operators_action(sending, at, sending.at <= at, self.rng)
        self.actions.append(action)
        self.senders.operate(action)

    def _reshard(self) -> None:
        """Split, merge and rewind shards."""
        shards = sorted(self.stream.open_shards(), key=lambda shard: shard.low)
        if len(shards) < 6 and self.injector.injects("shards split"):
            self.stream.split(self.rng.choice(shards))
        elif len(shards) > 1 and self.injector.injects("shards merged"):
            place = self.rng.randrange(len(shards) - 1)
            self.stream.merge(shards[place], shards[place + 1])
        if self.mapping.lanes and self.injector.injects("shards replayed an hour back"):
            shard_id = self.rng.choice(list(self.mapping.lanes))
            back = timedelta(hours=self.rng.choice((1, 1, 12)))
            self.injector.counts["records handed over again by that"] += self.mapping.rewind(shard_id, self.now - back)

    def _round(self) -> bool:
        """Invoke the function for some lanes concurrently; returns whether there was anything to do."""
        lanes = self.mapping.poll()
        if not lanes:
            return False
        chosen = self.rng.sample(lanes, min(len(lanes), self.rng.randint(1, self.plan.at_once)))
        calls = [self._invocation(lane) for lane in chosen]
        if self.injector.injects("batches handed over twice at once"):
            calls.append(self._invocation(chosen[0]))
        if self.injector.injects("replays among live traffic"):
            calls.append(self._replay)
        if self.clerks and self.injector.injects("registry changes"):
            calls.append(self.clerks.change(self.now))
        if self.clerks and self.now.hour == CLOSING_HOUR:
            calls.append(partial(self.clerks.close, self.now))
        for lane, (answer, fault) in zip(chosen, self.scheduler.run(calls), strict=False):
            if fault and not isinstance(fault, EXPECTED):
                raise fault
            self.mapping.apply_answer(lane, answer, fault)
        return True

    def _invocation(self, lane: Lane) -> Any:
        self.injector.counts["invocations"] += 1
        return partial(self.function.invoke, event_of(self.stream.arn, self.mapping.take(lane).records))
