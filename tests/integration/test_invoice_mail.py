"""Invoices by mail: the right PDF to the right address, once for each time that it is asked, and a log of each."""

import email
import hashlib
import itertools
from collections.abc import Callable
from datetime import UTC, date, datetime
from email.message import EmailMessage
from email.policy import default
from io import BytesIO
from typing import Any

import boto3
import msgspec
import pytest
from botocore.exceptions import ClientError, ReadTimeoutError
from moto.core import DEFAULT_ACCOUNT_ID
from moto.ses.models import ses_backends
from pypdf import PdfReader

from electrocloud.aws.store.mail_log import MailLog
from electrocloud.aws.store.statements import Statement
from electrocloud.domain.billing.issuing import issue
from electrocloud.domain.billing.service import BillKey
from presentation.invoice_mail import ATTEMPTS, ONE_ATTEMPT, InvoiceMailer, MailResult
from presentation.utility import DEFAULT, read_utility
from registry.desk import RegistryDesk
from registry.erasure import erase_account
from tests.integration.conftest import REGION, Aws
from tests.integration.test_registry_desk import stack_on
from tests.kits.registry_kit import ACCOUNT, POINT, registry
from tests.unit.presentation.test_invoice_pdf import billed

UTILITY = read_utility(DEFAULT)
BILL = issue(billed("2026-10", 1_000, 31), date(2026, 11, 3))
STATEMENT = Statement(BillKey("AG-1", "2026-10"), BILL, ACCOUNT, POINT)
NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)

Send = Callable[..., MailResult]


@pytest.fixture
def log(aws: Aws) -> MailLog:
    return MailLog(aws.dynamodb, "accounts", lambda _: None)


@pytest.fixture
def ses(aws: Aws) -> Any:
    client = boto3.client("sesv2")
    client.create_email_identity(EmailIdentity="demo-utility.example")
    return client


def mailer(ses: Any, log: MailLog) -> InvoiceMailer:
    ticks = itertools.count()
    return InvoiceMailer(ses, log, UTILITY, lambda _: None, lambda: NOON.timestamp() + next(ticks))


@pytest.fixture
def send(ses: Any, log: MailLog) -> Send:
    post = mailer(ses, log)

    def sent(statement: Statement = STATEMENT, click: str = "c1", *, again: bool = False) -> MailResult:
        (result,) = post.send([statement], click, "ann", again=again)
        return result

    return sent


def outbox() -> list[EmailMessage]:
    """What SES was given to send."""
    sent = ses_backends[DEFAULT_ACCOUNT_ID][REGION].sent_messages
    return [email.message_from_string(one.raw_data, policy=default) for one in sent]  # type: ignore[misc]


def test_the_invoice_goes_to_the_address_of_the_account_with_the_utility_s_text(send: Send) -> None:
    assert send() == MailResult(STATEMENT, True, "to m@example.com")
    (mail,) = outbox()
    assert (mail["To"], mail["From"]) == ("m@example.com", UTILITY.mail.sender)
    assert mail["Subject"] == "Your electric bill for October 2026"
    (text,) = [part.get_content() for part in mail.walk() if part.get_content_type() == "text/plain"]
    assert "Hello Maria Gomez," in text
    assert f"Amount due: ${BILL.total_rounded} by Nov 24, 2026" in text
    (attached,) = mail.iter_attachments()
    assert attached.get_filename() == "bill-AG-1-20261001.pdf"
    page = PdfReader(BytesIO(attached.get_content())).pages[0].extract_text()
    assert "AG-1-20261001" in page
    assert f"${BILL.total_rounded}" in page


def test_the_log_has_who_mailed_which_version_to_whom_and_when(send: Send, log: MailLog) -> None:
    send()
    (entry,) = log.of([STATEMENT.key])[STATEMENT.key]
    (mail,) = outbox()
    (attached,) = mail.iter_attachments()
    assert (entry.sent_by, entry.version, entry.number) == ("ann", 1, "AG-1-20261001")
    assert (entry.account_id, entry.address, entry.state) == ("A-1", "m@example.com", "sent")
    assert entry.at == NOON
    assert entry.message_id
    assert entry.digest == hashlib.sha256(attached.get_content()).hexdigest()


def test_a_click_sends_an_invoice_once_however_often_it_arrives(send: Send) -> None:
    send()
    assert send(again=True) == MailResult(STATEMENT, False, "sent already by this click")
    assert len(outbox()) == 1


def test_a_version_that_was_mailed_is_mailed_again_only_where_that_is_asked(send: Send, log: MailLog) -> None:
    send()
    assert send(click="c2") == MailResult(STATEMENT, False, "mailed before, on 2026-11-26")
    assert send(click="c3", again=True).sent
    assert [entry.state for entry in log.of([STATEMENT.key])[STATEMENT.key]] == ["sent", "sent"]
    second = STATEMENT._replace(bill=msgspec.structs.replace(BILL, version=2))
    assert send(second, "c4").sent
    assert len(outbox()) == 3


@pytest.mark.parametrize(
    ("statement", "note"),
    [
        (
            STATEMENT._replace(bill=msgspec.structs.replace(BILL, status="provisional")),
            "not final, so it is not mailed",
        ),
        (STATEMENT._replace(account=None), "its account has no e-mail address"),
        (STATEMENT._replace(account=msgspec.structs.replace(ACCOUNT, email="")), "its account has no e-mail address"),
        (
            STATEMENT._replace(account=msgspec.structs.replace(ACCOUNT, email="a@b.example\nBcc: c@d.example")),
            "a@b.example\nBcc: c@d.example is not an e-mail address that SES takes",
        ),
    ],
)
def test_what_cannot_be_mailed_is_named_and_the_others_are_sent(
    ses: Any, log: MailLog, statement: Statement, note: str
) -> None:
    results = list(mailer(ses, log).send([statement, STATEMENT], "c1", "ann", again=False))
    assert [(one.sent, one.note) for one in results] == [(False, note), (True, "to m@example.com")]
    assert len(outbox()) == 1


def test_a_name_with_line_breaks_and_letters_of_any_script_stays_in_the_text(send: Send) -> None:
    account = msgspec.structs.replace(ACCOUNT, name="Żółw\nBcc: x@y.example")
    assert send(STATEMENT._replace(account=account)).sent
    (mail,) = outbox()
    assert mail["Bcc"] is None
    assert "Hello Żółw" in str(mail.get_body().get_content())  # type: ignore[union-attr]


class Refusing:
    """SES that fails some times, and then takes a mail."""

    def __init__(self, *faults: Exception) -> None:
        self.faults = [*faults]
        self.calls = 0

    def send_email(self, **_: Any) -> dict[str, str]:
        self.calls += 1
        if self.faults:
            raise self.faults.pop(0)
        return {"MessageId": "m-1"}


def refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": f"{code} here"}}, "SendEmail")


def test_a_mail_that_ses_refuses_for_its_rate_is_handed_over_again(log: MailLog) -> None:
    slow = Refusing(*[refused("TooManyRequestsException")] * (ATTEMPTS - 1))
    (result,) = mailer(slow, log).send([STATEMENT], "c1", "ann", again=False)
    assert (result.sent, slow.calls) == (True, ATTEMPTS)


def test_a_refused_mail_is_logged_with_the_reason_and_may_be_sent_again(log: MailLog) -> None:
    post = mailer(Refusing(refused("MessageRejected")), log)
    (result,) = post.send([STATEMENT], "c1", "ann", again=False)
    (entry,) = log.of([STATEMENT.key])[STATEMENT.key]
    assert result.note == "refused by SES: MessageRejected here"
    assert (entry.state, entry.error) == ("failed", "MessageRejected here")
    (result,) = post.send([STATEMENT], "c2", "ann", again=False)
    assert result.sent


def test_a_mail_without_an_answer_stays_unconfirmed_and_is_not_sent_a_second_time(log: MailLog) -> None:
    post = mailer(Refusing(ReadTimeoutError(endpoint_url="https://ses")), log)
    (result,) = post.send([STATEMENT], "c1", "ann", again=False)
    assert (result.sent, result.note[:11]) == (False, "unconfirmed")
    assert [entry.state for entry in log.of([STATEMENT.key])[STATEMENT.key]] == ["unconfirmed"]
    (result,) = post.send([STATEMENT], "c2", "ann", again=False)
    assert result.note == "mailed before, on 2026-11-26"


def test_what_stops_the_account_s_mail_stops_the_run(log: MailLog) -> None:
    paused = Refusing(*[refused("SendingPausedException")] * 2)
    with pytest.raises(ClientError, match="SendingPausedException"):
        list(mailer(paused, log).send([STATEMENT, STATEMENT], "c1", "ann", again=False))
    assert paused.calls == 1


def test_the_client_that_sends_makes_one_attempt(aws: Aws) -> None:
    client = msgspec.structs.replace(stack_on(aws), region=REGION).client("sesv2", retries=ONE_ATTEMPT)
    assert client.meta.config.retries["total_max_attempts"] == 1


def test_the_log_is_no_account_and_loses_the_address_of_an_erased_customer(aws: Aws, send: Send, log: MailLog) -> None:
    stack = stack_on(aws)
    desk = RegistryDesk(stack)
    desk.apply(registry(), "test")
    send()
    assert desk.store.load() == registry()
    assert erase_account(stack, "A-1", confirm=False).mailings == 1
    assert erase_account(stack, "A-1", confirm=True).mailings == 1
    assert erase_account(stack, "A-1", confirm=False).mailings == 0
    (entry,) = log.of([STATEMENT.key])[STATEMENT.key]
    assert (entry.address, entry.account_id, entry.sent_by) == ("", "A-1", "ann")


@pytest.fixture(autouse=True)
def _empty_outbox(aws: Aws) -> None:
    ses_backends[DEFAULT_ACCOUNT_ID][REGION].sent_messages.clear()
