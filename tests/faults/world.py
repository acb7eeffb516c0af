"""A month of a seed's fleet, with all that the seed makes go wrong, hour by hour."""

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
from tests.faults import cargo
from tests.faults.event_source import Lane, Mapping, event_of
from tests.faults.function import Function, environment
from tests.faults.mishaps import Bucket, Dynamo, Killed, Mishaps
from tests.faults.plan import Plan
from tests.faults.registered import fleet_of, head_ends_of, register, tables
from tests.faults.registry_changes import Clerks
from tests.faults.senders import Senders
from tests.faults.shelves import MemoryBucket, MemoryQueue
from tests.faults.stream import MemoryStream
from tests.faults.table import ParquetTable
from tests.faults.turns import Turns
from tests.kits.memory import TABLES

ROUNDS = (0, 1, 5)  # of invocations in an hour: what waits from one hour to the next meets what comes by other ways
MOST_ROUNDS = 5_000
CLOSING_HOUR = 3
POISON_FRAMES = "frames of thousands of bad uploads"
EXPECTED = (Killed, ClientError, BotoCoreError, StoreBusyError)  # all else is a fault of the function itself


class World:
    """Its parts are public, for those who look whether all is there."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.now = datetime.combine(plan.first, time(), UTC)
        self.chance = random.Random(f"world {plan.seed}")
        self.mishaps = Mishaps(random.Random(f"mishaps {plan.seed}"), plan.rates)
        self.turns = Turns(random.Random(f"turns {plan.seed}"))
        self.fleet = fleet_of(plan)
        self.stream = MemoryStream(plan.shards, lambda: self.now)
        self.dynamo = tables()
        self.objects: dict[str, bytes] = {}
        self.function = Function(
            Dynamo(self.dynamo, self.mishaps, self.turns.switch), Bucket(self.objects, self.mishaps, self.turns.switch)
        )
        self.mapping = Mapping(
            self.stream, plan.settings, self.mishaps.chance, lambda: self.now, whole=plan.whole_dead_letters
        )
        self.senders = Senders(self.stream, self.mishaps, self.chance)
        self.table = ParquetTable(self.stream, self.mishaps, partial(head_ends_of, self.dynamo))
        self.sent = cargo.month(
            self.fleet, plan.first, plan.days, plan.interval_s, plan.every_s, random.Random(f"cargo {plan.seed}")
        )
        self.actions: list[cargo.Sending] = []  # of operators
        self.poisoned = 0
        self._bad_deployment = False
        kinds = list(cargo.POISON)
        self.chance.shuffle(kinds)
        self._kinds_of_poison = cycle(kinds)
        late = 0 if plan.dated else int(len(self.fleet) * plan.late_registration)
        self._unregistered = list(self.fleet.meters[:late])
        self.clerks: Clerks | None = None
        if plan.dated:
            self.clerks = Clerks(plan, self.fleet, self.dynamo, self.mishaps, self.turns.switch)
        else:
            register(self.dynamo, self.fleet.meters[late:])

    @contextmanager
    def around(self) -> Iterator[None]:
        """What the functions find around them while the world lives."""
        with (
            environment(),
            mock.patch("time.sleep", self.turns.switch),
            mock.patch.object(kinesis, "decode", partial(self._decode, kinesis.decode)),
        ):
            yield

    @property
    def counts(self) -> dict[str, int]:
        """What went wrong, by kind."""
        return dict(self.mishaps.counts)

    def hours(self) -> Iterator[None]:
        """Live the month; it stops for a look after each hour."""
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
            self.mishaps.down = hour in self.plan.down
            self._bad_deployment = hour in self.plan.bad_deployment
            self.mishaps.counts["hours without writes"] += self.mishaps.down
            if hour >= self.plan.poison_frame_at and not self.mishaps.counts[POISON_FRAMES] and due:
                self.mishaps.counts[POISON_FRAMES] += 1
                self.poisoned += self.plan.poison_frame
                self.senders.poison_frame(due, self.plan.poison_frame)
                due = []
            self._send(due)
            self._mend_and_break()
            for _ in range(self.chance.choice(ROUNDS)):
                self._round()
            if hour % 24 == 0:
                self.table.poll()
            yield

    def settle(self) -> None:
        """Let the function do what is left, with nothing going wrong any more."""
        self.mishaps.down = self._bad_deployment = False
        with self.mishaps.calm():
            for _ in range(MOST_ROUNDS):
                if not self._round():
                    break
            if self.clerks:
                self.now += timedelta(hours=1)  # in which the lock of a killed command expires
                self.clerks.close(self.now)
            self.table.finish()

    def redrive(self) -> None:
        """What an operator does once the causes are mended: put back all that was set aside."""
        self.now += timedelta(hours=1)
        put_back = partial(put, self.stream, "readings", pause=lambda attempt: None)
        queue = MemoryQueue(self.mapping.dead)
        for case in (
            *redrive.redrive_quarantine(MemoryBucket(self.objects), "bucket", put_back, ()),
            *dead_letters.redrive_failed_batches(MemoryBucket(self.mapping.dead_objects), "bucket", put_back, ()),
            *dead_letters.redrive_dead_letters(queue, "queue", self.stream, put_back, ()),
        ):
            self.mishaps.counts[f"redriven: {case.place}"] += case.fate == "put back"
        self.settle()

    def replay(self) -> tuple[int, int]:
        """Take in again all that is in the stream and rate it anew: how many readings and bills that changed."""
        with self.mishaps.calm():
            return self._replay()

    def _replay(self) -> tuple[int, int]:
        client = Dynamo(self.dynamo, self.mishaps, self.turns.switch)
        store, registry = open_store(client, TABLES, self.turns.switch, lambda: 0.0)
        parts = (
            uploads_in(records, Admission(head_ends_of=registry.meters.head_ends_of))[0]
            for shard_id in shard_ids(self.stream, "readings")
            for records in read(self.stream, "readings", shard_id, self.now, ShardIteratorType="TRIM_HORIZON")
        )
        outcome, days = reingest(parts, store, registry, self.turns.switch)
        rated = rerate_days(days, store, registry, self.turns.switch)
        return outcome.changed, outcome.bills + rated.changed

    def _decode(self, decode: Any, payload: bytes) -> Upload:
        """The contract as the function knows it: a bad deployment refuses some that are good."""
        upload: Upload = decode(payload)
        if (
            self._bad_deployment
            and any(revision == 0 for _, (revision, *_) in upload.in_both_directions())
            and len(payload) % 2
        ):
            self.mishaps.counts["good uploads refused by a bad deployment"] += 1
            raise UploadError("contract", "this version knows better")
        return upload

    def _send(self, due: list[cargo.Sending]) -> None:
        if self._unregistered and self.chance.random() < 0.03:
            register(self.dynamo, [self._unregistered.pop()])
            self.mishaps.counts["meters registered in mid-month"] += 1
        for _ in range(3):
            if len(due) > 1 and self.mishaps.strikes("frames with meters of other shards"):
                self.chance.shuffle(due)
                self.senders.carelessly(due[: len(due) // 2])
                due = due[len(due) // 2 :]
        for sending in due:
            self.senders.send(sending)
            if self.mishaps.strikes("records sent again"):
                self.senders.again()
            if self.mishaps.strikes("poison") and not self._poison(sending):
                continue
            if self.mishaps.strikes("readings voided or corrected"):
                self._operate()
        self.senders.flush()

    def _poison(self, sending: cargo.Sending) -> bool:
        """Send an upload that is wrong; whether this kind can be."""
        kind = next(self._kinds_of_poison)
        if kind == "another head-end's meter" and (sending.meter_id,) not in self.dynamo.items["meters"]:
            return False  # a meter that nobody registered has no head-end
        self.mishaps.counts[f"poison: {kind}"] += 1
        self.poisoned += 1
        self.senders.poison(kind, cargo.poison(kind, sending.payload, self.chance), sending.meter_id)
        return True

    def _operate(self) -> None:
        """An operator has a word on readings, which may not have come yet, in the hour that is over."""
        at = int(self.now.timestamp()) - self.chance.randrange(3_600)
        near = [sending for sending in self.sent if abs(sending.at - at) < 10 * cargo.DAY_S]
        sending = self.chance.choice(near)
        action = cargo.operators_action(sending, at, sending.at <= at, self.chance)
        self.actions.append(action)
        self.senders.operate(action)

    def _mend_and_break(self) -> None:
        """Split, merge and rewind shards."""
        alive = sorted(self.stream.alive(), key=lambda shard: shard.low)
        if len(alive) < 6 and self.mishaps.strikes("shards split"):
            self.stream.split(self.chance.choice(alive))
        elif len(alive) > 1 and self.mishaps.strikes("shards merged"):
            place = self.chance.randrange(len(alive) - 1)
            self.stream.merge(alive[place], alive[place + 1])
        if self.mapping.lanes and self.mishaps.strikes("shards replayed an hour back"):
            shard_id = self.chance.choice(list(self.mapping.lanes))
            back = timedelta(hours=self.chance.choice((1, 1, 12)))
            self.mishaps.counts["records handed over again by that"] += self.mapping.rewind(shard_id, self.now - back)

    def _round(self) -> bool:
        """One invocation of some lanes, at once; whether there was anything to do."""
        lanes = self.mapping.poll()
        if not lanes:
            return False
        chosen = self.chance.sample(lanes, min(len(lanes), self.chance.randint(1, self.plan.at_once)))
        calls = [self._invocation(lane) for lane in chosen]
        if self.mishaps.strikes("batches handed over twice at once"):
            calls.append(self._invocation(chosen[0]))
        if self.mishaps.strikes("replays among live traffic"):
            calls.append(self._replay)
        if self.clerks and self.mishaps.strikes("registry changes"):
            calls.append(self.clerks.change(self.now))
        if self.clerks and self.now.hour == CLOSING_HOUR:
            calls.append(partial(self.clerks.close, self.now))
        for lane, (answer, fault) in zip(chosen, self.turns.run(calls), strict=False):
            if fault and not isinstance(fault, EXPECTED):
                raise fault
            self.mapping.settle(lane, answer, fault)
        return True

    def _invocation(self, lane: Lane) -> Any:
        self.mishaps.counts["invocations"] += 1
        return partial(self.function.invoke, event_of(self.stream.arn, self.mapping.take(lane).records))
