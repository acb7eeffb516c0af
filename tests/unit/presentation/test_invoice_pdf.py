"""Invoices on paper: each bill with its customer, its dates, what it is compared with, and whom to call."""

import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from io import BytesIO

import msgspec
import pytest
from pypdf import PdfReader

from electrocloud.aws.store.statements import Statement
from electrocloud.domain.billing.bill import Bill, bills, reissue
from electrocloud.domain.billing.issuing import issue
from electrocloud.domain.billing.service import BillKey
from electrocloud.domain.errors import ElectroCloudError
from electrocloud.domain.tariffs.urdb import tariff_from_urdb
from presentation import invoice_pdf
from presentation.invoice_page import LETTER, due, invoice_page, marked, paper, summary
from presentation.utility import DEFAULT, read_utility
from tests.kits.billing_kit import load, time_of_use
from tests.kits.registry_kit import ACCOUNT, POINT

UTILITY = read_utility(DEFAULT)
TARIFF = tariff_from_urdb(
    time_of_use(0.1, 0.3, name="Time of Use", fixedchargefirstmeter=0.4, fixedchargeunits="$/day", timezone="UTC")
)
HERE = msgspec.structs.replace(POINT, country="US")


def billed(month: str, wh: int, days: int) -> Bill:
    (found,) = bills(TARIFF, load(f"{month}-01", [wh] * 24 * days), meter_id="M-1")
    return msgspec.structs.replace(found, account_id="A-1", agreement_id="AG-1")


def statement(bill: Bill, **beside: object) -> Statement:
    return Statement(BillKey("AG-1", bill.month), bill)._replace(**{"account": ACCOUNT, "point": HERE, **beside})


@pytest.fixture(scope="module")
def october() -> Statement:
    """A final bill of 744 kWh, beside a September of 576 kWh and a longer ago October of 1,116 kWh."""
    before, last_year = billed("2026-09", 800, 30), billed("2025-10", 1_500, 31)
    bill = issue(billed("2026-10", 1_000, 31), date(2026, 11, 3), before=before, last_year=last_year)
    return statement(bill, before=before, last_year=last_year)


def read(*statements: Statement) -> list[str]:
    """The text of each page, in the order in which a screen reader has it."""
    return [page.extract_text() for page in PdfReader(BytesIO(invoice_pdf.as_pdf(statements, UTILITY))).pages]


def test_a_bill_of_record_has_all_that_names_it_and_what_it_is_compared_with(october: Statement) -> None:
    (text,) = read(october)
    for named in (
        "AG-1-20261001", "Nov 3, 2026", "Nov 24, 2026", "A-1", "Maria Gomez", "1 Elm St, Phoenix AZ", "M-1",
        "Oct 1, 2026 to Oct 31, 2026, 31 days", "Time of Use", UTILITY.name, UTILITY.phone, UTILITY.emergency_phone,
        *UTILITY.address, *(way.text.split()[0] for way in UTILITY.pay), *UTILITY.remit_to,
    ):  # fmt: skip
        assert named in text, named
    assert re.search(r"This period\s+October 2026\s+31\s+744\.0\s+24\.0\s+\$[\d.]+", text)
    assert re.search(r"Last period\s+September 2026\s+30\s+576\.0\s+19\.2\s+\$[\d.]+", text)
    assert re.search(r"Same period last year\s+October 2025\s+31\s+1,116\.0\s+36\.0\s+\$[\d.]+", text)


def test_every_line_has_its_price_per_unit_and_the_lines_add_up_to_the_balance(october: Statement) -> None:
    (text,) = read(october)
    bill = october.bill
    for line in bill.lines:
        assert line.explanation in text
        assert f"${line.amount_rounded:,.2f}" in text
    assert text.count("/kWh") == len(bill.lines) - 1
    assert "31 days" in text
    assert "$0.40/day" in text
    assert re.search(rf"Balance of this bill\s+\${re.escape(str(bill.total_rounded))}", text)
    assert sum(line.amount_rounded for line in bill.lines) == bill.total_rounded


def test_taxes_and_credits_stand_apart_and_add_up(october: Statement) -> None:
    (energy, *rest) = october.bill.lines
    tax = msgspec.structs.replace(energy, kind="tax", amount_rounded=Decimal("2.50"))
    credit = msgspec.structs.replace(energy, kind="export", amount_rounded=Decimal("-7.25"))
    bill = msgspec.structs.replace(
        october.bill, lines=(energy, credit, *rest, tax), total_rounded=october.bill.total_rounded - Decimal("4.75")
    )
    shown = {row.name: row.value for row in summary(bill)}
    assert shown == {
        "Charges": f"${october.bill.total_rounded}", "Credits": "-$7.25", "Taxes": "$2.50",
        "Balance of this bill": f"${bill.total_rounded}",
    }  # fmt: skip


def test_a_new_version_says_what_the_one_before_billed(october: Statement) -> None:
    changed = msgspec.structs.replace(
        october.bill, energy_kwh=Decimal(745), total_rounded=october.bill.total_rounded + 1
    )
    again = issue(reissue(october.bill, changed), date(2026, 11, 20), replaced=october.bill)
    (text,) = read(october._replace(bill=again))
    assert re.search(rf"Billed before, by version 1\s+\${re.escape(str(october.bill.total_rounded))}", text)
    assert re.search(r"Change from the previous version\s+\+\$1\.00", text)
    assert "AG-1-20261001-2" in text


@pytest.mark.parametrize(
    ("status", "estimated", "mark"), [("provisional", 9, "PROVISIONAL"), ("final", 9, "ESTIMATED"), ("final", 0, "")]
)
def test_what_is_not_final_or_not_read_is_marked_across_the_page_and_said_in_words(
    october: Statement, status: str, estimated: int, mark: str
) -> None:
    counts = msgspec.structs.replace(october.bill.intervals, estimated=estimated)
    bill = msgspec.structs.replace(october.bill, status=status, intervals=counts)
    (text,) = read(october._replace(bill=bill))
    assert ("PROVISIONAL" in text, "ESTIMATED" in text) == (mark == "PROVISIONAL", mark == "ESTIMATED")
    assert marked(bill)[0] == mark
    if mark:
        assert marked(bill)[1].split(":")[0] == mark.capitalize()
        assert marked(bill)[1][:40] in text.replace("\n", " ")
    assert ("Payment slip" in text) == (status == "final")


@pytest.mark.parametrize(
    ("country", "size"), [("US", (612, 792)), ("CA", (612, 792)), ("DE", (595, 842)), ("", (612, 792))]
)
def test_the_paper_is_the_one_of_the_country(october: Statement, country: str, size: tuple[int, int]) -> None:
    point = msgspec.structs.replace(POINT, country=country)
    printed = PdfReader(BytesIO(invoice_pdf.as_pdf([october._replace(point=point)], UTILITY)))
    assert (round(float(printed.pages[0].mediabox.width)), round(float(printed.pages[0].mediabox.height))) == size
    abroad = msgspec.structs.replace(UTILITY, country="DE")
    assert paper(point, abroad) == ("us-letter" if country in LETTER else "a4")


def test_it_is_a_tagged_pdf_with_a_title_a_language_and_table_headers(october: Statement) -> None:
    printed = PdfReader(BytesIO(invoice_pdf.as_pdf([october], UTILITY)))
    root = printed.root_object
    assert root["/MarkInfo"]["/Marked"].value
    assert root["/Lang"] == "en"
    assert root["/ViewerPreferences"]["/DisplayDocTitle"].value
    assert b"<pdfuaid:part>1</pdfuaid:part>" in root["/Metadata"].get_data()
    assert printed.metadata
    assert printed.metadata.title == "Electric bill for October 2026"
    kinds = [*tags(root["/StructTreeRoot"])]
    assert {"/H1", "/H2", "/Table", "/TH", "/TD"} <= {*kinds}
    assert kinds.count("/Table") == 2
    assert kinds.count("/TH") == 6 + 1 + 4


def tags(node: object) -> Iterator[str]:
    """The structure types of a tag tree, in reading order."""
    found = node.get_object() if hasattr(node, "get_object") else node
    if isinstance(found, list):
        for one in found:
            yield from tags(one)
    elif isinstance(found, dict):
        if "/S" in found:
            yield str(found["/S"])
        if "/K" in found:
            yield from tags(found["/K"])


def test_a_reprint_has_the_same_bytes(october: Statement) -> None:
    assert invoice_pdf.as_pdf([october], UTILITY) == invoice_pdf.as_pdf([october], UTILITY)


def test_text_in_any_script_is_shown_and_none_of_it_is_code(october: Statement) -> None:
    name, odd = "Тариф Żółty ½", '#panic("x") *b* $1 [c] \\ <d>'
    bill = msgspec.structs.replace(october.bill, tariff_name=name)
    account = msgspec.structs.replace(ACCOUNT, name=odd)
    (text,) = read(october._replace(bill=bill, account=account))
    assert name in text
    assert odd in text


def test_each_invoice_of_a_run_begins_on_a_page_of_its_own_and_counts_its_own_pages(october: Statement) -> None:
    lines = tuple(october.bill.lines) * 20
    long = october._replace(bill=msgspec.structs.replace(october.bill, lines=lines))
    printed = PdfReader(BytesIO(invoice_pdf.as_pdf([long, october], UTILITY)))
    feet = [re.findall(r"Page \d+ of \d+", page.extract_text())[-1] for page in printed.pages]
    of_first = len(feet) - 1
    assert of_first > 1
    assert feet == [*(f"Page {number + 1} of {of_first}" for number in range(of_first)), "Page 1 of 1"]
    assert printed.metadata
    assert printed.metadata.title == "2 bills"


def test_a_bill_of_which_the_registry_knows_nothing_is_printed_too() -> None:
    (text,) = read(Statement(BillKey("M-1", "2026-10"), billed("2026-10", 1_000, 9)))
    assert "M-1" in text
    assert re.search(r"This period\s+October 2026 \(so far\)\s+9 of 31\s+216\.0\s+24\.0", text)


def test_more_invoices_than_one_file_holds_are_refused(october: Statement, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(invoice_pdf, "MOST", 2)
    with pytest.raises(ElectroCloudError, match=r"at most 2 invoices; .*bill print"):
        invoice_pdf.as_pdf([october] * 3, UTILITY)


def test_what_is_due_is_said_beside_the_amount(october: Statement) -> None:
    def said(amount: str, status: str = "final") -> tuple[str, str, str]:
        return due(msgspec.structs.replace(october.bill, total_rounded=Decimal(amount), status=status))

    assert said("87.10") == ("Amount due", "$87.10", "by Nov 24, 2026")
    assert said("-3.20") == ("Credit", "$3.20", "Nothing to pay")
    assert said("0.00") == ("Amount due", "$0.00", "Nothing to pay")
    assert said("87.10", "provisional") == ("Amount so far", "$87.10", "Nothing is due yet")
    assert not invoice_page(october._replace(bill=billed("2026-10", 1_000, 9)), UTILITY).slip
