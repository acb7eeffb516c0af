"""The Meter, Bills and Analytics pages, drawn with given data."""

import dataclasses
import json
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from io import BytesIO
from typing import Any
from unittest.mock import ANY

import msgspec
import pytest
import streamlit as st
from botocore.exceptions import EndpointConnectionError
from openpyxl import load_workbook
from pypdf import PdfReader

from dashboard.bills import invoices
from electrocloud.aws.athena import Answer, Column, Progress
from electrocloud.aws.store.bill_outbox import IssuedBill
from electrocloud.aws.store.reader import BillRow
from electrocloud.aws.store.statements import Statement
from electrocloud.domain.billing.bill import Bill, bills, reissue
from electrocloud.domain.billing.service import BillKey
from electrocloud.domain.forecast import MonthEnd, Range, Suspect
from electrocloud.domain.meter import RegisteredMeter
from electrocloud.domain.readings.meter_day import MeterDay
from electrocloud.domain.tariffs.urdb import tariff_from_urdb
from tests.kits.billing_kit import document
from tests.kits.dashboard_kit import address_of, metrics, page, texts
from tests.kits.examples import TIME_OF_USE, upload

TARIFFS = {
    "tou": tariff_from_urdb(TIME_OF_USE),
    "cheap": tariff_from_urdb(document(0.01, label="cheap", name="Cheap", timezone="Europe/Berlin")),
}
METER = RegisteredMeter("m-1", 51.5, 9.9, "F_1", "home", "tou", "Europe/Berlin")
MONTH = datetime.now(UTC).date().replace(day=1)  # the pages offer months up to the current one


def measured(days: int = 5) -> list[MeterDay]:
    found = []
    for number in range(days):
        day = MeterDay(MONTH + timedelta(days=1 + number))
        day.merge(upload(day=day.day, wh=[300] * 96))
        found.append(day)
    return found


def issued(days: list[MeterDay]) -> Bill:
    return bills(TARIFFS["tou"], [reading for day in days for reading in day.intervals()], meter_id="m-1")[0]


def keyed(*found: Bill) -> list[IssuedBill]:
    return [
        IssuedBill(BillKey(one.agreement_id or one.meter_id, one.month or str(one.period_start)), one) for one in found
    ]


def give_meter(give: Callable[..., None], days: list[MeterDay]) -> None:
    newest = days[-1] if days else None
    bill = issued(days) if days else None
    give(
        registry=[METER],
        meter=METER,
        tariffs=TARIFFS,
        newest_day=newest,
        days=days,
        bill=bill,
        month_end=None,
        suspects=[],
        service_histories=[],
    )


ROWS = [
    BillRow("m-1", "m-1", "tou", "provisional", 1, Decimal("10.5"), Decimal("4.10"), 5, 0, "2026-11"),
    BillRow("m-2", "m-2", "tou", "final", 2, Decimal("20"), Decimal("7.00"), 0, 2, "2026-11"),
    BillRow("m-3", "m-3", "flat", "final", 1, Decimal("30"), Decimal("9.95"), 0, 0, "2026-11"),
    BillRow("m-4", "m-4", "flat", "final", 1, Decimal("12"), Decimal("5.00"), 0, 8, "2026-11"),
]


def test_a_month_is_totaled_by_tariff_and_state(give: Callable[..., None]) -> None:
    give(tariffs=TARIFFS, bills_of_month=ROWS)
    app = page("bills")
    assert metrics(app) == {
        "Bills": "4", "Amount due": "$26.05", "Energy": "72.5 kWh", "Open": "1", "Final": "1", "Estimated": "1",
        "Re-billed": "1",
    }  # fmt: skip
    by_state = app.dataframe[0].value.set_index("state")
    assert by_state.loc["estimated", ["bills", "energy_kwh", "total"]].tolist() == [1, 12, 5]
    assert by_state["total"].sum() == pytest.approx(26.05)
    by_tariff = app.dataframe[1].value.set_index("tariff_id")
    assert by_tariff.loc["tou", ["bills", "provisional", "final", "re-billed", "total"]].tolist() == [2, 1, 0, 1, 11.1]


def test_amounts_are_in_the_currency_of_their_tariff_and_are_not_added_across_currencies(
    give: Callable[..., None],
) -> None:
    euro = dataclasses.replace(TARIFFS["tou"], currency="EUR")
    give(tariffs={"tou": euro, "flat": euro}, bills_of_month=ROWS)
    app = page("bills")
    assert metrics(app)["Amount due"] == "26,05\N{NO-BREAK SPACE}€"
    assert "4 bills totaling 26,05\N{NO-BREAK SPACE}€" in texts(app)
    assert [title_of(app.dataframe[number], "total") for number in range(3)] == ["Amount due, €"] * 3

    give(tariffs={"tou": euro, "flat": TARIFFS["cheap"]}, bills_of_month=ROWS)
    app = page("bills")
    assert metrics(app)["Amount due"] == "11,10\N{NO-BREAK SPACE}€ and $14.95"
    assert title_of(app.dataframe[2], "total") == "Amount due"
    by_state = app.dataframe[0].value
    assert by_state.loc[by_state["state"] == "final", ["currency", "total"]].to_numpy().tolist() == [["USD", 9.95]]


def title_of(table: Any, column: str) -> str:
    """A column's title on the page."""
    return str(json.loads(table.proto.columns)[column]["label"])


def test_bills_are_found_by_meter_tariff_and_state(give: Callable[..., None]) -> None:
    give(tariffs=TARIFFS, bills_of_month=ROWS)
    app = page("bills")
    app.text_input(key="bills_text").set_value("M-").run()
    app.multiselect(key="bills_tariff").set_value(["tou"]).run()
    app.selectbox(key="bills_state").set_value("re-billed").run()
    assert app.dataframe[2].value["meter_id"].tolist() == ["m-2"]
    app.text_input(key="bills_text").set_value("nobody").run()
    assert "No bills match" in texts(app)


def test_a_linked_bill_is_shown_as_it_is_stored(give: Callable[..., None]) -> None:
    bill = issued(measured())
    give(tariffs=TARIFFS, bills_of_month=ROWS, versions=keyed(bill))
    app = page("bills", bill="m-1", month=bill.month)
    assert f"Bill for {MONTH:%B %Y} (provisional)" in [heading.value for heading in app.header]


class Statements:
    """Reads nothing beside the bills."""

    def read(self, issued: Iterable[IssuedBill]) -> Iterator[Statement]:
        return (Statement(*one) for one in issued)


@pytest.mark.parametrize("ending", ["xlsx", "pdf"])
def test_the_listed_bills_are_made_into_a_file_on_request(
    give: Callable[..., None], ending: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(invoices, "_reader", Statements)
    bill = issued(measured())
    give(tariffs=TARIFFS, bills_of_month=ROWS, bill_documents=keyed(bill))
    app = page("bills")
    assert not app.get("download_button")
    app.text_input(key="bills_text").set_value("m-1").run()
    app.button(key=f"bills_{ending}").click().run()
    assert not app.exception
    (download,) = app.get("download_button")
    assert download.proto.label.startswith(f"Download bills-{MONTH:%Y-%m}.{ending}, ")
    content = app.session_state["bills_file"].content
    if ending == "xlsx":
        (row,) = load_workbook(BytesIO(content))["Bills"].iter_rows(min_row=2, values_only=True)
        assert {bill.meter_id, float(bill.total_rounded)} <= set(row)
    else:
        text = PdfReader(BytesIO(content)).pages[0].extract_text()
        assert f"${bill.total_rounded}" in text


def test_another_list_has_no_download_of_the_file_before(give: Callable[..., None]) -> None:
    give(tariffs=TARIFFS, bills_of_month=ROWS, bill_documents=keyed(issued(measured())))
    app = page("bills")
    app.button(key="bills_xlsx").click().run()
    assert "Bills of the list that no longer exist: 3." in texts(app)
    app.text_input(key="bills_text").set_value("m-1").run()
    assert not app.get("download_button")


def test_the_address_names_the_month_on_the_screen(give: Callable[..., None]) -> None:
    give(tariffs=TARIFFS, bills_of_month=ROWS, versions=[])
    app = page("bills", bill="m-1")
    months = app.selectbox(key="month").options
    assert app.query_params["month"] == MONTH.strftime("%Y-%m")
    earlier = (MONTH - timedelta(days=1)).strftime("%Y-%m")
    app.selectbox(key="month").set_value(earlier).run()
    assert len(months) > 1
    assert app.query_params["month"] == earlier
    assert app.query_params["bill"] == "m-1"


def test_a_month_in_which_a_customer_moved_shows_each_agreement_s_own_bill(give: Callable[..., None]) -> None:
    bill = issued(measured())
    half = MONTH + timedelta(days=15)
    before = msgspec.structs.replace(bill, agreement_id="AG-1", period_start=MONTH, period_end=half)
    after = msgspec.structs.replace(bill, agreement_id="AG-2", period_start=half, version=1)
    give(tariffs=TARIFFS, bills_of_month=ROWS, versions=keyed(before, after))
    app = page("bills", bill="m-1", month=bill.month)
    assert not [box for box in app.selectbox if box.label == "Version"]
    assert len(app.dataframe) == 3


def test_a_bill_from_read_day_to_read_day_is_shown_in_the_month_in_which_its_cycle_begins(
    give: Callable[..., None],
) -> None:
    start = MONTH + timedelta(days=15)
    bill = msgspec.structs.replace(issued(measured()), month="", period_start=start, agreement_id="AG-1")
    give(tariffs=TARIFFS, bills_of_month=ROWS, versions=keyed(bill))
    app = page("bills", bill="AG-1", month=f"{MONTH:%Y-%m}")
    assert [one.value for one in app.header if one.value.startswith("Bill for ")]


def test_a_month_without_bills_says_what_to_do(give: Callable[..., None]) -> None:
    give(tariffs=TARIFFS, bills_of_month=[])
    assert "Choose another month" in texts(page("bills"))


def test_a_meter_shows_its_stored_bill_and_what_the_month_will_cost(give: Callable[..., None]) -> None:
    days = measured()
    give_meter(give, days)
    app = page("meter", meter="m-1")
    assert metrics(app)["Bill so far"] == f"${issued(days).total_rounded}"
    offers = app.dataframe[0].value.set_index("Tariff")
    assert offers.index[0] == "Cheap"
    assert metrics(app)["Month-end bill"] == f"${offers.loc['Time of use (current)', 'Month, $']:,.2f}"


def test_a_meter_that_exports_shows_it_beside_what_it_uses(give: Callable[..., None]) -> None:
    days = measured()
    give_meter(give, days)
    plain = page("meter", meter="m-1")
    assert "Export so far" not in metrics(plain)
    assert "is export" not in texts(plain)

    days[-1].merge(upload(day=days[-1].day, wh=[1_000] * 96, direction="received"))
    give_meter(give, days)
    app = page("meter", meter="m-1")
    assert metrics(app)["Export so far"] == "96 kWh"
    assert metrics(app)["Bill so far"] == metrics(plain)["Bill so far"]
    assert "Green, below 0, is export: what the meter received from the customer." in texts(app)


def test_a_meter_of_export_alone_says_so(give: Callable[..., None]) -> None:
    day = MeterDay(MONTH)
    day.merge(upload(day=MONTH, wh=[5] * 4, direction="received"))
    give_meter(give, measured())
    give(newest_day=day, days=[day])
    assert f"no reading of energy delivered on {MONTH}" in texts(page("meter", meter="m-1"))


def test_a_forecast_month_end_bill_is_shown_with_its_interval(give: Callable[..., None]) -> None:
    give_meter(give, measured())
    total = Range(Decimal("41.5"), Decimal("40"), Decimal("45"))
    give(month_end=MonthEnd("m-1", f"{MONTH:%Y-%m}", 1_795_478_400, Range(Decimal(1), Decimal(1), Decimal(1)), total))
    app = page("meter", meter="m-1")
    (shown,) = (metric for metric in app.metric if metric.label == "Month-end bill")
    assert (shown.value, shown.delta) == ("$41.50", "$40.00 to $45.00")


def test_a_meter_page_lists_that_meter_s_suspect_readings_only(give: Callable[..., None]) -> None:
    give_meter(give, measured())
    at = int(datetime(MONTH.year, MONTH.month, 2, 20, tzinfo=UTC).timestamp())
    give(suspects=[Suspect("m-1", "high", at, at + 7200, 200, 1500), Suspect("m-2", "zero", at, at + 3600, 1, 2)])
    shown = texts(page("meter", meter="m-1"))
    assert "2 h: high: a register spike, or a meter bypass was removed (expected 200 Wh to 1.50 kWh per hour)" in shown
    assert "zero" not in shown


def test_an_unknown_meter_gets_a_message(give: Callable[..., None]) -> None:
    give_meter(give, measured())
    give(meter=None)
    assert r"No meter ID contains “\<b\>”" in texts(page("meter", meter="<b>"))


def test_part_of_an_id_finds_the_matching_meters(give: Callable[..., None]) -> None:
    give_meter(give, measured())
    give(registry=[METER, METER._replace(meter_id="x-2")], meter=None)
    app = page("meter", meter="M")
    assert app.button_group(key="suggested").options == ["m-1"]


def test_a_meter_without_readings_is_shown_as_never_reported(give: Callable[..., None]) -> None:
    give_meter(give, [])
    assert "has never reported" in texts(page("meter", meter="m-1"))


def test_a_question_runs_with_its_parameters_and_shows_its_sql(give: Callable[..., None]) -> None:
    columns = (Column("percent", "bigint"), Column("kw", "decimal"))
    give(answer=Answer(columns, [(1, Decimal("5.5")), (2, Decimal("4"))], 2_000_000, 0.4), zone="UTC")
    app = page("analytics", question="load_duration")
    app.date_input(key="load_duration.first_day").set_value(date(2026, 11, 1))
    app.button[0].click().run()
    assert not app.exception
    assert "2 rows · 2.00 MB scanned · 0.4 s" in texts(app)
    assert "DATE '2026-11-01'" in app.code[0].value
    assert app.dataframe[0].value["kW"].tolist() == [5.5, 4.0]


def test_a_running_question_says_how_far_it_is_and_can_be_cancelled(
    give: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    give(zone="UTC")
    far, cancelled = Progress("RUNNING", "40% done", 12_000_000, 3.2), []

    def running(_: str, watch: Callable[[Progress], object]) -> Answer:
        watch(far)
        st.stop()  # what is on the page while the query runs

    monkeypatch.setattr("dashboard.questions.question_data.answer", running)
    monkeypatch.setattr("dashboard.questions.question_data.cancel", cancelled.append)
    app = page("analytics", question="load_duration", first_day="2026-11-01", last_day="2026-11-10")
    assert "Running for 3 s · 40% done · 12.0 MB scanned so far" in texts(app)

    app.button(key="cancel").click().run()
    assert cancelled == [app.code[0].value]
    assert address_of(app) == {"question": "load_duration"}
    assert "press Run" in texts(app)
    assert app.date_input(key="load_duration.first_day").value == date(2026, 11, 1)


def test_the_address_has_the_question_and_the_parameters_that_it_was_run_with(give: Callable[..., None]) -> None:
    give(answer=Answer((Column("percent", "bigint"), Column("kw", "decimal")), [], 0, 0.4), zone="UTC")
    app = page("analytics", question="load_duration")
    assert "press Run" in texts(app)
    app.date_input(key="load_duration.first_day").set_value(date(2026, 11, 1))
    app.button[0].click().run()
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    address = address_of(app)
    assert address == {"question": "load_duration", "first_day": "2026-11-01", "last_day": today}

    again = page("analytics", **address)
    assert "press Run" not in texts(again)
    assert "No readings have arrived for these days." in texts(again)
    assert again.date_input(key="load_duration.first_day").value == date(2026, 11, 1)
    again.selectbox(key="question").set_value("bill").run()
    assert address_of(again) == {"question": "bill"}
    assert "press Run" in texts(again)


def test_an_address_whose_value_no_parameter_allows_says_what_was_expected(give: Callable[..., None]) -> None:
    give(zone="America/Los_Angeles")
    app = page("analytics", question="senders_of_readings", meter="no meter", day="2026-11-24")
    assert "give a meter's id" in texts(app)


def test_times_are_the_utility_s_with_their_zone_and_utc_on_request(give: Callable[..., None]) -> None:
    columns = tuple(Column(name, "varchar") for name in ("meter_id", "feeder", "last_end"))
    give(answer=Answer(columns, [("m-1", "F1", datetime(2026, 11, 24, 20))], 0, 0.4), zone="America/Los_Angeles")
    address = {"question": "silent_meters", "at": "now", "margin": "2"}
    assert page("analytics", **address).dataframe[0].value["Last end"].tolist() == ["2026-11-24 12:00:00 PST"]
    utc = page("analytics", **address, times="UTC")
    assert utc.dataframe[0].value["Last end"].tolist() == ["2026-11-24 20:00:00 UTC"]


def test_a_whole_number_stays_one_in_the_address(give: Callable[..., None]) -> None:
    give(answer=Answer((Column("meter_id", "varchar"),), [], 0, 0.4), zone="UTC")
    app = page("analytics", question="silent_meters")
    app.number_input(key="silent_meters.margin").set_value(3)
    app.button[0].click().run()
    assert address_of(app) == {"question": "silent_meters", "at": ANY, "margin": "3"}
    assert "No meters are silent" in texts(app)


def test_now_is_the_time_of_the_click_in_the_address(give: Callable[..., None]) -> None:
    give(answer=Answer((Column("meter_id", "varchar"),), [], 0, 0.4), zone="UTC")
    app = page("analytics", question="silent_meters")
    assert app.text_input(key="silent_meters.at").value == "now"
    begun = datetime.now(UTC).replace(second=0, microsecond=0)
    app.button[0].click().run()
    linked = address_of(app)["at"]
    assert begun <= datetime.fromisoformat(linked) <= datetime.now(UTC)
    again = page("analytics", **address_of(app))
    assert again.text_input(key="silent_meters.at").value == linked
    assert f"TIMESTAMP '{linked.removesuffix('Z').replace('T', ' ')}:00'" in again.code[0].value


def test_an_invalid_parameter_says_what_was_expected(give: Callable[..., None]) -> None:
    give(zone="UTC")
    app = page("analytics", question="senders_of_readings")
    app.text_input(key="senders_of_readings.meter").set_value("no meter")
    app.button[0].click().run()
    assert "give a meter's id" in texts(app)


def test_days_are_the_utility_s_named_in_their_column_and_utc_on_request(give: Callable[..., None]) -> None:
    columns = (Column("day", "date"), Column("complete", "double"))
    give(answer=Answer(columns, [(date(2026, 11, 24), 0.5)], 0, 0.4), zone="America/Los_Angeles")
    address = {"question": "completeness_by_day", "first_day": "2026-11-24", "last_day": "2026-11-24"}
    app = page("analytics", **address)
    assert "'America/Los_Angeles'" in app.code[0].value
    assert [*app.dataframe[0].value] == ["Day, America/Los_Angeles", "Complete"]
    assert [*page("analytics", **address, times="UTC").dataframe[0].value] == ["Day, UTC", "Complete"]


@pytest.mark.parametrize("name", ["bills", "meter"])
def test_an_unreachable_backend_is_reported_in_a_message(give: Callable[..., None], name: str) -> None:
    away = EndpointConnectionError(endpoint_url="http://127.0.0.1:1")
    give(bills_of_month=away, registry=away, meter=away)
    assert "The data cannot be reached" in texts(page(name))


def test_a_meter_with_an_unregistered_tariff_gets_a_message(give: Callable[..., None]) -> None:
    give_meter(give, measured())
    give(meter=METER._replace(tariff_id="gone"))
    assert "is not registered" in texts(page("meter", meter="m-1"))


def test_all_versions_of_a_bill_are_listed_and_a_replaced_one_is_marked(give: Callable[..., None]) -> None:
    first = msgspec.structs.replace(issued(measured()), status="final")
    second = reissue(first, msgspec.structs.replace(first, total_rounded=first.total_rounded + 1))
    give(tariffs=TARIFFS, bills_of_month=ROWS, versions=keyed(first, second))
    app = page("bills", bill="m-1", month=first.month)
    assert app.dataframe[3].value["Change"].tolist() == ["", "+$1.00"]
    app.selectbox(key=f"version_m-1_{first.month}").set_value(1).run()
    assert "Version 2 has replaced this version." in texts(app)
