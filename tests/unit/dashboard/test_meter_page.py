"""The Meter page's data and charts: hours, load curve, tariff periods, and the projected bill."""

from datetime import date, timedelta
from decimal import Decimal

import pandas as pd
import pytest

from dashboard.meter import meter_charts, meter_view, service_history
from electrocloud.aws.store.registry import ServiceHistory
from electrocloud.domain.local_time import BillingMonth
from electrocloud.domain.readings.meter_day import MeterDay
from electrocloud.domain.registry.records import Agreement, Installation, ServicePoint
from electrocloud.domain.tariffs.urdb import tariff_from_urdb
from tests.kits.billing_kit import document, instant, time_of_use
from tests.kits.examples import upload

ZONE = "Europe/Berlin"
NONE = pd.DataFrame([], columns=["start", "end", "kw"])


def day_of(day: date, wh: list[int], first: int = 0, revision: int = 0) -> MeterDay:
    found = MeterDay(day)
    found.merge(upload(day=day, wh=wh, first=first, revision=revision))
    return found


def test_hours_are_local_with_mean_power_and_completeness() -> None:
    hours = meter_view.hours([day_of(date(2026, 11, 24), [100, 200, 300, 400, 500])], ZONE)
    assert hours["day"].tolist() == ["2026-11-24"] * 2
    assert hours["hour"].tolist() == [1, 2]
    assert hours["kw"].tolist() == [1.0, 2.0]
    assert hours["complete"].tolist() == [1.0, 0.25]


def test_an_hour_of_received_energy_alone_has_no_row() -> None:
    day = MeterDay(date(2026, 11, 24))
    day.merge(upload(wh=[5, 6], direction="received"))
    assert meter_view.hours([day], ZONE).empty


def test_the_hour_repeated_when_clocks_go_back_has_two_rows() -> None:
    hours = meter_view.hours([day_of(date(2026, 10, 25), [100] * 8)], ZONE)
    assert hours["hour"].tolist() == [2, 2]


def test_completeness_is_the_share_of_time_that_was_read() -> None:
    days = [day_of(date(2026, 11, 24), [100] * 12)]
    start = instant("2026-11-24T00:00")
    assert meter_view.completeness(days, start, start + 86_400) == pytest.approx(12 / 96)


def test_the_curve_breaks_at_a_gap_and_keeps_revisions() -> None:
    day = day_of(date(2026, 11, 24), [100, 200])
    day.merge(upload(day=date(2026, 11, 24), wh=[300], first=4, revision=1))
    curve = meter_view.curve("m-1", [day], 0)
    assert curve["kw"].tolist() == [0.4, 0.8, pytest.approx(float("nan"), nan_ok=True), 1.2]
    assert curve["revision"].tolist() == [0, 0, 0, 1]
    assert (curve["end"] >= curve["start"]).all()


def test_periods_are_contiguous_and_named_with_their_rate() -> None:
    tariff = tariff_from_urdb(time_of_use(0.2, 0.35, timezone=ZONE))
    first, last = instant("2026-11-24T12:00", ZONE), instant("2026-11-25T12:00", ZONE)
    bands = meter_view.periods(tariff, first, last)
    assert bands["name"].tolist() == ["Off-peak, $0.2000/kWh", "Peak, $0.3500/kWh", "Off-peak, $0.2000/kWh"]
    assert bands["start"].tolist() == [first, *bands["end"].tolist()[:-1]]
    assert bands["end"].iloc[-1] == last


def test_the_chart_orders_periods_by_rate() -> None:
    tariff = tariff_from_urdb(time_of_use(0.35, 0.2, timezone=ZONE))
    bands = meter_view.periods(tariff, instant("2026-11-24T12:00", ZONE), instant("2026-11-25T12:00", ZONE))
    readings = meter_view.curve("m-1", [day_of(date(2026, 11, 24), [100] * 96)], 0)
    spec = meter_charts.curve(readings, NONE, bands, ZONE)
    names = spec["layer"][0]["encoding"]["color"]["scale"]["domain"]
    assert [name.rpartition("$")[2] for name in names] == ["0.2000/kWh", "0.3500/kWh"]


def test_a_projected_bill_assumes_that_the_rest_of_the_month_is_like_the_weeks_before() -> None:
    first = date(2026, 10, 1)
    days = [day_of(first + timedelta(days=number), [250] * 96) for number in range(45)]
    tariffs = [tariff_from_urdb(document(rate)) for rate in (0.1, 0.2)]
    present, other = meter_view.projected(tariffs, BillingMonth(2026, 11, "UTC"), days, "m-1")
    assert present.energy_kwh == 30 * 24
    assert present.status == "final"
    assert (present.total_rounded, other.total_rounded) == (Decimal("72.00"), Decimal("144.00"))


def test_missing_intervals_are_estimated_from_the_weeks_before() -> None:
    before = [day_of(date(2026, 11, 16) + timedelta(days=number), [100] * 96) for number in range(8)]
    today = day_of(date(2026, 11, 24), [500] * 4)
    today.merge(upload(day=date(2026, 11, 24), wh=[500] * 90, first=6))
    start = instant("2026-11-24T00:00")
    estimates = meter_view.estimated([*before, today], start, start + 96 * 900, "UTC")
    assert estimates.to_numpy().tolist() == [
        [start + 4 * 900, start + 5 * 900, 0.4],
        [start + 5 * 900, start + 6 * 900, 0.4],
    ]
    assert meter_view.estimated(before, start, start + 900, "UTC").empty


def test_corrected_and_estimated_readings_have_their_own_symbols() -> None:
    day = day_of(date(2026, 11, 24), [100, 200])
    bands = meter_view.periods(
        tariff_from_urdb(document(0.1)), instant("2026-11-24T00:00"), instant("2026-11-24T01:00")
    )
    assert len(meter_charts.curve(meter_view.curve("m-1", [day], 0), NONE, bands, ZONE)["layer"]) == 2
    day.merge(upload(day=date(2026, 11, 24), wh=[300], first=1, revision=1))
    start = instant("2026-11-24T00:30")
    estimates = pd.DataFrame([(start, start + 900, 0.5)], columns=["start", "end", "kw"])
    *_, marks = meter_charts.curve(meter_view.curve("m-1", [day], 0), estimates, bands, ZONE)["layer"]
    assert [(row["what"], row["kw"]) for row in marks["data"]["values"]] == [("corrected", 1.2), ("estimated", 0.5)]
    assert len(set(marks["encoding"]["shape"]["scale"]["range"])) == 2


def test_export_is_drawn_below_zero() -> None:
    day = day_of(date(2026, 11, 24), [100, 200])
    bands = meter_view.periods(
        tariff_from_urdb(document(0.1)), instant("2026-11-24T00:00"), instant("2026-11-24T01:00")
    )
    curve = meter_view.curve("m-1", [day], 0)
    exported = curve.assign(kw=[0.0, 0.8])
    _, use, export = meter_charts.curve(curve, NONE, bands, ZONE, exported)["layer"]
    assert [row["kw"] for row in use["data"]["values"]][:2] == [0.4, 0.8]
    assert [row["kw"] for row in export["data"]["values"]][:2] == [0.0, -0.8]
    assert "export below 0" in export["encoding"]["y"]["axis"]["title"]
    assert export["data"]["values"][1]["shown"] == "800 W"


def test_the_service_history_has_meters_and_agreements_in_order_of_local_days() -> None:
    point = ServicePoint(
        service_point_id="SP-1", address="", latitude=0, longitude=0, feeder="", customer_class="", time_zone=ZONE
    )
    exchanged = int(instant("2026-07-11T10:30", ZONE))
    started = int(instant("2026-01-01T00:00", ZONE))
    meters = (
        Installation(meter_id="M-1", service_point_id="SP-1", start=started, end=exchanged),
        Installation(meter_id="M-2", service_point_id="SP-1", start=exchanged),
    )
    terms = {"account_id": "A-1", "service_point_id": "SP-1", "tariff_id": "flat"}
    agreement = Agreement(agreement_id="AG-1", first=date(2026, 2, 1), end=date(2026, 6, 1), **terms)
    table = service_history.table([ServiceHistory(point, meters, (agreement,))])
    assert table["ID"].tolist() == ["M-1", "AG-1", "M-2"]
    assert table["From"].tolist() == ["2026-01-01", "2026-02-01", "2026-07-11"]
    assert table["To"].tolist() == ["2026-07-11", "2026-06-01", ""]
