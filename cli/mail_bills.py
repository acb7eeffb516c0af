"""`electrocloud bill mail`: invoices of a month by mail, and what was mailed."""

import getpass
import uuid
from collections.abc import Sequence

from cli.choices import Output
from cli.print_bills import bills_of
from cli.rows import Rows, print_rows
from electrocloud.aws.backoff import pause
from electrocloud.aws.stack import Stack, find_stack
from electrocloud.aws.store.mail_log import Mailing, MailLog
from electrocloud.aws.store.statements import Statement, statement_reader
from presentation.invoice_mail import ONE_ATTEMPT, InvoiceMailer, obstacle
from presentation.units import count
from presentation.utility import this_utility

COLUMNS = ("number", "account", "total", "currency")


def mail_bills(month: str, owners: Sequence[str], output: Output | None, *, again: bool) -> None:
    """Mail the final bills of a month, of some meters or agreements or of all, and print what became of each."""
    stack = find_stack()
    statements = statement_reader(stack.client("dynamodb"), stack).read(bills_of(stack, month, owners))
    sent_by, click = getpass.getuser(), str(uuid.uuid4())
    results = list(_mailer(stack).send(statements, click, sent_by, again=again))
    rows = [(*_named(one.statement), "mailed" if one.sent else "not mailed", one.note) for one in results]
    sent = count(sum(one.sent for one in results), "invoice")
    print_rows(Rows((*COLUMNS, "result", "note"), rows, note=f"{sent} of {len(rows):,} mailed."), output)


def show_mailings(month: str, owners: Sequence[str], output: Output | None) -> None:
    """Print the mailings of a month's bills, and why those without any cannot be mailed."""
    stack = find_stack()
    statements = list(statement_reader(stack.client("dynamodb"), stack).read(bills_of(stack, month, owners)))
    mailings = _log(stack).of([one.key for one in statements])
    rows = [row for one in statements for row in _rows(one, mailings.get(one.key, []))]
    columns = (*COLUMNS, "result", "note", "mailed_at", "version", "mailed_by")
    print_rows(Rows(columns, rows), output)


def _rows(statement: Statement, mailings: Sequence[Mailing]) -> list[tuple[object, ...]]:
    named = _named(statement)
    if not mailings:
        return [(*named, "not mailed", obstacle(statement) or "can be mailed", None, None, "")]
    return [
        (*named, one.state, one.error or f"to {one.address or 'an erased address'}", one.at, one.version, one.sent_by)
        for one in mailings
    ]


def _named(statement: Statement) -> tuple[object, ...]:
    bill = statement.bill
    return bill.number or bill.meter_id, bill.account_id, bill.total_rounded, bill.currency


def _log(stack: Stack) -> MailLog:
    return MailLog(stack.client("dynamodb"), stack.accounts_table, pause)


def _mailer(stack: Stack) -> InvoiceMailer:
    return InvoiceMailer(stack.client("sesv2", retries=ONE_ATTEMPT), _log(stack), this_utility(), pause)
