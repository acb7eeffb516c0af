"""Readings as a head-end gets them: uploads in the order of their delivery, some of them late, twice or corrected."""

import heapq
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from electrocloud.domain.upload import Document, Row
from producers.chance import branch, key, uniform
from producers.faults import Faults, Told, Truth, inject
from producers.fleet import Fleet
from producers.register import DAY_S
from producers.simulate import Block

Ints = NDArray[np.int64]
NO_FAULTS = Faults()
_HOUR_S = 3_600


class Deliveries(NamedTuple):
    """Uploads to be, in order of delivery: when (s since 1970), the block's row, the first column, the revision."""

    at: Ints
    row: Ints
    column: Ints
    revision: Ints


class Delivery(NamedTuple):
    """An upload and the second (since 1970) in which it reaches the head-end."""

    at: int
    upload: Document


def uploads(
    fleet: Fleet, blocks: Iterable[Block], faults: Faults = NO_FAULTS, every_s: int = DAY_S
) -> Iterator[Delivery]:
    """The uploads of the blocks, each with the readings of `every_s` seconds (a divisor of a day, at least an interval).

    In order of delivery, if the blocks are in order of time (blocks of the same days follow one another meter by meter, and
    each is in order by itself). A late upload comes among those of the day on which it arrives.
    """
    waiting: list[tuple[int, int, Document]] = []
    number = 0
    for block in blocks:
        while waiting and waiting[0][0] < block.start:
            yield Delivery(waiting[0][0], heapq.heappop(waiting)[2])
        told = inject(fleet, block, faults)
        end = block.start + block.wh.shape[1] * block.interval_s + _HOUR_S
        columns = every_s // block.interval_s
        plan, _ = deliveries(fleet, told, faults, every_s)
        for at, row, column, revision in zip(*(values.tolist() for values in plan), strict=True):
            upload = _upload(fleet, told, row, slice(column, column + columns), revision)
            if upload is None:
                continue
            if at < end:
                yield Delivery(at, upload)
            else:
                heapq.heappush(waiting, (at, number, upload))
                number += 1
    while waiting:
        at, _, upload = heapq.heappop(waiting)
        yield Delivery(at, upload)


def deliveries(fleet: Fleet, told: Told, faults: Faults, every_s: int = DAY_S) -> tuple[Deliveries, list[Truth]]:
    """When which part of the block is delivered, and the truth of what was late or came twice."""
    block = told.true
    per = every_s // block.interval_s
    part = fleet.part(block.meters)
    row, column = (
        a.ravel() for a in np.meshgrid(np.arange(len(part)), np.arange(0, block.wh.shape[1], per), indexing="ij")
    )
    ended = block.start + (column + per) * block.interval_s
    keys = branch(branch(key(fleet.seed, "upload"), row + part.first), ended)
    late = uniform(keys, "late") < faults.late
    twice = uniform(keys, "twice") < faults.duplicates
    corrected = told.corrected.reshape(len(part), -1, per).any(axis=2).ravel()
    soon = 5 + 295 * uniform(keys, "soon")
    at = ended + np.where(late, _HOUR_S * (1 + 71 * uniform(keys, "how late")), soon)
    again = at + 1 + _HOUR_S * 6 * uniform(keys, "again") ** 3
    later = ended + DAY_S * (1 + 4 * uniform(keys, "correction"))
    parts = [(at, slice(None), 0), (again, twice, 0), (later, corrected, 1)]
    when = np.concatenate([t[which] for t, which, _ in parts]).astype(np.int64)
    order = np.argsort(when, kind="stable")
    rows, columns = (np.concatenate([a[which] for _, which, _ in parts])[order] for a in (row, column))
    revision = np.concatenate([np.full(len(row[which]), number) for _, which, number in parts])[order]
    truth = [
        Truth(
            part.meters[row[i]].meter_id,
            int(ended[i]) - every_s,
            int(ended[i]),
            kind,
            f"delivered {_iso(int(t[i]))}",
        )
        for kind, which, t in (("late", late, at), ("duplicate", twice, again))
        for i in np.flatnonzero(which)
    ]
    return Deliveries(when[order], rows, columns, revision), truth


def _upload(fleet: Fleet, told: Told, row: int, columns: slice, revision: int) -> Document | None:
    block = told.true
    sent, wh = (told.corrected, block.wh) if revision else (told.sent, told.wh)
    kept = np.flatnonzero(sent[row, columns]) + columns.start
    if not len(kept):
        return None
    readings = [
        Row(datetime.fromtimestamp(start, UTC), energy, revision, decivolts / 10)
        for start, energy, decivolts in zip(
            (block.start + kept * block.interval_s).tolist(),
            wh[row, kept].tolist(),
            told.decivolts[row, kept].tolist(),
            strict=True,
        )
    ]
    return Document(fleet.meters[block.meters.start + row].meter_id, block.interval_s, readings)


def _iso(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
