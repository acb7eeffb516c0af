"""The invoices of the Bills page: each bill with its customer and the bills it is compared with, printed."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache

from dashboard.access import subjects
from dashboard.access.guard import needs
from dashboard.access.roles import Data
from dashboard.access.visitor import for_this_user, visitor
from electrocloud.aws.backoff import pause
from electrocloud.aws.stack import find_stack
from electrocloud.aws.store.bill_outbox import IssuedBill
from electrocloud.aws.store.mail_log import Mailing, MailLog
from electrocloud.aws.store.statements import Statement, StatementReader, statement_reader
from electrocloud.domain.billing.bill_document import Bill
from electrocloud.domain.billing.service import BillKey
from presentation import invoice_documents
from presentation.invoice_mail import ONE_ATTEMPT, InvoiceMailer, MailResult
from presentation.invoice_pdf import as_pdf
from presentation.utility import this_utility


def pdf(issued: IssuedBill) -> Callable[[], bytes]:
    """What makes a bill's invoice as PDF."""
    return for_this_user(lambda: _print([issued]))


def csv(bill: Bill) -> Callable[[], bytes]:
    """What makes a bill's lines as CSV."""
    return for_this_user(lambda: _lines(bill))


@needs(Data.ALL_BILLS)
def print_all(issued: Iterable[IssuedBill]) -> bytes:
    """The invoices of bills that `bill_data.bill_documents` gave, and logged, as one PDF."""
    return as_pdf(_reader().read(issued), this_utility())


@needs(Data.BILLS, "export", of=subjects.of_issued)
def _print(issued: list[IssuedBill]) -> bytes:
    return as_pdf(_reader().read(issued), this_utility())


@needs(Data.BILLS, "export", of=subjects.of_bill)
def _lines(bill: Bill) -> bytes:
    return invoice_documents.as_csv(bill).encode()


@needs(Data.MAIL)
def statements(issued: Sequence[IssuedBill]) -> list[Statement]:
    """What these bills' invoices and mails are made of."""
    return list(_reader().read(issued))


@needs(Data.MAIL, "change", of=lambda statements, *_: subjects.of_bills(one.bill for one in statements))
def mail(statements: Sequence[Statement], click: str, again: bool) -> Iterator[MailResult]:
    """Mail invoices in the user's name; see `InvoiceMailer.send`."""
    return _mailer().send(statements, click, visitor().name, again=again)


@needs(Data.BILLS)
def mailings(keys: Sequence[BillKey]) -> dict[BillKey, list[Mailing]]:
    """The mailings of these bills, newest first. Whoever sees them has been given the bills."""
    return _log().of(keys)


@cache
def _log() -> MailLog:
    stack = find_stack()
    return MailLog(stack.client("dynamodb", connect_timeout=2, read_timeout=10), stack.accounts_table, pause)


@cache
def _mailer() -> InvoiceMailer:
    return InvoiceMailer(find_stack().client("sesv2", retries=ONE_ATTEMPT), _log(), this_utility(), pause)


@cache
def _reader() -> StatementReader:
    stack = find_stack()
    return statement_reader(stack.client("dynamodb", connect_timeout=2, read_timeout=10), stack)
