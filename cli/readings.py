"""`electrocloud readings`: void or correct what is stored, and see who did."""

import getpass
from datetime import UTC, datetime, timedelta

import msgspec
from rich.console import Console

from cli.choices import Flow, Output
from cli.rows import Rows, print_rows
from electrocloud.aws.backoff import pause
from electrocloud.aws.ingest.stream import Entry, put
from electrocloud.aws.stack import Stack, find_stack
from electrocloud.aws.store.reader import Reader
from electrocloud.domain.errors import UploadError, UsageError
from electrocloud.domain.readings.meter_day import MeterDay
from electrocloud.domain.readings.upload import DIRECTIONS, Adjustment, Operator, UploadDocument, decode
from electrocloud.services import adjustments

console = Console()


def void(meter: str, since: str, until: str, reason: str, direction: Flow | None) -> None:
    """Put into the stream what voids a meter's readings that start from `since` to before `until`."""
    begin, end = _moment("--from", since), _moment("--to", until)
    if begin >= end:
        raise UsageError(f"--to is {until}, which is not after --from")
    stack = find_stack()
    days = Reader(stack).days(meter, begin.date(), (end - timedelta(microseconds=1)).date())
    documents = adjustments.void(
        meter, days, begin, end, _operator(stack, "void", reason), direction.value if direction else None
    )
    _send(stack, documents)
    count = sum(len(document.readings) for document in documents)
    console.print(f"{count:,} intervals of {meter} are voided as soon as the stream is read; bills follow.")


def correct(meter: str, at: str, wh: int, reason: str, direction: Flow, varh: int | None) -> None:
    """Put into the stream what corrects the reading that starts at `at`."""
    start = _moment("--at", at)
    stack = find_stack()
    day = next(iter(Reader(stack).days(meter, start.date(), start.date())), None)
    operator = _operator(stack, "correct", reason)
    _send(stack, [adjustments.correct(meter, day, start, wh, operator, direction.value, varh)])
    console.print(f"The reading of {meter} at {at} is {wh:,} Wh as soon as the stream is read; bills follow.")


def history(meter: str, since: str, until: str, output: Output | None) -> None:
    """Print what operators did to a meter's readings."""
    begin, end = _moment("--from", since), _moment("--to", until)
    made = [
        (adjustment, day)
        for day in Reader(find_stack()).days(meter, begin.date(), (end - timedelta(microseconds=1)).date())
        for adjustment in day.adjustments
    ]
    rows = []
    for one, day in sorted(made, key=lambda pair: pair[0]):
        what = {"void": "voided", "correct": "corrected"}[one.action]
        for starts, direction in _places(one, day):
            rows.append((one.at, one.by, what, day.day, starts, one.interval_s, direction, one.reason))
    empty = f"Nobody voided or corrected readings of {meter} in these days."
    columns = ("at_utc", "by", "what", "day_utc", "starts", "interval_s", "direction", "reason")
    print_rows(Rows(columns, rows, empty=empty), output)


def _places(one: Adjustment, day: MeterDay) -> list[tuple[str, str]]:
    """Where an operator's readings still hold: their first and last start, and their direction."""
    found = [(day.minutes_of(one, direction), direction) for direction in DIRECTIONS]
    return [
        ("–".join(_clock(minute) for minute in dict.fromkeys((minutes[0], minutes[-1]))), direction)
        for minutes, direction in found
        if minutes
    ] or [("replaced", "")]


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def _operator(stack: Stack, action: str, reason: str) -> Operator:
    """Who the credentials belong to; on a laptop, whose keys are everyone's, the user of the machine."""
    by = getpass.getuser() if stack.local else stack.client("sts").get_caller_identity()["Arn"]
    at = datetime.now(UTC).replace(microsecond=0)
    try:
        return msgspec.convert({"action": action, "by": by, "at": at, "reason": reason}, Operator)
    except msgspec.ValidationError as fault:
        raise UsageError(f"--reason is 1 to 300 characters on one line: {fault}") from None


def _send(stack: Stack, documents: list[UploadDocument]) -> None:
    entries = [Entry(document.meter_id, msgspec.json.encode(document)) for document in documents]
    for entry in entries:
        try:
            decode(entry.data)  # what the metering function would reject is rejected here
        except UploadError as fault:
            raise UsageError(str(fault)) from None
    put(stack.client("kinesis"), stack.stream, entries, pause)


def _moment(option: str, text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{option} is {text!r}; give a time in ISO 8601, such as 2026-11-24T06:00Z") from None
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
