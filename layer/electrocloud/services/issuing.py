"""Issuing bills: a bill that becomes final, or replaces a final one, gets its number, dates and comparison."""

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from electrocloud.domain.billing.bill import Bill
from electrocloud.domain.billing.issuing import issue
from electrocloud.domain.billing.period import cycle_before
from electrocloud.domain.billing.service import BillKey
from electrocloud.services.store import StoredBill, Tables

KnownBills = Mapping[BillKey, StoredBill | None]
"""Bills that have been read already; None where there is none."""

NOTHING_KNOWN: KnownBills = {}


def issue_bill(
    key: BillKey, bill: Bill, replaced: Bill | None, tables: Tables, known: KnownBills = NOTHING_KNOWN
) -> Bill:
    """A final bill, issued on this day of its time zone, with the use per day of its agreement's bills before it.

    These count as they are stored now, and where they are final; those that are not `known` are read. `replaced` is the
    version that this one replaces.
    """
    before, last_year = compared_bills(key)
    unknown = [one for one in (before, last_year) if one not in known]
    read = tables.read([], unknown)[1] if unknown else {}
    stored = {one: known.get(one) or read.get(one) for one in (before, last_year)}
    final = {key: one.billed.bill for key, one in stored.items() if one and one.billed.bill.status == "final"}
    terms = tables.issue_terms
    return issue(
        bill,
        datetime.fromtimestamp(terms.clock(), ZoneInfo(bill.zone)).date(),
        payment_days=terms.payment_days,
        before=final.get(before),
        last_year=final.get(last_year),
        replaced=replaced,
    )


def compared_bills(key: BillKey) -> tuple[BillKey, BillKey]:
    """The bills whose use per day stands beside a bill's: of the cycle before, and of the same one a year before."""
    before, last_year = (BillKey(key.agreement_id, cycle_before(key.cycle, months)) for months in (1, 12))
    return before, last_year
