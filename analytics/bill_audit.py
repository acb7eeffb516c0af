"""Proof that bills say what was measured: stored bills against the engine over the raw readings, and the lake's bills
against the stored ones.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

from analytics import questions
from analytics.ask import ask
from electrocloud.aws.stack import Stack
from electrocloud.aws.store.bill_outbox import IssuedBill, issued_bill
from electrocloud.aws.store.dynamodb_items import Item, stored_bill
from electrocloud.aws.store.store import open_store
from electrocloud.domain.billing.bill import Bill, rate
from electrocloud.domain.billing.service import PlannedBill, Service
from electrocloud.domain.readings.meter_day import MeterDay
from electrocloud.domain.readings.upload import MEASURED, Upload
from electrocloud.services.rating import read_determinants
from electrocloud.services.store import MeterDays, SpanDays

QUERIES = Path(__file__).parent / "queries"
FEW_METERS = 20  # each is asked for on its own
LONGEST_CYCLE = timedelta(days=60)  # from the first of its month to its end

Rows = Callable[[str, Mapping[str, str]], list[tuple[object, ...]]]


class BillDifference(NamedTuple):
    """A version of a bill that one place has otherwise than the other: what each says, of which thing."""

    agreement_id: str
    cycle: str
    version: int
    what: str
    stored: str
    found: str

    def __str__(self) -> str:
        return f"{self.agreement_id} {self.cycle} v{self.version}: {self.what}: stored {self.stored}, {self.found}"


class PublishedBill(NamedTuple):
    """What the lake says of a version."""

    energy_kwh: Decimal
    amount_due: Decimal
    lines: int
    lines_total: Decimal


class BillAudit(NamedTuple):
    """How many bills were compared with the engine, how many versions with the lake, and what differs."""

    bills: int
    versions: int
    differences: list[BillDifference]


class ParquetDays:
    """Meters' days from the Parquet rows, in the place of windows."""

    def __init__(self, rows: Iterable[tuple[object, ...]]) -> None:
        self._days: dict[tuple[str, date], MeterDay] = {}
        for meter_id, dt, seconds, minutes in rows:
            day = date.fromisoformat(str(dt))
            readings = [(int(minute), (0, MEASURED, int(wh), 0)) for minute, _, wh in map(_pair, str(minutes).split())]
            own = self._days.setdefault((str(meter_id), day), MeterDay(day))
            own.merge(Upload(str(meter_id), int(str(seconds)), day, readings))

    def days_between(self, meter_id: str, first: date, last: date) -> list[MeterDay]:
        """A meter's UTC days from `first` to `last`, in order."""
        days = (first + timedelta(days=number) for number in range((last - first).days + 1))
        return [self._days[meter_id, day] for day in days if (meter_id, day) in self._days]


def audit_bills(stack: Stack, month: str, meter: str | None) -> BillAudit:
    """Compare the bills of the cycles that begin in a month such as `2026-07`, of one meter or of all."""
    athena, dynamodb = stack.client("athena"), stack.client("dynamodb")

    def rows(query: str, values: Mapping[str, str]) -> list[tuple[object, ...]]:
        sql = questions.read(QUERIES / f"{query}.sql").render(values)
        return [tuple(row) for row in ask(stack, athena, sql).rows]

    pages = dynamodb.get_paginator("scan").paginate(
        TableName=stack.bills_table,
        ConsistentRead=True,
        FilterExpression="begins_with(bill, :month)",
        ExpressionAttributeValues={":month": {"S": month}},
    )
    items = [item for page in pages for item in page["Items"] if meter in (None, issued_bill(item).bill.meter_id)]
    current = [item for item in items if "#" not in item["bill"]["S"]]
    services = open_store(dynamodb, stack).registry.services_of(
        {issued_bill(item).bill.meter_id for item in current} - {""}
    )
    differences = [
        *_against_engine(current, services, rows, month),
        *_against_lake([*map(issued_bill, items)], rows, month, whole=meter is None),
    ]
    return BillAudit(len(current), len(items), sorted(differences))


def compare_with_engine(
    stored: IssuedBill, kept: Sequence[SpanDays], planned: PlannedBill | None, days: MeterDays
) -> Iterator[BillDifference]:
    """How a stored bill differs from the engine's, from the raw readings and the registry as it is now.

    Days that were estimated are rated as they are `kept` with the bill: an estimate stands until a reading takes its
    place, also where the readings that it was made from have changed.
    """
    if planned is None:
        if stored.bill.lines:
            yield _difference(stored, "service", _due(stored.bill), "no such agreement in the registry")
        return
    if any(reason.kind == "export not credited" for reason in stored.bill.open_reasons):
        return  # the rows are of energy delivered
    determinants = read_determinants(planned, days)
    for own, found in zip(kept, determinants, strict=False):
        found.update((day, one) for day, one in own.items() if one.estimated)
    bill = rate(planned.plan, determinants, stored.bill.meter_id)
    for what, value in (("energy", _energy), ("amount due", _due), ("lines", _lines)):
        if value(bill) != value(stored.bill):
            yield _difference(stored, what, value(stored.bill), f"engine {value(bill)}")


def compare_with_lake(stored: IssuedBill, published: PublishedBill | None) -> Iterator[BillDifference]:
    """How an issued version differs from the lake's."""
    bill = stored.bill
    if published is None:
        yield _difference(stored, "version", _due(bill), "not in the lake")
        return
    for what, ours, theirs in (
        ("energy", round(bill.energy_kwh, 3), published.energy_kwh),
        ("amount due", bill.total_rounded, published.amount_due),
        ("lines", len(bill.lines), published.lines),
        ("sum of lines", sum((line.amount_rounded for line in bill.lines), Decimal("0.00")), published.lines_total),
    ):
        if ours != theirs:
            yield _difference(stored, what, str(ours), f"lake {theirs}")


def _against_engine(
    items: Collection[Item], services: Mapping[str, Collection[Service]], rows: Rows, month: str
) -> Iterator[BillDifference]:
    planned = {issued_bill(item).key: _planned(issued_bill(item), services) for item in items}
    meters = sorted({meter for bill in planned.values() if bill for meter in bill.meter_ids})
    first = date.fromisoformat(f"{month}-01")
    range_ = {"first_day": str(first - timedelta(days=1)), "last_day": str(first + LONGEST_CYCLE)}
    asked = meters if len(meters) <= FEW_METERS else ["all"]
    days = ParquetDays(row for meter in asked for row in rows("meter_day_readings", {**range_, "meter": meter}))
    for item in items:
        one = issued_bill(item)
        yield from compare_with_engine(one, stored_bill(item).billed.days, planned[one.key], days)


def _planned(issued: IssuedBill, services: Mapping[str, Collection[Service]]) -> PlannedBill | None:
    for service in services.get(issued.bill.meter_id, ()):
        if service.terms.agreement_id == issued.key.agreement_id:
            return service.bill_of_cycle(issued.key.cycle)
    return None


def _against_lake(stored: Iterable[IssuedBill], rows: Rows, month: str, *, whole: bool) -> Iterator[BillDifference]:
    """The differences of these versions; of a `whole` month also what the lake alone has."""
    published = {
        (str(agreement), str(cycle), int(str(version))): PublishedBill(
            Decimal(str(energy)), Decimal(str(due)), int(str(lines)), Decimal(str(total))
        )
        for agreement, cycle, version, energy, due, lines, total in rows("published_bills", {"month": month})
    }
    for one in stored:
        found = published.pop((*one.key, one.bill.version), None)
        if one.bill.issued_on:
            yield from compare_with_lake(one, found)
    for key, bill in published.items() if whole else ():
        yield BillDifference(*key, "version", "none", f"lake {bill.amount_due}")


def _difference(stored: IssuedBill, what: str, ours: str, theirs: str) -> BillDifference:
    return BillDifference(*stored.key, stored.bill.version, what, ours, theirs)


def _energy(bill: Bill) -> str:
    return f"{bill.energy_kwh} kWh"


def _due(bill: Bill) -> str:
    return f"{bill.total_rounded} {bill.currency}"


def _lines(bill: Bill) -> str:
    return "; ".join(f"{one.kind} {one.period or 0}/{one.tier or 0} {one.amount_rounded}" for one in bill.lines)


def _pair(text: str) -> tuple[str, str, str]:
    return text.partition(":")
