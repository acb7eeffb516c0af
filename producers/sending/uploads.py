"""Readings as uploads in order of delivery, some of them late, duplicated or corrected."""

import heapq
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import compress, count, groupby
from operator import attrgetter
from typing import NamedTuple

import msgspec
import numpy as np

from electrocloud.domain.readings.upload import MAX_READINGS, Direction
from producers.fleet.faults import Faults, InjectedFault, ReportedReadings, inject
from producers.fleet.fleet import Fleet
from producers.fleet.meter_register import DAY_S, Ints
from producers.fleet.random_numbers import fold_in, key, uniform
from producers.fleet.simulate import Block

NO_FAULTS = Faults()
_HOUR_S = 3_600


class SentReading(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """A reading as a meter sends it."""

    start: datetime
    wh: int
    revision: int = 0
    voltage_v: float | None = None
    direction: Direction = "delivered"


class SentUpload(msgspec.Struct, frozen=True, gc=False):
    """An upload as a meter sends it; its JSON follows the ingestion contract."""

    meter_id: str
    interval_s: int
    readings: list[SentReading]


class Deliveries(NamedTuple):
    """Planned uploads in order of delivery: time (s since 1970), the block's row, the first column, the revision."""

    at: Ints
    row: Ints
    column: Ints
    revision: Ints


class Delivery(NamedTuple):
    """An upload and the time (s since 1970) at which the head-end receives it."""

    at: int
    upload: SentUpload


def uploads(
    fleet: Fleet, blocks: Iterable[Block], faults: Faults = NO_FAULTS, every_s: int = DAY_S
) -> Iterator[Delivery]:
    """The uploads of blocks in order of delivery, each with the readings of `every_s` seconds in all directions, or one
    for each direction where an upload could not hold both.

    blocks: in order of time, as made by `simulate`; blocks with the same start are held in memory together. every_s: a
    divisor of a day and at least the interval. Late uploads appear among those of the day on which they arrive.
    """
    late: list[tuple[int, int, Delivery]] = []
    number = count()  # breaks ties
    for _, together in groupby(blocks, key=lambda block: block.start):
        same = list(together)
        end = same[0].start + same[0].wh.shape[1] * same[0].interval_s
        ways = [_deliver(fleet, block, faults, every_s) for block in same]
        for delivery in heapq.merge(*ways, key=attrgetter("at")):
            if delivery.at >= end:
                heapq.heappush(late, (delivery.at, next(number), delivery))
                continue
            while late and late[0][0] <= delivery.at:
                yield heapq.heappop(late)[2]
            yield delivery
    while late:
        yield heapq.heappop(late)[2]


def deliveries(
    fleet: Fleet, reported: ReportedReadings, faults: Faults, every_s: int = DAY_S
) -> tuple[Deliveries, list[InjectedFault]]:
    """When each part of a block is delivered, and the faults among these deliveries (late or duplicate)."""
    block, part = reported.true, fleet.part(reported.true.meters)
    per = every_s // block.interval_s
    row, column = (index.ravel() for index in np.indices((len(part), block.wh.shape[1] // per)))
    column *= per
    ended = block.start + (column + per) * block.interval_s
    keys = fold_in(fold_in(key(fleet.seed, "upload"), row + part.first), ended)
    late = uniform(keys, "late") < faults.late
    twice = uniform(keys, "twice") < faults.duplicates
    corrected = reported.corrected.reshape(len(part), -1, per).any(axis=2).ravel()
    first = ended + np.where(late, _HOUR_S * (1 + 71 * uniform(keys, "how late")), 5 + 295 * uniform(keys, "soon"))
    again = first + 1 + _HOUR_S * 6 * uniform(keys, "again") ** 3
    later = ended + DAY_S * (1 + 4 * uniform(keys, "correction"))
    tries = ((first, np.ones(len(row), bool), 0), (again, twice, 0), (later, corrected, 1))
    at = np.concatenate([when[which] for when, which, _ in tries]).astype(np.int64)
    order = np.argsort(at, kind="stable")
    rows, columns = (np.concatenate([each[which] for _, which, _ in tries])[order] for each in (row, column))
    revisions = np.concatenate([np.full(which.sum(), revision) for _, which, revision in tries])[order]
    truth = [
        InjectedFault(
            part.meters[row[i]].meter_id, int(ended[i]) - every_s, int(ended[i]), kind, f"came {_iso(when[i])}"
        )
        for kind, which, when in (("late", late, first), ("duplicate", twice, again))
        for i in np.flatnonzero(which)
    ]
    return Deliveries(at[order], rows, columns, revisions), truth


def _deliver(fleet: Fleet, block: Block, faults: Faults, every_s: int) -> Iterator[Delivery]:
    reported = inject(fleet, block, faults)
    plan, _ = deliveries(fleet, reported, faults, every_s)
    meters = fleet.meters[block.meters]
    begin, step = datetime.fromtimestamp(block.start, UTC), timedelta(seconds=block.interval_s)
    starts = [begin + step * column for column in range(block.wh.shape[1])]
    per = every_s // block.interval_s
    for at, row, column, revision in zip(*(values.tolist() for values in plan), strict=True):
        cells = slice(column, column + per)
        sent, source = (reported.corrected, reported.true) if revision else (reported.sent, reported)
        volts = (reported.decivolts[row, cells] / 10).tolist()
        values = zip(starts[cells], source.wh[row, cells].tolist(), [revision] * per, volts, strict=True)
        chosen = sent[row, cells].tolist()
        readings = [SentReading(*reading) for reading in compress(values, chosen)]
        if readings and source.received is not None and meters[row].solar:
            both = zip(starts[cells], source.received[row, cells].tolist(), strict=True)
            received = [SentReading(*one, revision, direction="received") for one in compress(both, chosen)]
            if len(readings) + len(received) > MAX_READINGS:
                yield Delivery(at, SentUpload(meters[row].meter_id, block.interval_s, received))
            else:
                readings += received
        if readings:
            yield Delivery(at, SentUpload(meters[row].meter_id, block.interval_s, readings))


def _iso(at: float) -> str:
    return datetime.fromtimestamp(int(at), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
