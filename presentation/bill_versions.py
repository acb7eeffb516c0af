"""The periods of bills, and of their versions those that count now."""

from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING

from electrocloud.aws.store.bill_outbox import IssuedBill
from electrocloud.domain.billing.bill_document import Bill

if TYPE_CHECKING:
    from electrocloud.domain.billing.service import BillKey


def newest_versions(versions: Iterable[IssuedBill]) -> list[IssuedBill]:
    """The newest version of each bill, in order of periods."""
    newest: dict[BillKey, IssuedBill] = {}
    for one in versions:
        if one.key not in newest or newest[one.key].bill.version < one.bill.version:
            newest[one.key] = one
    return sorted(newest.values(), key=lambda one: (bill_days(one.bill), one.key))


def bill_days(bill: Bill) -> tuple[date, date]:
    """The local days of a bill's period, the end exclusive. Bills of earlier versions have their month alone."""
    start = bill.period_start or date.fromisoformat(f"{bill.month}-01")
    following = date(start.year + start.month // 12, start.month % 12 + 1, 1)
    return start, bill.period_end or following
