"""`electrocloud redrive` and `electrocloud replay`: return rejected records to the stream, and rebuild windows
and bills.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from analytics.uploads import from_parquet
from cli.choices import Output, Source
from cli.rows import Rows, print_rows
from electrocloud.aws.backoff import pause
from electrocloud.aws.clients import KinesisClient
from electrocloud.aws.ingest.dead_letters import redrive_dead_letters, redrive_failed_batches
from electrocloud.aws.ingest.parquet_replay import Part, from_stream
from electrocloud.aws.ingest.redrive import Case, Put, redrive_quarantine
from electrocloud.aws.ingest.stream import put
from electrocloud.aws.stack import Stack, find_stack
from electrocloud.aws.store.meter_lookup import admission_of
from electrocloud.aws.store.store import open_store
from electrocloud.domain.errors import UsageError
from electrocloud.domain.readings.admission import Admission
from electrocloud.domain.readings.upload import Upload
from electrocloud.services.ingest import Outcome
from electrocloud.services.replay import Rerated, reingest, rerate_days


def redrive(reasons: list[str], output: Output | None, *, dry_run: bool) -> None:
    """Put quarantined uploads and dead-letter batches back into the stream, once the cause is fixed."""
    stack = find_stack()
    kinesis = stack.client("kinesis")
    put_back = None if dry_run else partial(put, kinesis, stack.stream, pause=pause)
    items: Counter[tuple[str, str, str]] = Counter()
    records: Counter[tuple[str, str, str]] = Counter()
    with Console(stderr=True).status("reading the quarantine and the dead letters"):
        for case in _cases(stack, kinesis, put_back, reasons):
            items[case[:3]] += case.items
            records[case[:3]] += case.records
    empty = "No rejected uploads." if not reasons else f"No uploads were rejected for {', '.join(reasons)}."
    rows = [(*key, count, records[key]) for key, count in sorted(items.items())]
    print_rows(Rows(("where", "reason", "outcome", "items", "records put back"), rows, empty=empty), output)
    if dry_run:
        typer.echo("Dry run: nothing was put back.", err=True)
    if any(fate.startswith("gone") for _, _, fate in items):
        typer.echo("Expired records may be in Parquet: electrocloud replay --source parquet --from DAY", err=True)
        raise typer.Exit(1)


def replay(since: str, source: Source) -> None:
    """Rebuild windows and bills from the uploads sent. Existing data is kept."""
    console = Console()
    now = datetime.now(UTC)
    begin = _moment(since)
    if begin >= now:
        raise UsageError(f"--from is {since}, which is in the future")
    stack = find_stack()
    tables, registry = open_store(stack.client("dynamodb"), stack)
    admission = admission_of(stack, registry.meters)
    refused: list[int] = []
    with _progress() as progress:
        reading = progress.add_task("readings", total=1.0)

        def uploads() -> Iterator[list[Upload]]:
            for part in _parts(stack, source, begin, now, admission):
                yield part.uploads
                refused.append(part.refused)
                progress.update(reading, completed=part.done)
            progress.update(reading, completed=1.0)

        outcome, days = reingest(uploads(), tables, registry, pause)
        rated = rerate_days(days, tables, registry, pause, lambda planned: progress.track(planned, description="bills"))
    console.print(_replayed(outcome, rated, sum(refused)))
    for tariff_id, fault in registry.invalid.items():
        console.print(f"[red]Invalid tariff {tariff_id}:[/red] {fault}")
    if busy := outcome.failed | rated.failed:
        console.print(f"[red]{len(busy)} meters could not be stored: the tables are busy.[/red] Run the replay again.")
        raise typer.Exit(1)


def _cases(stack: Stack, kinesis: KinesisClient, put_back: Put | None, reasons: list[str]) -> Iterator[Case]:
    s3 = stack.client("s3")
    yield from redrive_quarantine(s3, stack.bucket, put_back, reasons)
    yield from redrive_failed_batches(s3, stack.bucket, put_back, reasons)
    if stack.dead_letters:
        yield from redrive_dead_letters(stack.client("sqs"), stack.dead_letters, kinesis, put_back, reasons)


def _parts(stack: Stack, source: Source, begin: datetime, now: datetime, admission: Admission) -> Iterator[Part]:
    if source is Source.parquet:
        return from_parquet(stack.client("s3"), stack.bucket, begin.date())
    return from_stream(stack.client("kinesis"), stack.stream, begin, now, admission)


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"--from is {text!r}; give an ISO 8601 date or time, such as 2026-11-24T06:00Z") from None
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _replayed(outcome: Outcome, rated: Rerated, refused: int) -> Table:
    table = Table(show_header=False, box=SIMPLE_HEAD)
    table.add_column()
    table.add_column(justify="right")
    for name, count in (
        ("Readings re-ingested", outcome.readings),
        ("  new or changed", outcome.changed),
        ("  already stored", outcome.repeated),
        ("Records skipped, not valid uploads", refused),
        ("Bills rated while re-ingesting", outcome.bills),
        ("Bills rated again at the end", rated.bills),
        ("  changed", rated.changed),
    ):
        table.add_row(name, f"{count:,}")
    return table


def _progress() -> Progress:
    console = Console()
    columns = (TextColumn("{task.description:9}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    return Progress(*columns, console=console)
