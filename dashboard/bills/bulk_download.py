"""All listed bills in one file: an Excel workbook with their lines, or a PDF of the invoices. Made on request."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

import streamlit as st

from dashboard.bills import bill_data, invoices, mail, workbook_process
from electrocloud.aws.store.bill_outbox import IssuedBill
from electrocloud.domain.billing.service import BillKey
from presentation import bills_workbook, units

STATE = "bills_file"  # the session's key of the last file made; a session keeps one
PROGRESS_S = 0.25  # between two states of the bar: to draw it takes CPU time of the browser


class FileKind(NamedTuple):
    """A kind of file: its name, icon, file ending and media type, and what makes it."""

    name: str
    icon: str
    ending: str
    media_type: str
    make: Callable[[Iterable[IssuedBill]], bytes]


class BillsFile(NamedTuple):
    """A file that was made, and the bills in it: those that were asked for, and how many there were."""

    kind: FileKind
    keys: Sequence[BillKey]
    bills: int
    content: bytes


KINDS = (
    FileKind(
        "Excel",
        ":material/table_view:",
        "xlsx",
        bills_workbook.MEDIA_TYPE,
        lambda issued: workbook_process.as_xlsx(one.bill for one in issued),
    ),
    FileKind("PDF", ":material/picture_as_pdf:", "pdf", "application/pdf", invoices.print_all),
)


def draw(keys: Sequence[BillKey], month: str) -> None:
    """Draw the buttons that make the files or mail the bills, and the download of a file made of these very bills."""
    row = st.container(horizontal=True)
    below = st.empty()
    for kind in KINDS:
        label = f"{kind.name} of {units.count(len(keys), 'bill')}"
        if row.button(label, icon=kind.icon, key=f"bills_{kind.ending}"):
            with below.container():
                st.session_state[STATE] = make(kind, keys)
            below.empty()
    with row:
        mail.draw_button(keys, len(keys), "mail_all")
    file: BillsFile | None = st.session_state.get(STATE)
    if file and file.keys == keys:
        name = f"bills-{month}.{file.kind.ending}"
        size = units.scaled(len(file.content), "B")
        row.download_button(
            f"Download {name}, {size}",
            file.content,
            name,
            file.kind.media_type,
            on_click="ignore",
            icon=":material/download:",
        )
        if file.bills < len(keys):
            st.caption(f"Bills of the list that no longer exist: {len(keys) - file.bills:,}.")


def make(kind: FileKind, keys: Sequence[BillKey]) -> BillsFile:
    """Read the bills and make a file of them, with a progress bar."""
    bar = st.progress(0.0)
    made, shown = 0, -PROGRESS_S

    def counted() -> Iterator[IssuedBill]:
        nonlocal made, shown
        for bill in bill_data.bill_documents(keys):
            if time.monotonic() - shown > PROGRESS_S:
                shown = time.monotonic()
                bar.progress(made / len(keys), f"{kind.name}: {made:,} of {units.count(len(keys), 'bill')}")
            made += 1
            yield bill
        bar.progress(1.0, f"{kind.name}: writing the file")

    return BillsFile(kind, keys, 0, kind.make(counted()))._replace(bills=made)
