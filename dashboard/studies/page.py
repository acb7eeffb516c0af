"""The planner's page of tariff studies: who would save and who would pay more under other prices."""

from datetime import UTC, datetime

import pandas as pd
import streamlit as st

from dashboard import data, layout
from dashboard.show_errors import show_errors
from dashboard.studies import customer_table, study_chart, study_data, study_form
from electrocloud.domain.studies.study import Group, Study, StudyResult
from presentation import bills_workbook, study_text, units
from presentation.money_text import money

OUTCOMES = {"All": None, "Save": "saves", "Pay more": "pays more"}
MOST_ROWS = 10_000  # of the customers' table; the files have all


@st.fragment(run_every=2)
def progress(study_id: str) -> None:
    """Draw how far a study is; when it has ended, draw the page again."""
    with show_errors(first=False):
        found = study_data.study(study_id)
        if found.status in ("done", "failed"):
            st.rerun()
        if study_data.has_stopped(found):
            st.warning("This study has stopped before it was done. Start it again.", icon=":material/error:")
            return
        share = found.done / found.of if found.of else 0.0
        st.progress(share, f"{(found.step or 'starting').capitalize()}: {found.done:,} of {found.of:,}")
        st.caption("You can leave this page; the study goes on, and stays at this address.")


def figures(result: StudyResult) -> None:
    """Draw the totals."""
    total = result.total
    shown = {
        "Customers": f"{total.customers:,}",
        "Save": f"{total.save:,}",
        "Pay more": f"{total.pay_more:,}",
        "Revenue now": money(total.now, result.currency),
        "Revenue then": money(total.then, result.currency),
        "Difference": money(total.then - total.now, result.currency, sign=True),
    }
    with layout.metrics("study"):
        for name, value in shown.items():
            st.metric(name, value, border=True)


def keeps_revenue(result: StudyResult) -> None:
    """Draw the prices that keep the revenue."""
    if text := study_text.neutral(result):
        st.header("The price that keeps revenue")
        st.markdown(units.in_markdown(text))
        if result.neutral:
            st.dataframe(pd.DataFrame(study_text.prices(result.neutral.prices)), hide_index=True)


def groups(name: str, found: tuple[Group, ...], currency: str) -> None:
    """Draw the totals of some groups."""
    st.dataframe(
        pd.DataFrame(
            {
                name: one.name,
                "Customers": one.customers,
                "Save": one.save,
                "Pay more": one.pay_more,
                "Energy, kWh": float(one.kwh),
                "Revenue now": money(one.now, currency),
                "Revenue then": money(one.then, currency),
                "Difference": study_text.difference(one, currency),
                "Median change": money(one.median_change, currency, sign=True),
            }
            for one in found
        ),
        hide_index=True,
        column_config={"Energy, kWh": st.column_config.NumberColumn(format="%,.0f")},
    )


def customers(study: Study, result: StudyResult) -> None:
    """Draw the customers, and their files."""
    st.header("Customers")
    found = study_data.customers(study.study_id)
    left, right = st.columns([1, 2])
    outcome = left.selectbox("Show", [*OUTCOMES], key="outcome", bind="query-params")
    text = right.text_input(
        "Find", placeholder="agreement, account, meter, class or feeder", key="find", bind="query-params"
    )
    shown = [one for one in found if OUTCOMES[outcome] in (None, one.outcome) and customer_table.is_found(one, text)]
    if not shown:
        st.info("No customers match. Clear a filter.")
        return
    if outcome == "Pay more":
        shown.reverse()
    more = f" The first {MOST_ROWS:,} are listed; the files have all." if len(shown) > MOST_ROWS else ""
    st.caption(f"{units.count(len(shown), 'customer')}.{more}")
    st.dataframe(
        customer_table.rows(shown[:MOST_ROWS]),
        hide_index=True,
        height=min(38 + 35 * len(shown), 420),
        column_config=customer_table.columns(result.currency),
    )
    name = f"study-{study.study_id}"
    with st.container(horizontal=True):
        st.download_button(
            "Download CSV", study_data.csv_file(study.study_id), f"{name}.csv", "text/csv", on_click="ignore"
        )
        st.download_button(
            "Download Excel",
            study_data.excel_file(study.study_id),
            f"{name}.xlsx",
            bills_workbook.MEDIA_TYPE,
            on_click="ignore",
        )


def show(study: Study) -> None:
    """Draw a study that is done."""
    result = study.result
    assert result
    st.markdown(f"**{study_text.headline(result)}** {units.in_markdown(study_text.revenue(result))}")
    figures(result)
    layout.paint_first()
    st.header("How the change is spread")
    st.vega_lite_chart(study_chart.spread(result.distribution, result.currency), key="spread", height=260)
    keeps_revenue(result)
    st.header("By class")
    groups("Class", result.by_class, result.currency)
    st.header("By present tariff")
    groups("Tariff", result.by_tariff, result.currency)
    customers(study, result)
    st.header("Source")
    for sentence in study_text.source(study):
        st.caption(units.in_markdown(sentence))


def draw(study_id: str) -> None:
    """Draw one study, whatever its state."""
    study = study_data.study(study_id)
    if st.button("All studies", icon=":material/arrow_back:"):
        st.query_params.clear()
        st.rerun()
    st.header(study_text.title(study))
    if study.status == "failed":
        st.warning(f"This study failed: {study.error}", icon=":material/error:")
    elif study.result:
        show(study)
    else:
        progress(study_id)


def listed() -> None:
    """Draw the stored studies; a selected one goes into the address."""
    st.header("Stored studies")
    found = study_data.studies()
    if not found:
        st.info("No studies yet. Choose a tariff or change prices above, and run one.")
        return
    zone = data.zone()
    chosen = st.dataframe(
        pd.DataFrame(
            {
                "Made": units.time_text(one.made_at, zone),
                "Study": study_text.title(one),
                "Made by": one.made_by,
                "Status": "stopped" if study_data.has_stopped(one) else one.status,
                "Customers": one.result.total.customers if one.result else None,
                "Save": one.result.total.save if one.result else None,
                "Revenue difference": study_text.difference(one.result.total, one.result.currency)
                if one.result
                else "",
            }
            for one in found
        ),
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        key="studies",
    )
    if rows := chosen.selection["rows"]:
        open_study(found[rows[0]].study_id)


def open_study(study_id: str) -> None:
    """Put a study into the address, which says what the page shows."""
    st.query_params["study"] = study_id
    st.rerun()


st.title("Tariff studies")
with show_errors(again=True):
    if linked := st.query_params.get("study"):
        draw(linked)
    else:
        if started := study_form.draw(datetime.now(UTC).date()):
            open_study(started)
        listed()
