"""Sends what a fleet measured before it lives: month after month through the stream, and then what came of it.

A part is sent when the one before is stored, so that the stream never holds more than one. All of it may be sent again:
the pipeline stores each reading once.
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from functools import partial

import msgspec

from electrocloud.aws.stack import Stack
from electrocloud.aws.store.reader import Reader
from producers.fleet.fleet import Fleet
from producers.fleet.simulate import simulate
from producers.fleet.story import Story
from producers.sending.head_end import HeadEndSender
from producers.sending.uploads import SentReading, SentUpload, uploads

PART_DAYS = 28
STORED_S = 300.0  # a part is stored in seconds; after so long the next one is sent all the same
POLL_S = 0.5
CLOCK_AHEAD = timedelta(days=2)

Report = Callable[[str, float], None]


def reported(story: Story, upload: SentUpload) -> Iterator[SentUpload]:
    """What the head-end gets of a meter's upload at first: one for each meter that measured, without what is unread."""
    parts: dict[str, list[SentReading]] = {}
    for reading in upload.readings:
        if not story.is_unread(upload.meter_id, reading.start):
            part = parts.setdefault(story.meter_at(upload.meter_id, reading.start), [])
            wh = story.reported_wh(upload.meter_id, reading.start, reading.wh)
            part.append(reading if wh == reading.wh else msgspec.structs.replace(reading, wh=wh))
    for meter_id, readings in parts.items():
        yield SentUpload(meter_id, upload.interval_s, readings)


def send_history(
    fleet: Fleet,
    story: Story,
    first: date,
    end: date,
    interval_s: int,
    head_end: HeadEndSender,
    stack: Stack,
    report: Report,
) -> None:
    """Send the UTC days from `first` to before `end`, a part at a time; then the misread readings, corrected."""
    reader = Reader(stack)
    for day in (first + timedelta(days=number) for number in range(0, (end - first).days, PART_DAYS)):
        newest = _send_part(fleet, story, day, min(PART_DAYS, (end - day).days), interval_s, head_end)
        report("history", datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
        _wait(partial(_is_stored, reader, newest))
    for upload in corrections(fleet, story, end, interval_s):
        _send(head_end, upload)
    head_end.flush()


def corrections(fleet: Fleet, story: Story, end: date, interval_s: int) -> Iterator[SentUpload]:
    """The misread readings of the UTC days before `end` once more, as they were measured, with revision 1."""
    for span in story.misread:
        row = next(number for number, meter in enumerate(fleet.meters) if meter.meter_id == span.meter_id)
        for day in (one for one in story.utc_days(span) if one < end):
            one_meter = fleet.part(slice(row, row + 1))
            for delivery in uploads(one_meter, simulate(one_meter, day, 1, interval_s)):
                readings = [
                    msgspec.structs.replace(reading, revision=1)
                    for reading in delivery.upload.readings
                    if span.covers(span.meter_id, reading.start)
                ]
                if readings:
                    yield SentUpload(story.meter_at(span.meter_id, readings[0].start), interval_s, readings)


def send_rejected(fleet: Fleet, interval_s: int, head_end: HeadEndSender, stack: Stack) -> None:
    """Send the upload of a meter whose clock is ahead, which is rejected; but only if none has been rejected yet."""
    if not Reader(stack).quarantined_in_all():
        ahead = (datetime.now(UTC) + CLOCK_AHEAD).replace(minute=0, second=0, microsecond=0)
        _send(head_end, SentUpload(fleet.meters[-1].meter_id, interval_s, [SentReading(ahead, 120)]))
        head_end.flush()


def close_bills(stack: Stack) -> None:
    """Call the closing function, as its schedule does at 03:00 UTC, when a laptop may be off."""
    client = stack.client("lambda")
    pages = client.get_paginator("list_functions").paginate()
    for name in (one["FunctionName"] for page in pages for one in page["Functions"]):
        if "ClosingFunction" in name:
            client.invoke(FunctionName=name, InvocationType="Event", Payload=json.dumps({}))


def _send_part(
    fleet: Fleet, story: Story, first: date, days: int, interval_s: int, head_end: HeadEndSender
) -> Mapping[str, date]:
    """Send some days, meter by meter so that a batch has many days of few meters; the newest day of each meter."""
    newest: dict[str, date] = {}
    sent = [one.upload for one in uploads(fleet, simulate(fleet, first, days, interval_s))]
    for upload in sorted(sent, key=lambda one: one.meter_id):  # a stable sort: a meter's days stay in order
        for part in reported(story, upload):
            _send(head_end, part)
            newest[part.meter_id] = part.readings[-1].start.date()
    head_end.flush()
    return newest


def _send(head_end: HeadEndSender, upload: SentUpload) -> None:
    head_end.send(upload.meter_id, msgspec.json.encode(upload), len(upload.readings))


def _is_stored(reader: Reader, newest: Mapping[str, date]) -> bool:
    found = reader.newest_days(newest)
    return all(meter_id in found and found[meter_id].day >= day for meter_id, day in newest.items())


def _wait(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + STORED_S
    while not done() and time.monotonic() < deadline:
        time.sleep(POLL_S)
