"""The billing clerk's page: a month's bills, their totals, and one bill as an invoice."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from dashboard import data, layout
from dashboard.access.roles import Data
from dashboard.access.visitor import may
from dashboard.bills import bill_data, bulk_download, invoices, mail
from dashboard.bills.bill_table import STATES, by_state, by_tariff, chosen_of, keys_of, table
from dashboard.show_errors import show_errors
from electrocloud.aws.store.bill_outbox import IssuedBill
from electrocloud.domain.billing.bill import Bill
from presentation import invoice_documents as invoice
from presentation import units
from presentation.money_text import money, total

if TYPE_CHECKING:
    from streamlit.elements.lib.column_types import ColumnConfig


def figures(issued: pd.DataFrame) -> None:
    """Draw the month's totals, and those of each tariff."""
    shown = {
        "Bills": f"{len(issued):,}",
        "Amount due": total_of(issued),
        "Energy": units.scaled(float(issued["energy_kwh"].sum()) * 1000, "Wh"),
        "Open": f"{(issued['status'] != 'final').sum():,}",
        "Final": f"{(issued['state'] == 'final').sum():,}",
        "Estimated": f"{(issued['state'] == 'estimated').sum():,}",
        "Re-billed": f"{(issued['state'] == 're-billed').sum():,}",
    }
    with layout.metrics("bills"):
        for name, value in shown.items():
            st.metric(name, value, border=True)
    layout.paint_first()
    left, right = st.columns([3, 7], gap="medium")
    left.header("By state")
    columns = layout.in_currency(COLUMNS, ["total"], issued["currency"])
    left.dataframe(numbers(by_state(issued)), hide_index=True, column_config=columns)
    right.header("By tariff")
    right.dataframe(numbers(by_tariff(issued)), hide_index=True, column_config={**columns, "estimated": "Estimated"})


def total_of(bills: pd.DataFrame) -> str:
    """What bills come to, in each currency."""
    return total(zip(bills["currency"], bills["total"], strict=True))


def draw_month(month: str, owner: str | None) -> None:
    """Draw all bills of a month, and the invoice of `owner`: an agreement, or a meter."""
    with st.spinner("Loading the month's bills …"):
        issued = table(bill_data.bills_of_month(month), data.currency_of)
    if issued.empty:
        st.info(f"There are no bills for {units.month(month)}. Choose another month, or send readings for this one.")
        return
    figures(issued)
    list_of(filtered(issued), month)
    if owner:
        draw_invoice(owner, month)


def filtered(issued: pd.DataFrame) -> pd.DataFrame:
    """Draw the filters; the bills that pass them."""
    st.header("All bills")
    text, tariff, state = st.columns([2, 3, 2])
    return chosen_of(
        issued,
        text.text_input("Meter", placeholder="any part of the meter ID", key="bills_text", bind="query-params"),
        tariff.multiselect(
            "Tariff", sorted(issued["tariff_id"].unique()), placeholder="all", key="bills_tariff", bind="query-params"
        ),
        state.selectbox("State", STATES, key="bills_state", bind="query-params"),
    )


def list_of(shown: pd.DataFrame, month: str) -> None:
    """Draw the list of a month's bills; a selected one goes into the address."""
    if shown.empty:
        st.info("No bills match. Clear a filter.")
        return
    st.caption(
        f"{units.count(len(shown), 'bill')} totaling {total_of(shown)}. Select a row to view the bill, or "
        "several for files and mail; click a heading to sort."
    )
    order = ["meter_id", "tariff_id", "state", "version", "energy_kwh", "total", "currency", "missing", "not_yet_due",
             "estimated"]  # fmt: skip
    agreements = [str(agreement_id) for agreement_id in shown["agreement_id"]]
    key = f"bills_list_{month}"  # another month's list has no selection
    chosen = st.dataframe(
        numbers(shown),
        hide_index=True,
        height=min(38 + 35 * len(shown), 400),
        column_order=order,
        column_config=layout.in_currency(COLUMNS, ["total"], shown["currency"]),
        on_select=lambda: select_bill(key, agreements),
        selection_mode="multi-row",
        key=key,
    )
    rows = chosen.selection["rows"]
    keys = keys_of(shown.iloc[rows] if len(rows) > 1 else shown)
    bulk_download.draw(keys, month)
    mail.draw_form(keys, lambda: bill_data.bill_documents(keys))


def select_bill(key: str, agreements: list[str]) -> None:
    """Put the agreement of the selected row into the address, which says what the page shows; of several, none."""
    rows = st.session_state[key].selection.rows
    if len(rows) == 1:
        st.query_params["bill"] = agreements[rows[0]]
    else:
        st.query_params.pop("bill", None)


def draw_invoice(owner: str, month: str) -> None:
    """Draw one bill as an invoice, with its other versions: of an agreement, or of a meter's latest one."""
    of_month = bill_data.versions(owner, month)
    if not of_month:
        st.info(f"{units.in_markdown(owner)} has no bill for {units.month(month)}. Select one in the list.")
        return
    latest = max(of_month, key=lambda one: (one.bill.period_start or date.min, one.bill.version)).bill
    versions = [one for one in of_month if one.bill.agreement_id == latest.agreement_id]
    newest, meter_id = versions[-1].bill, latest.meter_id
    numbers = [one.bill.version for one in reversed(versions)]
    with st.container(border=True):
        left, right = st.columns([3, 2], vertical_alignment="bottom")
        number = right.selectbox("Version", numbers, key=f"version_{owner}_{month}") if len(numbers) > 1 else numbers[0]
        shown = next(one for one in versions if one.bill.version == number)
        bill = shown.bill
        left.header(invoice.heading(bill))
        left.markdown(f"Meter **{units.in_markdown(meter_id)}** · {units.in_markdown(bill.tariff_name)}")
        if bill is not newest:
            st.warning(f"Version {newest.version} has replaced this version.")
        st.html(invoice.as_html(bill))
        for sentence in invoice.remarks(bill):
            st.caption(units.in_markdown(sentence))
        next_steps(shown)
        mail.draw_form(shown.key, lambda: [shown])
    if len(versions) > 1:
        draw_versions([one.bill for one in versions])
    mail.draw_log(shown)


def next_steps(issued: IssuedBill) -> None:
    """Draw what can be done with a bill: download it, mail it, or open its meter."""
    bill = issued.bill
    name = f"bill-{bill.meter_id}-{bill.month or bill.period_start}-v{bill.version}"
    with st.container(horizontal=True):
        st.download_button("Download PDF", invoices.pdf(issued), f"{name}.pdf", "application/pdf", on_click="ignore")
        st.download_button("Download CSV", invoices.csv(bill), f"{name}.csv", "text/csv", on_click="ignore")
        mail.draw_button(issued.key, 1, "mail_one")
        if st.button("Open meter", icon=":material/electric_meter:"):
            st.switch_page("meter/page.py", query_params={"meter": bill.meter_id})


def draw_versions(versions: list[Bill]) -> None:
    """Draw the versions of a bill, one per row."""
    st.header("Versions")
    st.dataframe(
        pd.DataFrame(
            {
                "Version": bill.version,
                "State": bill.status,
                "Energy, kWh": float(bill.energy_kwh),
                "Amount due": money(bill.total_rounded, bill.currency),
                "Change": money(bill.adjustment.amount_rounded, bill.currency, sign=True) if bill.adjustment else "",
                "Missing": bill.intervals.missing,
                "Not yet due": bill.intervals.not_yet_due,
                "Outside service": bill.intervals.outside_service,
                "Estimated": bill.intervals.estimated,
            }
            for bill in versions
        ),
        hide_index=True,
    )


def numbers(frame: pd.DataFrame) -> pd.DataFrame:
    """Convert decimals to floats, because a browser cannot sort decimals."""
    decimal = [name for name in frame if len(frame) and isinstance(frame[name].iloc[0], Decimal)]
    return frame.astype(dict.fromkeys(decimal, float))


COLUMNS: "dict[str, ColumnConfig | str]" = {
    "meter_id": "Meter",
    "tariff_id": "Tariff",
    "state": "State",
    "version": "Version",
    "bills": "Bills",
    "provisional": "Provisional",
    "waiting for estimate": "Waiting for estimate",
    "final": "Final",
    "re-billed": "Re-billed",
    "energy_kwh": st.column_config.NumberColumn("Energy, kWh", format="%,.1f"),
    "total": st.column_config.NumberColumn("Amount due", format="%,.2f"),
    "missing": st.column_config.NumberColumn(
        "Missing", format="%,d", help="Intervals that are due and have no reading; not billed"
    ),
    "not_yet_due": st.column_config.NumberColumn("Not yet due", format="%,d", help="Intervals that have not ended"),
    "estimated": st.column_config.NumberColumn(
        "Estimated", format="%,d", help="Intervals estimated from the weeks before"
    ),
}

st.title("Bills")
with show_errors(again=True):
    months = units.months_until(datetime.now(UTC).date())
    linked = st.query_params.get("month")
    month = st.selectbox(
        "Month", months, months.index(linked) if linked in months else 0, format_func=units.month, key="month"
    )
    st.query_params["month"] = month
    owner = st.query_params.get("bill")
    if may(Data.ALL_BILLS):
        draw_month(month, owner)
    elif owner:
        draw_invoice(owner, month)
    else:
        st.info("Find a customer on the Customers page, and select a bill there.", icon=":material/person_search:")
