"""Invoices as PDF: tagged for screen readers (PDF/UA-1), and the same bytes whenever the same bill is printed."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from electrocloud.aws.store.statements import Statement
from electrocloud.domain.errors import ElectroCloudError
from presentation.invoice_page import invoice_page
from presentation.units import count
from presentation.utility import Utility

if TYPE_CHECKING:
    import typst

FOLDER = Path(__file__).parent
MOST = 250  # invoices of one file, which take 600 MB of memory while it is made


def as_pdf(statements: Iterable[Statement], utility: Utility) -> bytes:
    """The invoices as one PDF, each from a page of its own on and with a bookmark.

    `ElectroCloudError` for more than MOST of them.
    """
    found: list[Statement] = []
    for statement in statements:
        if len(found) == MOST:
            raise ElectroCloudError(
                f"a PDF holds at most {MOST:,} invoices; choose fewer bills, or use `electrocloud bill print`, which "
                "writes a file for each"
            )
        found.append(statement)
    pages = [invoice_page(one, utility) for one in found]
    title = pages[0].title if len(pages) == 1 else count(len(pages), "bill")
    content = {"title": title, "utility": utility, "pages": pages}
    made = max((_made_on(one) for one in found), default=date(2000, 1, 1))
    printed = _compiler().compile(
        sys_inputs={"content": msgspec.json.encode(_plain(content)).decode()},
        format="pdf",
        pdf_standards=["ua-1"],
        timestamp=datetime.combine(made, time(), UTC),
    )
    assert isinstance(printed, bytes)
    return printed


def file_name(statement: Statement) -> str:
    """`bill-AG-1-20260701.pdf`, by the bill's number; of an open bill by its meter and period."""
    bill = statement.bill
    return f"bill-{bill.number or f'{bill.meter_id}-{statement.key.cycle}-v{bill.version}'}.pdf"


def _made_on(statement: Statement) -> date:
    """A day that the bill has, so that a reprint has it too."""
    bill = statement.bill
    return bill.issued_on or bill.period_end or date.fromisoformat(f"{bill.month}-01")


@cache
def _compiler() -> "typst.Compiler":
    import typst  # noqa: PLC0415  80 MB, which only a PDF needs

    fonts = typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(FOLDER / "fonts")]
    )  # those of the folder alone: an invoice looks the same wherever it is printed
    return typst.Compiler(str(FOLDER / "invoice.typ"), root=str(FOLDER), font_paths=fonts, ignore_system_fonts=True)


def _plain(content: object) -> object:
    """As JSON has it: named tuples as objects."""
    match content:
        case tuple() if hasattr(content, "_asdict"):
            return {name: _plain(value) for name, value in content._asdict().items()}
        case dict():
            return {name: _plain(value) for name, value in content.items()}
        case tuple() | list():
            return [_plain(value) for value in content]
        case _:
            return content
