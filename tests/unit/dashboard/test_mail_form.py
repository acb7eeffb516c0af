"""The form that mails invoices from the Bills page."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime
from typing import Any

import msgspec
import pytest

from dashboard.access import guard, visitor
from dashboard.access.visitor import Visitor
from dashboard.bills import invoices
from electrocloud.aws.store.mail_log import Mailing
from electrocloud.aws.store.reader import BillRow
from electrocloud.aws.store.statements import Statement
from electrocloud.domain.billing.bill import Bill
from electrocloud.domain.billing.issuing import issue
from presentation.invoice_mail import MailResult
from tests.kits.dashboard_kit import page, texts
from tests.kits.registry_kit import ACCOUNT
from tests.unit.dashboard.test_pages import MONTH, keyed, measured
from tests.unit.dashboard.test_pages import issued as billed


class Post:
    """Takes every mail; what was asked of it."""

    def __init__(self) -> None:
        self.calls: list[tuple[list[str], str, bool]] = []

    def mail(self, statements: Sequence[Statement], click: str, again: bool) -> Iterator[MailResult]:
        self.calls.append(([one.bill.number for one in statements], click, again))
        return (MailResult(one, True, "to m@example.com") for one in statements)


@pytest.fixture
def bill() -> Bill:
    final = msgspec.structs.replace(billed(measured()), status="final", agreement_id="AG-1", account_id="A-1")
    return issue(final, date(2026, 11, 3))


@pytest.fixture
def post(give: Callable[..., None], bill: Bill, monkeypatch: pytest.MonkeyPatch) -> Post:
    post = Post()
    row = BillRow("m-1", "AG-1", "tou", "final", 1, bill.energy_kwh, bill.total_rounded, 0, 0, bill.month)
    give(tariffs={}, bills_of_month=[row], versions=keyed(bill), bill_documents=keyed(bill))
    monkeypatch.setattr(invoices, "statements", lambda issued: [Statement(*one, account=ACCOUNT) for one in issued])
    monkeypatch.setattr(invoices, "mailings", lambda keys: {})
    monkeypatch.setattr(invoices, "mail", post.mail)
    return post


def test_one_invoice_is_mailed_with_two_clicks_and_one_click_mails_it_once(post: Post, bill: Bill) -> None:
    app = page("bills", bill="AG-1", month=bill.month)
    app.button(key="mail_one").click().run()
    assert "to m\\@example\\.com" in texts(app)
    assert not post.calls
    app.button(key="mail_send").click().run()
    assert [success.value for success in app.success] == ["1 invoice of 1 mailed."]
    assert not [button for button in app.button if button.key == "mail_send"]
    app.run()
    (call,) = post.calls
    assert (call[0], call[2]) == ([bill.number], False)


def test_opening_the_form_again_is_another_click(post: Post, bill: Bill) -> None:
    app = page("bills", bill="AG-1", month=bill.month)
    for _ in range(2):
        app.button(key="mail_one").click().run()
        app.button(key="mail_send").click().run()
    first, second = (click for _, click, _ in post.calls)
    assert first != second


def test_the_listed_bills_are_mailed_together(post: Post, bill: Bill) -> None:
    app = page("bills", month=bill.month)
    app.button(key="mail_all").click().run()
    app.button(key="mail_send").click().run()
    assert [numbers for numbers, _, _ in post.calls] == [[bill.number]]


def mailed(bill: Bill) -> Mailing:
    at = datetime(MONTH.year, MONTH.month, 2, 12, tzinfo=UTC)
    return Mailing("AG-1", bill.month, 1, bill.number, "A-1", "m@example.com", "ann", at, "sent", "0")


def test_what_was_mailed_is_shown_and_mailed_again_on_purpose(
    post: Post, bill: Bill, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = mailed(bill)
    monkeypatch.setattr(invoices, "mailings", lambda keys: {entry.key: [entry]})
    app = page("bills", bill="AG-1", month=bill.month)
    (log,) = [frame.value for frame in app.dataframe if "To" in frame.value]
    assert log[["Version", "To", "By", "Result"]].to_numpy().tolist() == [[1, "m@example.com", "ann", "sent"]]
    app.button(key="mail_one").click().run()
    assert "by ann\\. Mail again." in app.checkbox(key="mail_again").label
    app.button(key="mail_send").click().run()
    assert post.calls[0][2] is True


def test_what_cannot_be_mailed_has_no_button_that_sends(post: Post, bill: Bill, give: Callable[..., None]) -> None:
    give(versions=keyed(msgspec.structs.replace(bill, status="provisional")))
    app = page("bills", bill="AG-1", month=bill.month)
    app.button(key="mail_one").click().run()
    assert "1 invoice: not final\\, so it is not mailed." in texts(app)
    assert app.button(key="mail_send").disabled


def test_an_agent_may_not_mail(post: Post, bill: Bill, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (visitor, guard):
        monkeypatch.setattr(module, "visitor", lambda: Visitor("ann", ("agent",)))
    app: Any = page("bills", bill="AG-1", month=bill.month)
    assert not [button for button in app.button if button.key == "mail_one"]
