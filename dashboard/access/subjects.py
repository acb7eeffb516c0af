"""Whose data a function of the pages gives, for the access log: of its arguments, or of what it found."""

from collections.abc import Iterable, Sequence

from dashboard.access.access_log import Subject
from electrocloud.aws.store.bill_outbox import IssuedBill
from electrocloud.aws.store.search_index import SearchEntry
from electrocloud.domain.billing.bill import Bill
from electrocloud.domain.billing.service import BillKey

LONGEST_SQL = 2_000


def of_meter(meter_id: str, *_: object) -> list[Subject]:
    """The meter that is asked for."""
    return [Subject(meter_id=meter_id)]


def of_account(account_id: str, *_: object) -> list[Subject]:
    """The account that is asked for."""
    return [Subject(account_id=account_id)]


def of_bill(bill: Bill) -> list[Subject]:
    """The account, agreement and meter of a bill, and its period."""
    return [Subject(bill.account_id, bill.agreement_id, bill.meter_id, str(bill.month or bill.period_start))]


def of_bills(bills: Iterable[Bill]) -> list[Subject]:
    """Those of several bills."""
    return [subject for bill in bills for subject in of_bill(bill)]


def of_issued(issued: Iterable[IssuedBill]) -> list[Subject]:
    """The same of issued bills."""
    return of_bills(bill for _, bill in issued)


def of_keys(keys: Sequence[BillKey]) -> list[Subject]:
    """The agreements whose bills are asked for."""
    return [Subject(agreement_id=key.agreement_id, detail=str(key.month)) for key in keys]


def of_entries(entries: Iterable[SearchEntry]) -> list[Subject]:
    """The customers that a search found, and not what was searched: that may be a name."""
    return [Subject(account_id=one.account_id or "", detail=one.service_point_id) for one in entries]


def of_all(what: object = "", *_: object) -> list[Subject]:
    """All customers: of a month, or whose uploads were rejected, for a reason if it is named."""
    return [Subject(detail=what if isinstance(what, str) else "")]


def of_sql(sql: str, *_: object) -> list[Subject]:
    """A question's SQL: it does not say which customers it reads."""
    return [Subject(detail=" ".join(sql.split())[:LONGEST_SQL])]
