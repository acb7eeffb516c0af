"""`electrocloud audit`: prove that windows, Parquet, bills and the lake agree."""

import time
from datetime import UTC, date, datetime, timedelta

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from analytics.audit import Amount, DayRange, total
from analytics.audit_record import AuditRecord, write_record
from analytics.books import Findings, quarantined, read_findings
from cli.choices import Output
from cli.rows import Rows, print_rows
from electrocloud.aws.stack import Stack, find_stack
from electrocloud.domain.errors import UsageError

SHOWN = 20
LOOK_AGAIN_S = 5.0


def audit(month: str | None, meter: str | None, wait_s: float, output: Output | None) -> None:
    """Prove that windows, Parquet and bills hold the same readings, in count and Wh, for each meter and day; that the
    stored bills are the engine's, from the raw readings; and that the lake's bills are the stored ones.

    Exits with 1 where they differ. A difference that goes away within --wait was on its way; it is counted as waiting.
    What an audit of all meters found is on the Health page.
    """
    stack = find_stack()
    wanted = _range(month, meter)
    first = _read(stack, wanted, loud=True)
    found = _await_equal(stack, wanted, first, wait_s)
    waited = first.total() - found.total()
    rejected = quarantined(stack, wanted)
    if meter is None:
        record = AuditRecord(datetime.now(UTC), wanted.first, wanted.end, found.bills.bills, found.total())
        write_record(stack.client("s3"), stack.bucket, record)
    if output is Output.json:
        typer.echo(msgspec.json.encode(_document(wanted, found, waited, rejected)).decode())
    elif output in (Output.csv, Output.tsv):
        print_rows(_differences(found), output)
    else:
        _print(Console(), wanted, found, waited, rejected)
    if found.total():
        raise typer.Exit(1)


def _read(stack: Stack, wanted: DayRange, *, loud: bool) -> Findings:
    def progress(name: str) -> None:
        if loud:
            typer.echo(f"{name} read", err=True)

    return read_findings(stack, wanted, progress)


def _range(month: str | None, meter: str | None) -> DayRange:
    if month is None:
        today = datetime.now(UTC).date()
        return DayRange(today - timedelta(days=30), today + timedelta(days=1), meter)
    try:
        first = date.fromisoformat(f"{month}-01")
    except ValueError:
        raise UsageError(f"--month {month}: write it as YYYY-MM, such as 2026-07") from None
    return DayRange(first, (first + timedelta(days=31)).replace(day=1), meter)


def _await_equal(stack: Stack, wanted: DayRange, found: Findings, wait_s: float) -> Findings:
    """Read again until nothing differs or `wait_s` are over."""
    until = time.monotonic() + wait_s
    while found.total() and time.monotonic() < until:
        time.sleep(LOOK_AGAIN_S)
        found = _read(stack, wanted, loud=False)
    return found


def _print(console: Console, wanted: DayRange, found: Findings, waited: int, rejected: int) -> None:
    books, left = found.books, found.books.differences()
    columns = ("", "Meter-days", "Readings delivered", "Wh delivered", "Readings received", "Wh received")
    table = Table(*columns, title=f"{wanted.first} to {wanted.end} (UTC, exclusive)")
    for column in table.columns[1:]:
        column.justify = "right"
    for name, place in zip(("Windows", "Parquet", "Bills"), books[:3], strict=True):
        amount = total(place.values())
        numbers = amount[:2] if name == "Bills" else amount  # bills are compared by the energy delivered
        table.add_row(name, f"{len(place):,}", *(f"{number:,}" for number in numbers))
    unbilled = books.unbilled()
    table.add_row("On no bill", "", f"{unbilled.readings:,}", f"{unbilled.wh:,}")
    console.print(table)
    console.print(f"Rejected uploads: {rejected:,} objects. Was on its way at first: {waited:,} differences.")
    console.print(
        f"{found.bills.bills:,} bills compared with the engine, {found.bills.versions:,} versions with the lake."
    )
    for one in left[:SHOWN]:
        places = (
            f"{name} {_text(amount)}" for name, amount in zip(("windows", "Parquet", "bills"), one[2:], strict=True)
        )
        console.print(f"{one.meter_id} {one.day}: {', '.join(places)}", highlight=False, markup=False)
    for bill in found.bills.differences[:SHOWN]:
        console.print(str(bill), highlight=False, markup=False)
    if found.total():
        differing = f"{len(left):,} meter-days differ, and {len(found.bills.differences):,} times a bill."
        console.print(differing, style="red")
    else:
        console.print("No differences.")


def _differences(found: Findings) -> Rows:
    """A row for each meter and day that differs, and for each bill."""
    places = ("windows", "parquet", "bills")
    columns = ("meter_id", "day", *(f"{place}_{what}" for place in places for what in Amount._fields), "bill")
    days = [
        (one.meter_id, one.day, *(number for amount in one[2:] for number in amount), None)
        for one in found.books.differences()
    ]
    numbers = (None,) * (len(places) * len(Amount._fields))
    bills = [(None, None, *numbers, str(bill)) for bill in found.bills.differences]
    return Rows(columns, [*days, *bills], empty="No differences.")


def _text(amount: Amount) -> str:
    received = f", received {amount.received_readings:,}, {amount.received_wh:,} Wh" if amount.received_readings else ""
    return f"{amount.readings:,} readings, {amount.wh:,} Wh{received}"


def _document(wanted: DayRange, found: Findings, waited: int, rejected: int) -> dict[str, object]:
    books = found.books
    places = dict(
        zip(("windows", "parquet", "bills"), (total(place.values())._asdict() for place in books[:3]), strict=True)
    )
    return {
        "first": wanted.first,
        "end": wanted.end,
        **places,
        "unbilled": books.unbilled()._asdict(),
        "rejected_objects": rejected,
        "waiting": waited,
        "bills_compared": found.bills.bills,
        "versions_compared": found.bills.versions,
        "differences": [
            {"meter_id": one.meter_id, "day": one.day}
            | {name: amount._asdict() for name, amount in zip(("windows", "parquet", "bills"), one[2:], strict=True)}
            for one in books.differences()
        ],
        "bill_differences": [one._asdict() for one in found.bills.differences],
    }
