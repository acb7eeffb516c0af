"""`electrocloud audit`: prove that windows, Parquet and bills hold the same readings."""

import time
from datetime import UTC, date, datetime, timedelta

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from analytics.audit import Amount, Books, DayRange, Difference, total
from analytics.books import quarantined, read_books
from electrocloud.aws.stack import Stack, find_stack
from electrocloud.domain.errors import UsageError

SHOWN = 20
LOOK_AGAIN_S = 5.0


def audit(month: str | None, meter: str | None, wait_s: float, *, as_json: bool) -> None:
    """Prove that windows, Parquet and bills hold the same readings, in count and Wh, for each meter and day.

    Exits with 1 where they differ. A difference that goes away within --wait was on its way; it is counted as waiting.
    """
    stack = find_stack()
    wanted = _range(month, meter)
    books = read_books(stack, wanted, lambda name: typer.echo(f"{name} read", err=True))
    first = books.differences()
    books, left = _await_equal(stack, wanted, books, first, wait_s)
    waited = {(one.meter_id, one.day) for one in first} - {(one.meter_id, one.day) for one in left}
    rejected = quarantined(stack, wanted)
    if as_json:
        typer.echo(msgspec.json.encode(_document(wanted, books, left, len(waited), rejected)).decode())
    else:
        _print(Console(), wanted, books, left, len(waited), rejected)
    if left:
        raise typer.Exit(1)


def _range(month: str | None, meter: str | None) -> DayRange:
    if month is None:
        today = datetime.now(UTC).date()
        return DayRange(today - timedelta(days=30), today + timedelta(days=1), meter)
    try:
        first = date.fromisoformat(f"{month}-01")
    except ValueError:
        raise UsageError(f"--month {month}: write it as YYYY-MM, such as 2026-07") from None
    return DayRange(first, (first + timedelta(days=31)).replace(day=1), meter)


def _await_equal(
    stack: Stack, wanted: DayRange, books: Books, left: list[Difference], wait_s: float
) -> tuple[Books, list[Difference]]:
    """Read again until nothing differs or `wait_s` are over."""
    until = time.monotonic() + wait_s
    while left and time.monotonic() < until:
        time.sleep(LOOK_AGAIN_S)
        books = read_books(stack, wanted, lambda _: None)
        left = books.differences()
    return books, left


def _print(
    console: Console, wanted: DayRange, books: Books, left: list[Difference], waited: int, rejected: int
) -> None:
    table = Table("", "Meter-days", "Readings", "Energy (Wh)", title=f"{wanted.first} to {wanted.end} (UTC, exclusive)")
    for column in table.columns[1:]:
        column.justify = "right"
    for name, place in zip(("Windows", "Parquet", "Bills"), books[:3], strict=True):
        amount = total(place.values())
        table.add_row(name, f"{len(place):,}", f"{amount.readings:,}", f"{amount.wh:,}")
    unbilled = books.unbilled()
    table.add_row("On no bill", "", f"{unbilled.readings:,}", f"{unbilled.wh:,}")
    console.print(table)
    console.print(f"Rejected uploads: {rejected:,} objects. Waiting for Parquet or a bill: {waited:,} meter-days.")
    for one in left[:SHOWN]:
        places = (
            f"{name} {_text(amount)}" for name, amount in zip(("windows", "Parquet", "bills"), one[2:], strict=True)
        )
        console.print(f"{one.meter_id} {one.day}: {', '.join(places)}", highlight=False, markup=False)
    if left:
        console.print(f"{len(left):,} meter-days differ.", style="red")
    else:
        console.print("No differences.")


def _text(amount: Amount) -> str:
    return f"{amount.readings:,} readings, {amount.wh:,} Wh"


def _document(wanted: DayRange, books: Books, left: list[Difference], waited: int, rejected: int) -> dict[str, object]:
    places = dict(
        zip(("windows", "parquet", "bills"), (total(place.values())._asdict() for place in books[:3]), strict=True)
    )
    return {
        "first": wanted.first,
        "end": wanted.end,
        **places,
        "unbilled": books.unbilled()._asdict(),
        "rejected_objects": rejected,
        "waiting_meter_days": waited,
        "differences": [
            {"meter_id": one.meter_id, "day": one.day}
            | {name: amount._asdict() for name, amount in zip(("windows", "parquet", "bills"), one[2:], strict=True)}
            for one in left
        ],
    }
