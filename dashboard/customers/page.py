"""The agent's page: find a customer, and see who is served there, the bills, and why the last one differs."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from textwrap import shorten
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from analytics import questions
from dashboard import data, layout
from dashboard.access.roles import Data
from dashboard.access.visitor import may
from dashboard.bills import bill_data
from dashboard.customers import account, account_data, weather_data
from dashboard.customers.bill_history import explained, table
from dashboard.meter import meter_data, service_history
from dashboard.questions import question_data
from dashboard.questions.columns import in_zone
from dashboard.show_errors import show_errors
from electrocloud.aws.store.bill_outbox import IssuedBill
from electrocloud.aws.store.search_index import SearchEntry
from electrocloud.domain.registry.records import ServicePoint
from presentation import units
from presentation.bill_versions import newest_versions
from presentation.money_text import money
from presentation.temperature_text import scale_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from streamlit.elements.lib.column_types import ColumnConfig

MOST_ACCESSES = 100
LONGEST_CELL = 80  # characters; a question's SQL is longer
YEAR = timedelta(days=365)
ACCESS_COLUMNS = {
    "accessed_at_utc": "When",
    "user_name": "User",
    "roles": "Roles",
    "action": "Action",
    "data_kind": "Data",
    "detail": "Detail",
}

COLUMNS: "dict[str, ColumnConfig | str]" = {
    "amount": "Amount due",
    "period": "Period",
    "state": "State",
    "agreement": "Agreement",
}


def results(found: list[SearchEntry]) -> SearchEntry | None:
    """Draw what was found; the service point that the address names, or the only one, which needs no list."""
    if len(found) == 1:
        return found[0]
    rows = pd.DataFrame(
        {
            "Name": one.name or "–",
            "Account": one.account_id or "–",
            "Address": one.address,
            "Service point": one.service_point_id,
            "Feeder": one.feeder,
            "Meters": ", ".join(one.meter_ids),
        }
        for one in found
    )
    key = f"found_{st.session_state['search']}"
    st.dataframe(
        rows,
        hide_index=True,
        height=min(38 + 35 * len(found), 290),
        on_select=lambda: choose(key, found),
        selection_mode="single-row",
        key=key,
    )
    chosen = st.query_params.get("point")
    return next((one for one in found if one.service_point_id == chosen), None)


def choose(key: str, found: list[SearchEntry]) -> None:
    """Put the selected service point into the address, which says what the page shows."""
    rows = st.session_state[key].selection.rows
    if rows:
        st.query_params["point"] = found[rows[0]].service_point_id
    else:
        st.query_params.pop("point", None)


def customer(entry: SearchEntry) -> None:
    """Draw the customer at a service point, with bills and meters."""
    st.header(units.in_markdown(entry.name or "No customer"))
    st.markdown(
        f"Account **{units.in_markdown(entry.account_id or '–')}** · {units.in_markdown(entry.address)} · "
        f"service point {units.in_markdown(entry.service_point_id)} · feeder {units.in_markdown(entry.feeder)}"
    )
    if not entry.meter_ids:
        st.info("No meter has been installed here, so there are no bills.")
        return
    meter_id = entry.meter_ids[-1]
    if st.button("Open meter", icon=":material/electric_meter:"):
        st.switch_page("meter/page.py", query_params={"meter": meter_id})
    if entry.account_id:
        account.draw(entry.account_id)
    histories = meter_data.service_histories(meter_id)
    points = {history.point.service_point_id: history.point for history in histories}
    bills(entry, meter_id, points.get(entry.service_point_id))
    st.header("Service history")
    st.dataframe(service_history.table(histories), hide_index=True)
    if entry.account_id and may(Data.ACCESS_LOG):
        accesses(entry.account_id)


def accesses(account_id: str) -> None:
    """Draw who looked at an account in the last 30 days, on request: it is a question to Athena."""
    st.header("Access")
    if not st.button("Who looked at this customer?", icon=":material/visibility:"):
        return
    zone = data.zone()
    answer = question_data.answer(questions.questions()["access_log"].render({"customer": account_id, "zone": zone}))
    if not answer.rows:
        st.info("Nobody looked at this customer in the last 30 days.")
        return
    names = [column.name for column in answer.columns]
    rows = []
    for row in answer.rows[:MOST_ACCESSES]:
        found = dict(zip(names, row, strict=True))
        found["accessed_at_utc"] = in_zone(found["accessed_at_utc"], zone)
        rows.append({name: shorten(str(value), LONGEST_CELL, placeholder=" …") for name, value in found.items()})
    more = f", the newest {MOST_ACCESSES}" if len(answer.rows) > MOST_ACCESSES else ""
    st.caption(f"{units.count(len(answer.rows), 'entry', 'entries')} of the last 30 days{more}.")
    layout.table("Access", [{title: row[name] for name, title in ACCESS_COLUMNS.items()} for row in rows])


def amounts(own: list[IssuedBill]) -> None:
    """Draw what the latest bill asks for, what was billed in a year, and the credit that the next bill begins with."""
    latest = own[-1].bill
    year = [
        bill for _, bill in own if bill.period_start and (latest.period_start or date.max) - bill.period_start < YEAR
    ]
    with layout.metrics("amounts"):
        st.metric(f"Latest bill, {latest.status}", money(latest.total_rounded, latest.currency), border=True)
        billed = sum((bill.total_rounded for bill in year), Decimal())
        st.metric("Billed in 12 months", money(billed, latest.currency), border=True)
        if latest.credit:
            closing = latest.credit.closing
            kwh = f"{sum(closing.wh.values()) / 1000:,.0f} kWh"
            credit = kwh if any(closing.wh.values()) else money(closing.dollars, latest.currency)
            st.metric("Credit carried forward", credit, help="For export, after the latest bill.", border=True)


def compared(own: list[IssuedBill], point: ServicePoint | None) -> None:
    """Draw the months side by side, and why each bill differs from the one before."""
    temperatures: Mapping[date, float] = {}
    with show_errors(first=False):
        temperatures = weather_data.temperatures(point) if point else {}
    found = explained(own, datetime.now(UTC).date(), temperatures, scale_of(point.country if point else ""))
    sentences = [units.in_markdown(sentence) for sentence in found.sentences]
    if sentences:
        st.info(sentences[0], icon=":material/compare_arrows:")
    layout.table("Bills side by side", found.columns)
    if sentences[1:]:
        with st.expander("Why each earlier bill differs from the one before"):
            st.markdown("\n".join(f"- {sentence}" for sentence in sentences[1:]))


def bills(entry: SearchEntry, meter_id: str, point: ServicePoint | None) -> None:
    """Draw the account's bills of a meter: what is due, the months side by side, and a list to open invoices from."""
    own = [one for one in newest_versions(bill_data.history(meter_id)) if one.bill.account_id in ("", entry.account_id)]
    st.header("Bills")
    if not own:
        st.info("This customer has no bills yet. The first one appears with the first reading.")
        return
    amounts(own)
    layout.paint_first()
    compared(own, point)
    st.subheader("Invoices")
    frame = table(own)
    st.caption("The current version of each bill. Select a row to view the invoice.")
    chosen = st.dataframe(
        frame.drop(columns=["owner", "month"]),
        hide_index=True,
        column_config=COLUMNS,
        on_select="rerun",
        selection_mode="single-row",
        key=f"bills_of_{entry.service_point_id}",
    )
    if rows := chosen.selection["rows"]:
        row = frame.iloc[rows[0]]
        st.switch_page("bills/page.py", query_params={"bill": str(row["owner"]), "month": str(row["month"])})


st.title("Customers")
with show_errors(again=True):
    text = st.text_input(
        "Search", placeholder="any part of a name, address, account, meter or feeder", key="search", bind="query-params"
    ).strip()
    if not text:
        st.caption("Find a customer by any part of a name, address, account, meter or feeder.")
    elif not (found := account_data.search(text)):
        st.info(f"Nothing in the registry has “{units.in_markdown(text)}” in it. Try a shorter part.")
    elif entry := results(found):
        customer(entry)
    else:
        more = f" Only the first {account_data.MOST_FOUND} are listed." if len(found) == account_data.MOST_FOUND else ""
        st.caption(f"{units.count(len(found), 'service point')} found. Select one.{more}")
