"""Invoices by mail: each final bill to the address of its account, as a PDF, at most once for each time it is asked."""

import hashlib
import re
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any, NamedTuple

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from electrocloud.aws.backoff import Pause
from electrocloud.aws.store.mail_log import Mailing, MailLog, latest
from electrocloud.aws.store.statements import Statement
from presentation.invoice_page import due
from presentation.invoice_pdf import as_pdf, file_name
from presentation.invoice_text import period
from presentation.utility import Utility

ADDRESS = re.compile(r"^[!-?A-~]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$")  # SES takes ASCII before the @ alone
ONE_ATTEMPT = {"mode": "standard", "total_max_attempts": 1}  # of SES's client: a second one may send a second mail
ATTEMPTS = 6
# What one mail has nothing to do with: the next one would fail likewise.
_OF_ACCOUNT = frozenset(
    {"AccountSuspendedException", "SendingPausedException", "AccessDeniedException", "AccessDenied"}
)


class MailResult(NamedTuple):
    """What became of one invoice. `sent`: SES has taken it; `note` says why not, or to whom."""

    statement: Statement
    sent: bool
    note: str


class InvoiceMailer:
    """Sends invoices through SES (a boto3 `sesv2` client that makes one attempt), and logs each.

    `pause(n)` waits before attempt n + 1 of a mail that SES refused for its rate. `clock` gives s since 1970 UTC.
    """

    def __init__(
        self, ses: Any, log: MailLog, utility: Utility, pause: Pause, clock: Callable[[], float] = time.time
    ) -> None:
        self._ses = ses
        self._log = log
        self._utility = utility
        self._pause = pause
        self._clock = clock

    def send(self, statements: Iterable[Statement], click: str, sent_by: str, *, again: bool) -> Iterator[MailResult]:
        """Send invoices in order, and say of each what became of it.

        `click` names what asked for it: no bill is sent twice for one. Without `again`, versions that were mailed
        before are left out.
        """
        for statement in statements:
            note = obstacle(statement) or ("" if again else self._mailed_before(statement))
            yield MailResult(statement, False, note) if note else self._send(statement, click, sent_by)

    def _mailed_before(self, statement: Statement) -> str:
        before = latest(self._log.of([statement.key]).get(statement.key, []), statement.bill.version)
        return f"mailed before, on {before.at:%Y-%m-%d}" if before else ""

    def _send(self, statement: Statement, click: str, sent_by: str) -> MailResult:
        pdf = as_pdf([statement], self._utility)
        mailing = self._mailing(statement, pdf, sent_by)
        if not self._log.begin(mailing, click):
            return MailResult(statement, False, "sent already by this click")
        try:
            message_id = self._hand_over(message(statement, self._utility, pdf))
        except ClientError as fault:
            reason = str(fault.response["Error"].get("Message") or fault.response["Error"]["Code"])
            self._log.end(msgspec.structs.replace(mailing, state="failed", error=reason), click)
            if fault.response["Error"]["Code"] in _OF_ACCOUNT:
                raise
            return MailResult(statement, False, f"refused by SES: {reason}")
        except BotoCoreError as fault:
            return MailResult(statement, False, f"unconfirmed, SES did not answer: {fault}")
        self._log.end(msgspec.structs.replace(mailing, state="sent", message_id=message_id), click)
        return MailResult(statement, True, f"to {mailing.address}")

    def _mailing(self, statement: Statement, pdf: bytes, sent_by: str) -> Mailing:
        account, bill = statement.account, statement.bill
        assert account
        return Mailing(
            *statement.key,
            version=bill.version,
            number=bill.number,
            account_id=account.account_id,
            address=account.email,
            sent_by=sent_by,
            at=datetime.fromtimestamp(int(self._clock()), UTC),
            state="unconfirmed",
            digest=hashlib.sha256(pdf).hexdigest(),
        )

    def _hand_over(self, mail: EmailMessage) -> str:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                answer = self._ses.send_email(
                    FromEmailAddress=self._utility.mail.sender,
                    Destination={"ToAddresses": [mail["To"]]},
                    Content={"Raw": {"Data": mail.as_bytes()}},
                )
            except ClientError as fault:
                if fault.response["Error"]["Code"] != "TooManyRequestsException" or attempt == ATTEMPTS:
                    raise
                self._pause(attempt)
            else:
                return str(answer["MessageId"])
        raise AssertionError("the last attempt returns or raises")


def obstacle(statement: Statement) -> str:
    """Why an invoice cannot be mailed; empty if it can be."""
    if statement.bill.status != "final":
        return "not final, so it is not mailed"
    if statement.account is None or not statement.account.email:
        return "its account has no e-mail address"
    if not ADDRESS.match(statement.account.email):
        return f"{statement.account.email} is not an e-mail address that SES takes"
    return ""


def message(statement: Statement, utility: Utility, pdf: bytes) -> EmailMessage:
    """The mail: the utility's text with the bill's values, and the invoice attached. Its bytes are ASCII."""
    account, bill = statement.account, statement.bill
    assert account
    values = {
        "customer": account.name,
        "period": period(bill),
        "due": " ".join(filter(None, (f"{due(bill)[0]}: {due(bill)[1]}", due(bill)[2]))),
        "number": bill.number,
        "account": bill.account_id,
        "utility": utility.name,
    }
    mail = EmailMessage(policy=SMTP.clone(cte_type="7bit"))
    mail["From"] = utility.mail.sender
    mail["To"] = account.email
    if utility.mail.reply_to:
        mail["Reply-To"] = utility.mail.reply_to
    mail["Subject"] = " ".join(utility.mail.subject.format_map(values).split())  # a header has one line
    mail.set_content(utility.mail.text.strip().format_map(values) + "\n")
    mail.add_attachment(pdf, maintype="application", subtype="pdf", filename=file_name(statement))
    return mail
