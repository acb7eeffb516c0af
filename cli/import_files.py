"""`electrocloud import`: send the readings of meter data files the way all uploads go."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, NamedTuple

import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from cli.choices import ImportChannel
from electrocloud.aws.stack import find_stack
from electrocloud.domain.errors import UploadError, UsageError
from electrocloud.domain.readings.upload import UploadDocument, decode
from meter_files.channel import ReadOptions
from meter_files.load import Load, MeterLoad, read_load, summary
from meter_files.uploads import uploads_of
from producers.sending.api import ApiSender
from producers.sending.head_end import HeadEndSender
from producers.sending.live import Sender, pause
from producers.sending.send_counts import SendCounts


class Target(NamedTuple):
    """Where uploads go: a channel, and for `file` the file."""

    via: ImportChannel
    out: Path | None


class _Part(NamedTuple):
    """What is sent of one meter in one direction: its readings, its id, and its reactive energy."""

    load: MeterLoad
    meter_id: str
    reactive: MeterLoad | None


class FileSender:
    """Writes uploads to a file, a line of JSON each."""

    def __init__(self, file: IO[bytes], tally: SendCounts) -> None:
        self._file = file
        self._tally = tally

    def send(self, _meter_id: str, upload: bytes, readings: int) -> None:
        """Write an upload."""
        self._file.write(upload + b"\n")
        self._tally.sent += readings
        self._tally.accepted += readings

    def flush(self) -> None:
        """Write what is buffered."""
        self._file.flush()


def import_files(files: Sequence[Path], meter: str | None, target: Target, reading: ReadOptions, revision: int) -> None:
    """Read all files first, so that a fault in one sends nothing; then send, and account for every reading."""
    console = Console(stderr=True, soft_wrap=True)
    loads = [(path, read_load(path, reading)) for path in files]
    for path, load in loads:
        for line in summary(load):
            console.print(f"{path.name}: {line}", style="dim", highlight=False, markup=False)
    left_out: Counter[str] = Counter()
    plan = [
        _Part(one, _meter_id(path, one, load, meter), _reactive(load, one))
        for path, load in loads
        for one in _with_direction(load, left_out)
    ]
    total = sum(len(part.load.readings.start) for part in plan)
    tally = SendCounts()
    if target.via is ImportChannel.file:
        if target.out is None:
            raise UsageError("--via file needs --out FILE, for the uploads as lines of JSON")
        with target.out.open("wb") as file:
            _send(plan, FileSender(file, tally), tally, total, revision, left_out)
    else:
        _send(plan, _sender(target.via, tally), tally, total, revision, left_out)
    _account(Console(soft_wrap=True), tally, left_out)


def _with_direction(load: Load, left_out: Counter[str]) -> Iterator[MeterLoad]:
    """The readings of energy delivered and of energy received; a register of both together tells neither."""
    for one in load.meters:
        if one.direction == "net":
            left_out["readings of a net register, which tells neither import nor export"] += len(one.readings.start)
        elif one.direction != "reactive":
            yield one
        elif not any(other.meter == one.meter and other.direction == "delivered" for other in load.meters):
            left_out["readings of reactive energy without one of energy delivered"] += len(one.readings.start)


def _reactive(load: Load, one: MeterLoad) -> MeterLoad | None:
    """The reactive energy of a meter whose energy delivered is `one`."""
    if one.direction != "delivered":
        return None
    return next((other for other in load.meters if (other.meter, other.direction) == (one.meter, "reactive")), None)


def _meter_id(path: Path, one: MeterLoad, load: Load, meter: str | None) -> str:
    names = {other.meter for other in load.meters}
    if meter is not None and len(names) > 1:
        raise UsageError(f"{path} has {len(names)} meters, so --meter cannot name one; leave it away")
    if not (found := meter or one.meter):
        raise UsageError(f"{path} names no meter; give --meter ID")
    return found


def _sender(via: ImportChannel, tally: SendCounts) -> Sender:
    stack = find_stack()
    if via is ImportChannel.kinesis:
        return HeadEndSender(stack.client("kinesis"), stack.stream, tally, pause)
    return ApiSender(stack.api, stack.session().get_credentials(), stack.region, stack.api_key(), tally, pause)


def _send(
    plan: Sequence[_Part],
    sender: Sender,
    tally: SendCounts,
    total: int,
    revision: int,
    left_out: Counter[str],
) -> None:
    columns = (TextColumn("sending"), BarColumn(), MofNCompleteColumn(), TextColumn("readings"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("", total=total)
        for load, meter_id, reactive in plan:
            for number, upload in enumerate(uploads_of(load, meter_id, revision, left_out, reactive)):
                if number == 0:
                    _check(upload)
                sender.send(meter_id, msgspec.json.encode(upload), len(upload.readings))
                progress.update(task, completed=tally.sent)
        sender.flush()


def _check(upload: UploadDocument) -> None:
    """`UsageError` where the contract does not take a meter's first upload: its others differ in times and Wh alone."""
    try:
        decode(msgspec.json.encode(upload))
    except UploadError as fault:
        raise UsageError(f"{fault}; give --meter ID if it is the meter's id that cannot be taken") from None


def _account(console: Console, tally: SendCounts, left_out: Counter[str]) -> None:
    console.print(f"{tally.accepted:,} readings sent, {tally.refused:,} refused, {tally.retried:,} sent again")
    for reason, count in left_out.items():
        if count:
            console.print(f"{count:,} left out: {reason}", highlight=False)
