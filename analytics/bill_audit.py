"""Proof that bills say what was measured: stored bills against the engine over the raw readings, and the lake's bills
against the stored ones.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

from analytics import questions
from analytics.audit import Amount, DayRange, MeterDayKey
from analytics.lake_readings import Ask, LakeDays, LakeRows
from electrocloud.aws.store.bill_outbox import IssuedBill, issued_bill
from electrocloud.aws.store.dynamodb_items import Item, by_span, carried_of, determinants_of
from electrocloud.domain.billing.bill import Bill, rate
from electrocloud.domain.billing.carry_forward import NOTHING, CarryForward, opening
from electrocloud.domain.billing.credit import Credit
from electrocloud.domain.billing.determinants import DayDeterminants
from electrocloud.domain.billing.service import BillKey, PlannedBill, Service
from electrocloud.services.rating import read_determinants
from electrocloud.services.store import MeterDays, SpanDays

PUBLISHED = Path(__file__).parent / "queries" / "published_bills.sql"


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


class AuditedBill(NamedTuple):
    """A current bill's item, and how the registry plans it: None for no such agreement, or cycle of it."""

    item: Item
    planned: PlannedBill | None


class BillPart(NamedTuple):
    """Some bills, and the lake's rows of their meters. Only cycles that begin in `months` are rated again."""

    bills: Sequence[AuditedBill]
    rows: LakeRows
    months: Collection[str]
    wanted: DayRange


class CheckedPart(NamedTuple):
    """What some bills were made of, by meter and UTC day; how many were rated again, and what differs."""

    amounts: Mapping[MeterDayKey, Amount]
    rated: int
    differences: list[BillDifference]


def check_part(part: BillPart) -> CheckedPart:
    """Count the readings that some bills are made of, and compare the bills with the engine's."""
    days = LakeDays(part.rows)
    amounts: dict[MeterDayKey, Amount] = {}
    differences: list[BillDifference] = []
    rated = 0
    carried = {issued_bill(one.item).key: carried_of(one.item)[1] for one in part.bills}
    for item, planned in part.bills:
        issued, stored = issued_bill(item), determinants_of(item)
        for name, determinants in stored.items():
            if name.day in part.wanted and part.wanted.meter_id in (None, name.meter_id):
                key = name.meter_id, name.day
                amounts[key] = amounts.get(key, Amount()).plus(measured(determinants))
        if issued.key.month in part.months:
            rated += 1
            begins = carried_of(item)[0] or NOTHING
            differences += compare_with_engine(issued, by_span(stored), planned, days, begins)
            differences += compare_with_bill_before(issued, begins, planned, carried)
    return CheckedPart(amounts, rated, differences)


def measured(determinants: DayDeterminants) -> Amount:
    """What a day of a bill has of readings that were measured, not estimated."""
    return Amount(determinants.count, sum(run.wh for run in determinants.runs if not run.estimated))


def compare_with_engine(
    stored: IssuedBill,
    kept: Sequence[SpanDays],
    planned: PlannedBill | None,
    days: MeterDays,
    begins: CarryForward = NOTHING,
) -> Iterator[BillDifference]:
    """How a stored bill differs from the engine's, from the raw readings and the registry as it is now, and with the
    credit and the earlier peaks that it `begins` with.

    Days that were estimated are rated as they are `kept` with the bill: an estimate stands until a reading takes its
    place, also where the readings that it was made from have changed.
    """
    if planned is None:
        if stored.bill.lines:
            yield _difference(stored, "service", _due(stored.bill), "no such agreement in the registry")
        return
    determinants = read_determinants(planned, days)
    for own, found in zip(kept, determinants, strict=False):
        found.update((day, one) for day, one in own.items() if one.estimated)
    bill = rate(planned.plan, determinants, stored.bill.meter_id, history=begins.peaks, opening=begins.credit)
    for what, value in (("energy", _energy), ("amount due", _due), ("lines", _lines), ("credit", _credit)):
        if value(bill) != value(stored.bill):
            yield _difference(stored, what, value(stored.bill), f"engine {value(bill)}")


def compare_with_bill_before(
    stored: IssuedBill,
    begins: CarryForward,
    planned: PlannedBill | None,
    carried: Mapping[BillKey, CarryForward | None],
) -> Iterator[BillDifference]:
    """Whether a bill begins with the credit that the bill before, where it is among these, carries forward."""
    before = planned and planned.previous and carried.get(planned.previous.key)
    if planned and before and opening(planned.plan, before).credit != begins.credit:
        ours, theirs = (_credit_text(one.credit, stored.bill.currency) for one in (begins, before))
        yield _difference(stored, "opening credit", ours, f"bill before {theirs}")


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


def planned_bill(issued: IssuedBill, services: Mapping[str, Collection[Service]]) -> PlannedBill | None:
    """How the registry plans a stored bill: by the services of its meter."""
    for service in services.get(issued.bill.meter_id, ()):
        if service.terms.agreement_id == issued.key.agreement_id:
            return service.bill_of_cycle(issued.key.cycle)
    return None


def compare_month_with_lake(
    stored: Iterable[IssuedBill], ask: Ask, month: str, *, whole: bool
) -> Iterator[BillDifference]:
    """How the versions of a month differ from the lake's; of a `whole` month also what the lake alone has."""
    sql = questions.read(PUBLISHED).render({"month": month})
    published = {
        (str(agreement), str(cycle), int(str(version))): PublishedBill(
            Decimal(str(energy)), Decimal(str(due)), int(str(lines)), Decimal(str(total))
        )
        for agreement, cycle, version, energy, due, lines, total in ask(sql)
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


def _credit(bill: Bill) -> str:
    return _credit_text(bill.credit.closing, bill.currency) if bill.credit else "none"


def _credit_text(credit: Credit, currency: str) -> str:
    return f"{credit.dollars} {currency} and {sum(credit.wh.values())} Wh"


def _lines(bill: Bill) -> str:
    return "; ".join(f"{one.kind} {one.period or 0}/{one.tier or 0} {one.amount_rounded}" for one in bill.lines)
