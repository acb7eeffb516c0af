"""A clerk reprints an invoice and mails it: what is printed, sent and logged is the stored bill."""

import email
import re
from collections.abc import Iterator
from email.message import EmailMessage
from email.policy import default
from io import BytesIO
from pathlib import Path

import msgspec
import pytest
from playwright.sync_api import Page, expect
from pypdf import PdfReader

from electrocloud.aws.backoff import pause
from electrocloud.aws.stack import STATE
from electrocloud.aws.store import dynamodb_items as items
from electrocloud.aws.store.bill_outbox import IssuedBill
from electrocloud.aws.store.mail_log import MailLog
from electrocloud.aws.store.reader import Reader
from electrocloud.aws.store.search_index import SearchIndex
from electrocloud.aws.store.store import open_store
from electrocloud.domain.billing.issuing import issue
from laptop.cloud import MAIL
from presentation.money_text import money
from presentation.utility import DEFAULT, read_utility
from tests.browser.conftest import PATIENCE_MS, Running
from tests.kits.waiting import until

pytestmark = pytest.mark.browser
expect.set_options(timeout=PATIENCE_MS)
MAILS = STATE / "browser" / MAIL


@pytest.fixture
def final(running: Running) -> IssuedBill:
    return closed_bill(running, 6)


def closed_bill(running: Running, number: int) -> IssuedBill:
    """The newest bill of a meter, as if it had become final and been issued today."""
    stack = running.fleet.stack
    dynamodb = stack.client("dynamodb")
    newest = Reader(stack).keyed_history(running.fleet.meters[number].meter_id)[-1]
    _, stored = open_store(dynamodb, stack).tables.read([], [newest.key])
    billed = stored[newest.key].billed
    counts = msgspec.structs.replace(billed.bill.intervals, missing=0, expected=billed.bill.intervals.read)
    closed = msgspec.structs.replace(billed.bill, status="final", intervals=counts, open_reasons=())
    bill = issue(closed, running.fleet.today)
    final = billed._replace(bill=bill, meters=[bill.meter_id] * len(billed.days))
    dynamodb.put_item(TableName=stack.bills_table, Item=items.bill_item(newest.key, final))
    return IssuedBill(newest.key, bill)


def mails() -> Iterator[Path]:
    return MAILS.glob("*.eml")


def test_an_invoice_is_found_by_the_customer_s_name_reprinted_and_mailed(
    page: Page, running: Running, final: IssuedBill
) -> None:
    stack, bill = running.fleet.stack, final.bill
    (entry,) = SearchIndex(stack.client("s3"), stack.bucket).search(bill.account_id, 2)
    page.goto(f"{running.url}/customers")
    page.get_by_label("Search").fill(entry.account_id)
    page.get_by_label("Search").press("Enter")
    expect(page.get_by_role("heading", name=entry.name)).to_be_visible()
    rows = page.get_by_test_id("stDataFrame").first
    rows.scroll_into_view_if_needed()
    box = rows.bounding_box()
    assert box
    page.mouse.click(box["x"] + 15, box["y"] + 50)  # the newest bill's checkbox, drawn on a canvas
    page.wait_for_url(re.compile(r"/bills\?"))
    expect(page.get_by_test_id("amount-due")).to_have_text(money(bill.total_rounded))
    with page.expect_download() as download:
        page.get_by_role("button", name="Download PDF").click()
    printed = download.value.path().read_bytes()
    text = PdfReader(BytesIO(printed)).pages[0].extract_text()
    for part in (bill.number, entry.name, entry.address, f"Amount due\n{money(bill.total_rounded)}"):
        assert part in text
    for line in bill.lines:
        assert line.explanation in text
        assert money(line.amount_rounded) in text

    before = {*mails()}
    page.get_by_role("button", name="Mail 1 invoice", exact=True).last.click()
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("1 invoice of 1 mailed.")).to_be_visible()
    until(lambda: {*mails()} - before, "the mail", 20)
    (file,) = {*mails()} - before
    message = email.message_from_bytes(file.read_bytes(), policy=default)
    assert isinstance(message, EmailMessage)
    (attached,) = message.iter_attachments()
    (mailing,) = MailLog(stack.client("dynamodb"), stack.accounts_table, pause).of([final.key])[final.key]
    assert message["To"] == mailing.address
    assert message["From"] == read_utility(DEFAULT).mail.sender
    assert attached.get_content() == printed
    assert (mailing.state, mailing.version, mailing.account_id) == ("sent", bill.version, bill.account_id)
    page.goto(page.url)
    expect(page.get_by_role("heading", name="Mailed")).to_be_visible()


def test_a_double_click_mails_an_invoice_once(page: Page, running: Running, final: IssuedBill) -> None:
    before = {*mails()}
    page.goto(f"{running.url}/bills?month={final.key.month}&bill={final.key.agreement_id}")
    page.get_by_role("button", name="Mail 1 invoice", exact=True).last.click()
    page.get_by_role("button", name="Send").dblclick()
    expect(page.get_by_text("1 invoice of 1 mailed.")).to_be_visible()
    page.goto(page.url)  # which waits for what the page still does
    expect(page.get_by_role("heading", name="Mailed")).to_be_visible()
    assert len({*mails()} - before) == 1


def test_several_selected_bills_are_mailed_together_and_those_that_are_open_are_named(
    page: Page, running: Running
) -> None:
    final = closed_bill(running, 8)  # which no other test mails
    page.goto(f"{running.url}/bills?month={final.key.month}")
    expect(page.get_by_text(f"{len(running.fleet.meters)} bills totaling")).to_be_visible()
    rows = page.get_by_test_id("stDataFrame").nth(2)
    rows.scroll_into_view_if_needed()
    box = rows.bounding_box()
    assert box
    for row in (8, 9):  # by meter; the bill of 9 is open
        page.mouse.click(box["x"] + 15, box["y"] + 50 + 35 * row)
    expect(page.get_by_role("button", name="Excel of 2 bills")).to_be_visible()
    before = {*mails()}
    page.get_by_role("button", name="Mail 2 invoices").click()
    expect(page.get_by_text("1 invoice: not final, so it is not mailed.")).to_be_visible()
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("1 invoice of 2 mailed.")).to_be_visible()
    (file,) = {*mails()} - before
    assert final.bill.number.encode() in file.read_bytes()
