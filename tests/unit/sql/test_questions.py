"""Each question of sql/, on readings whose answer is plain."""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from statistics import mean

import msgspec
import pytest
import sqlglot
from sqlglot import exp

from analytics.questions import FOLDER, find, questions
from analytics.template import ROOT
from analytics.voltage_limits import limits_of
from electrocloud.aws.store.bill_outbox import IssuedBill
from electrocloud.domain.billing.bill import bills, reissue, without_charges
from electrocloud.domain.billing.issuing import issue
from electrocloud.domain.billing.service import BillKey
from electrocloud.domain.meter import SILENCE_MARGIN_S
from electrocloud.domain.registry.records import Installation, Registry, ServicePoint
from electrocloud.domain.tariffs.urdb import tariff_from_urdb
from electrocloud.domain.weather import Temperature
from forecasting.fleet_loads import read_days
from tests.kits.billing_kit import document, load
from tests.kits.registry_kit import AGREEMENT, METER, registry
from tests.kits.sql_kit import NOW, Lake, TableRow, meter, partitioned_lake, reading, readings_of, translated

BERLIN = "Europe/Berlin"
NOVEMBER = datetime(2026, 11, 1, tzinfo=UTC)


def hours(meter_id: str, start: str, wh: list[int], zone: str = "UTC") -> list[TableRow]:
    return readings_of(meter_id, load(start, wh, 3600, zone))


def days_read(sql: str, folder: Path) -> set[int]:
    """Of how many days, of 450, the files are read in each place of a query's plan."""
    first = (NOVEMBER - timedelta(days=400)).date()
    lake = partitioned_lake(folder, [first + timedelta(days=number) for number in range(450)])
    plan = lake.execute(f"EXPLAIN {translated(sql)}").fetchall()[0][1]
    return {int(files) for files in re.findall(r"Scanning Files:\s*(\d+)/450", plan)}


@pytest.mark.parametrize("path", sorted(FOLDER.rglob("*.sql")), ids=lambda path: path.stem)
def test_every_quotient_states_its_type_because_the_engines_differ(path: Path):
    tree = sqlglot.parse_one(re.sub(r"\{\w+\}", "DATE '2026-11-01'", path.read_text()), read="athena")

    for quotient in tree.find_all(exp.Div):
        dividend, divisor = quotient.this, quotient.expression.sql()
        while isinstance(dividend, exp.Div):
            dividend = dividend.this
        without_remainder = dividend.sql() == "3600" and divisor.endswith("interval_s")
        assert isinstance(dividend, exp.Cast) or re.fullmatch(r"\d+e\d", divisor) or without_remainder, quotient.sql()


@pytest.mark.parametrize("name", questions())
def test_a_question_says_how_its_numbers_and_times_are_shown_and_what_no_rows_mean(name: str):
    question, lake = questions()[name], Lake([], [])
    described = lake.duckdb.execute(f"DESCRIBE {translated(question.render({}, NOW))}").fetchall()
    kinds = {row[0]: str(row[1]) for row in described}

    unclear = {column for column, kind in kinds.items() if kind.startswith(("DECIMAL", "DOUBLE", "TIMESTAMP", "FLOAT"))}
    assert unclear | ({"dt"} & kinds.keys()) <= question.formats.keys() <= kinds.keys()
    assert not question.empty.startswith("No rows answer")


@pytest.mark.parametrize("name", questions())
def test_a_question_reads_only_the_days_it_needs(name: str, tmp_path: Path):
    scans = days_read(questions()[name].render({}, NOW), tmp_path)
    assert scans or name in ("quarantined_by_reason", "access_log", "weather_forecast_errors")
    # A billing cycle ends up to four weeks after its month, and its bills may be issued on any day since it began.
    most = {
        "bill": 61,
        "bills_of_month": 85,
        "estimated_readings": 85,
        "readings_by_quality": 63,
        "revenue_by_tariff": 85,
    }.get(name, 45)
    assert all(files <= most for files in scans), scans


def test_the_power_of_a_day_and_of_the_one_a_week_before_reads_only_their_days(tmp_path: Path):
    assert days_read(find(str(ROOT / "dashboard/queries/fleet_power.sql")).render({}, NOW), tmp_path) == {2}


def test_the_hourly_loads_of_some_days_read_only_these(tmp_path: Path):
    asked: list[str] = []
    read_days(lambda sql: asked.append(sql) or [], [NOVEMBER.date() + timedelta(days=number) for number in range(3)])
    assert days_read(asked[0], tmp_path) == {3}


def test_monthly_consumption_is_that_of_the_meters_own_month():
    wh = [1000] * (24 * 30 + 2)  # an hour before November in Berlin, all of it, and an hour after
    lake = Lake(hours("m", "2026-10-31T23:00", wh, BERLIN), [meter("m", timezone=BERLIN)])

    (row,) = lake.ask("monthly_consumption", month="2026-11")

    assert row == {
        "meter_id": "m",
        "class": "home",
        "tariff_id": "t",
        "timezone": BERLIN,
        "kwh": 720,
        "peak_kw": 1,
        "readings": 720,
        "complete": 1.0,
    }


def test_a_month_in_which_the_clock_goes_back_is_complete_with_an_hour_more():
    lake = Lake(hours("m", "2026-10-01T00:00", [10] * (24 * 31 + 1), BERLIN), [meter("m", timezone=BERLIN)])

    (row,) = lake.ask("monthly_consumption", month="2026-10")

    assert (row["readings"], row["complete"]) == (745, 1.0)


def test_the_hour_that_the_clock_shows_twice_is_two_hours_and_no_peak():
    wh = [600] * 72
    wh[40] = 1000
    lake = Lake(hours("m", "2026-10-24T00:00", wh, BERLIN), [meter("m", timezone=BERLIN)])

    (row,) = lake.ask("peak_hour_by_meter", month="2026-10")

    assert (row["peak_hour"], row["peak_kwh"]) == (datetime(2026, 10, 25, 15), 1)
    assert row["usual_hour_of_day"] == 15


def test_of_equal_hours_the_first_is_the_peak():
    lake = Lake(hours("m", "2026-11-01T00:00", [1, 5, 2, 5, 5]), [meter("m")])

    assert lake.ask("peak_hour_by_meter", month="2026-11")[0]["peak_hour"] == datetime(2026, 11, 1, 1)
    (day,) = lake.ask("peak_hour_of_fleet", first_day="2026-11-01", last_day="2026-11-01")
    assert day["peak_hour"] == datetime(2026, 11, 1, 1)


def test_the_fleets_days_are_those_of_the_zone_that_was_asked_for():
    lake = Lake([*hours("a", "2026-11-01T00:00", [1000] * 48), *hours("b", "2026-11-01T20:00", [3000] * 4)])

    days = lake.ask("peak_hour_of_fleet", first_day="2026-11-01", last_day="2026-11-02", zone="Asia/Tokyo")

    assert [(day["day"], day["peak_hour"], day["peak_kw"], day["meters"]) for day in days] == [
        (date(2026, 11, 1), datetime(2026, 11, 1, 9), 1, 1),
        (date(2026, 11, 2), datetime(2026, 11, 2, 5), 4, 2),
    ]
    assert days[1]["load_factor"] == pytest.approx(36 / 24 / 4)


def test_the_trend_lists_each_hour_with_its_past_and_keeps_hours_without_load():
    wh = [(number * 37) % 101 + 1 for number in range(24 * 40)]
    rows = hours("m", "2026-10-01T00:00", wh)
    del rows[24 * 35]
    trend = Lake(rows).ask("load_trend", first_day="2026-11-05", last_day="2026-11-09")

    assert len(trend) == 24 * 5
    assert (trend[0]["hour"], trend[0]["kwh"], trend[0]["meters"]) == (datetime(2026, 11, 5), None, None)
    for number, row in enumerate(trend[1:], 24 * 35 + 1):
        assert row["kwh"] == Decimal(wh[number]) / 1000
        assert row["week_before_kwh"] == Decimal(wh[number - 168]) / 1000
        before = [wh[number - 24 * days] for days in range(1, 29) if number - 24 * days != 24 * 35]
        assert row["four_weeks_mean_kwh"] == pytest.approx(mean(before) / 1000)
    assert trend[24]["day_before_kwh"] is None


def test_silent_meters_are_those_whose_last_reading_is_too_long_ago():
    ends = {"talks": 2, "was set anew": 25, "fell silent": 30, "long gone": 24 * 30}
    rows = [reading(name, NOW - timedelta(hours=hours, minutes=15), 1) for name, hours in ends.items()]
    lake = Lake(rows, [meter(name) for name in (*ends, "never came")])

    silent = lake.ask("silent_meters")

    assert [(row["meter_id"], row["silent_hours"]) for row in silent] == [
        ("long gone", None),
        ("never came", None),
        ("fell silent", 30.0),
    ]


def test_silence_follows_the_service_points_rhythm_and_ends_with_the_installation():
    point = {"address": "", "latitude": 0.0, "longitude": 0.0, "feeder": "F", "customer_class": "home"}
    point |= {"time_zone": "UTC"}
    points = [
        ServicePoint(**point, service_point_id="hourly", upload_every_s=3600),
        ServicePoint(**point, service_point_id="daily"),
    ]
    begun, exchanged = NOW - timedelta(days=30), NOW - timedelta(days=3)
    installations = [
        Installation(meter_id="every hour", service_point_id="hourly", start=int(begun.timestamp())),
        Installation(meter_id="every day", service_point_id="daily", start=int(exchanged.timestamp())),
        Installation(
            meter_id="removed", service_point_id="daily", start=int(begun.timestamp()), end=int(exchanged.timestamp())
        ),
    ]
    known = Registry({}, {one.key: one for one in points}, {one.key: one for one in installations}, {}, {})
    rows = [reading(one.meter_id, NOW - timedelta(hours=4, minutes=15), 1) for one in installations]

    assert [row["meter_id"] for row in Lake(rows, registry=known).ask("silent_meters")] == ["every hour"]
    assert Lake(rows, registry=known).ask("silent_meters", margin="3") == []


def test_the_margin_is_the_one_of_the_live_page():
    (margin,) = (one.default for one in find("silent_meters").parameters if one.name == "margin")
    assert int(margin) * 3600 == SILENCE_MARGIN_S


def test_completeness_counts_the_day_of_every_registered_meter():
    rows = [*hours("a", "2026-11-01T00:00", [1] * 24), *readings_of("b", load("2026-11-01T00:00", [1] * 48, 900))]
    lake = Lake([*rows, rows[0]], [meter(name) for name in "abcd"])

    (day,) = lake.ask("completeness_by_day", first_day="2026-11-01", last_day="2026-11-01")

    assert day == {
        "day": date(2026, 11, 1),
        "registered_meters": 4,
        "reporting_meters": 2,
        "complete_meters": 1,
        "readings": 72,
        "complete": pytest.approx(1.5 / 4),
    }


def test_a_feeders_share_of_the_common_peak_and_its_own_peak_are_told_apart():
    rows = [*hours("a", "2026-11-01T00:00", [1000, 4000, 1000]), *hours("b", "2026-11-01T00:00", [6000, 2000, 1000])]
    lake = Lake(rows, [meter("a", feeder="north"), meter("b", feeder="south")])

    south, north = lake.ask("coincident_peak", first_day="2026-11-01", last_day="2026-11-01")

    assert (south["feeder"], south["coincidence_factor"], south["share"]) == ("south", 1.0, pytest.approx(6 / 7))
    assert (north["own_peak_hour"], north["own_peak_kw"]) == (datetime(2026, 11, 1, 1), 4)
    assert (north["fleet_peak_hour"], north["at_fleet_peak_kw"]) == (datetime(2026, 11, 1), 1)
    assert north["coincidence_factor"] == 0.25


def test_the_load_duration_curve_falls_from_the_peak_to_the_least():
    wh = list(range(200, 0, -1))
    curve = Lake(hours("m", "2026-11-01T00:00", wh[::-1])).ask(
        "load_duration", first_day="2026-11-01", last_day="2026-11-30"
    )

    assert [row["percent"] for row in curve] == list(range(1, 101))
    assert [row["kw"] for row in curve] == [Decimal(199 - 2 * step) / 1000 for step in range(100)]


def test_consumption_by_class_and_tariff_adds_up_to_the_whole():
    meters = [meter("a", "flat", kind="apartment"), meter("b", "flat", kind="flat"), meter("c", "demand", kind="shop")]
    rows = [
        row
        for name, wh in (("a", 1000), ("b", 2000), ("c", 6000), ("x", 1000))
        for row in hours(name, "2026-11-03T00:00", [wh])
    ]

    found = Lake(rows, meters).ask("consumption_by_class", month="2026-11")

    assert [(row["class"], row["tariff_id"], row["meters"], row["kwh"], row["share"]) for row in found] == [
        ("shop", "demand", 1, 6, 0.6),
        ("apartment", "flat", 2, 3, 0.3),
        ("unknown", "unknown", 1, 1, 0.1),
    ]
    assert found[1]["kwh_per_meter"] == 1.5


def test_voltage_out_of_band_names_the_meters_and_how_often():
    volts = {"good": [230.0] * 20, "low": [230.0] * 19 + [206.9], "high": [253.1] * 2 + [253.0] * 2}
    rows = [
        reading(name, NOVEMBER + timedelta(minutes=15 * number), 1, voltage_v=volt)
        for name, measured in volts.items()
        for number, volt in enumerate(measured)
    ]

    found = Lake(rows, [meter("low")]).ask("voltage_out_of_band", first_day="2026-11-01", last_day="2026-11-01")

    assert [(row["meter_id"], row["feeder"], row["below"], row["above"], row["meets_95_percent"]) for row in found] == [
        ("high", None, 0, 2, False),
        ("low", "F1", 1, 0, True),
    ]


@pytest.mark.parametrize("zone", ["America/New_York", "US/Pacific", "Canada/Eastern", "Europe/Berlin", "UTC", None])
@pytest.mark.parametrize("usual_v", [119.0, 163.0, 165.0, 207.0, 223.0, 225.0, 241.0, 314.0, 316.0, 398.0])
def test_the_voltage_band_is_the_one_that_the_meter_page_draws(zone: str | None, usual_v: float):
    limits = limits_of(zone or "", usual_v)
    low, high = limits.range_v
    volts = [usual_v] * 5 + [low - 0.1, low + 0.1, high - 0.1, high + 0.1]
    rows = [reading("m", NOVEMBER + timedelta(minutes=15 * n), 1, voltage_v=volt) for n, volt in enumerate(volts)]

    (found,) = Lake(rows, [meter("m", timezone=zone)] if zone else []).ask(
        "voltage_out_of_band", first_day="2026-11-01", last_day="2026-11-01"
    )

    assert (found["standard"], found["nominal_v"]) == (limits.standard, limits.nominal_v)
    inside = [low <= volt <= high for volt in volts]
    assert found["readings"] - found["below"] - found["above"] == sum(inside)


def test_delay_is_from_the_end_of_the_interval_and_copies_are_counted():
    rows = [
        reading("m", NOVEMBER + timedelta(minutes=15 * n), 1, ingested_at=datetime(2026, 11, 1, 3)) for n in range(4)
    ]

    (day,) = Lake([*rows, rows[0], rows[1] | {"revision": 1}]).ask(
        "delay_by_day", first_day="2026-11-01", last_day="2026-11-01"
    )

    assert (day["readings"], day["superseded"], day["max_min"]) == (6, 2, 165)


def test_rejected_uploads_are_counted_by_day_and_reason():
    lake = Lake()
    lake.duckdb.unregister("quarantine")
    lake.duckdb.execute(
        "CREATE TABLE quarantine AS SELECT * FROM (VALUES "
        "('misaligned', 'first', 'k1', '2026-11-01 08:00:00', '2026-11-01', '1', 0, 'e30='),"
        "('misaligned', 'first', 'k1', '2026-11-01 08:00:00', '2026-11-01', '1', 0, 'e30='),"  # delivered twice
        "('misaligned', 'last', 'k1', '2026-11-01 09:00:00', '2026-11-01', '1', 1, 'e30='),"
        "('not-json', 'other', 'k2', '2026-11-02 08:00:00', '2026-11-02', '2', NULL, 'e30='),"
        "('not-json', 'other', 'k2', '2026-11-02 08:00:00', '2026-11-02', '2', NULL, 'fQ==')"
        ") AS t(reason, message, partition_key, arrived_at, dt, sequence_number, position, payload)"
    )

    found = lake.ask("quarantined_by_reason", first_day="2026-11-01", last_day="2026-11-02")

    assert [(row["day"], row["reason"], row["uploads"], row["senders"], row["last_message"]) for row in found] == [
        (date(2026, 11, 2), "not-json", 2, 1, "other"),
        (date(2026, 11, 1), "misaligned", 2, 1, "last"),
    ]


def test_weather_forecasts_are_compared_with_what_was_observed_by_the_days_ahead() -> None:
    hour = int(datetime(2026, 11, 2, 1, 0, tzinfo=UTC).timestamp())
    observed = [Temperature("S", hour, 10.0), Temperature("S", hour + 3600, 10.0), Temperature("T", hour, 0.0)]
    issued = hour - 3600
    forecasts = [
        Temperature("S", hour, 12.0, issued),
        Temperature("S", hour + 3600, 9.0, issued),
        Temperature("S", hour, 7.0, issued - 86_400),
        Temperature("S", hour + 7200, 30.0, issued),  # nothing was observed there
    ]

    found = Lake(weather=[*observed, *forecasts]).ask(
        "weather_forecast_errors", first_day="2026-11-01", last_day="2026-11-02"
    )

    assert [tuple(row.values()) for row in found] == [("S", 0, 2, 0.5, 1.5), ("S", 1, 1, -3.0, 3.0)]
    assert Lake(weather=[*observed, *forecasts]).ask("weather_forecast_errors", first_day="2026-11-03") == []


def test_a_day_of_a_station_is_as_warm_as_the_mean_of_its_observed_hours_on_the_local_clock() -> None:
    midnight = int(datetime(2026, 11, 1, 23, 0, tzinfo=UTC).timestamp())  # in Berlin
    observed = [Temperature("S", midnight - 3600, 1.0), *(Temperature("S", midnight + 3600 * n, n) for n in range(24))]
    others = [Temperature("S", midnight + 86_400, 50.0, midnight), Temperature("T", midnight, 40.0)]

    found = Lake(weather=[*observed, *others]).ask(
        str(FOLDER.parent / "dashboard/queries/daily_temperatures.sql"), station="S", zone=BERLIN
    )

    assert [tuple(row.values()) for row in found] == [(date(2026, 11, 1), 1.0, 1), (date(2026, 11, 2), 11.5, 24)]


def test_the_access_log_of_a_customer_has_what_was_read_of_the_account_its_agreements_and_meters_and_of_all():
    def entry(user: str, hour: int, **subject: str) -> TableRow:
        at = f"2026-11-02 {hour:02}:00:00.000"
        nobody = dict.fromkeys(("account_id", "agreement_id", "meter_id", "detail"), "")
        row = {"accessed_at": at, "user_name": user, "roles": "clerk", "action": "view", "data_kind": "bills"}
        return row | nobody | {"dt": at[:10]} | subject

    log = [
        entry("ann", 1, account_id=AGREEMENT.account_id),
        entry("ben", 2, agreement_id=AGREEMENT.agreement_id),
        entry("cem", 3, meter_id=METER.meter_id),
        entry("dea", 4, detail="2026-11"),
        entry("eve", 5, account_id="other"),
        entry("fay", 6, meter_id="other"),
        entry("gus", 7, account_id=AGREEMENT.account_id, dt="2026-10-31", accessed_at="2026-10-31 07:00:00.000"),
    ]
    lake = Lake(registry=registry(), access_log=log)

    def users(customer: str) -> list[str]:
        found = lake.ask("access_log", first_day="2026-11-01", last_day="2026-11-02", customer=customer)
        return [row["user_name"] for row in found]

    assert users("all") == ["fay", "eve", "dea", "cem", "ben", "ann"]
    assert users(AGREEMENT.account_id) == ["dea", "cem", "ben", "ann"]
    assert users(METER.meter_id) == ["dea", "cem"]
    assert users("nobody") == ["dea"]


def test_consumption_at_a_vacant_premise_is_that_of_local_days_without_an_agreement():
    ended = msgspec.structs.replace(AGREEMENT, end=date(2026, 11, 3))
    again = msgspec.structs.replace(AGREEMENT, agreement_id="AG-2", first=date(2026, 11, 5))
    removed = msgspec.structs.replace(METER, end=int(datetime(2026, 11, 20, tzinfo=UTC).timestamp()))
    wh = [1000] * 24 * 7  # from local midnight on 1 November: 48 of them lie between the agreements
    readings = [*hours("M-1", "2026-11-01T00:00", wh, "America/Phoenix"), *hours("M-9", "2026-11-03T00:00", wh)]
    lake = Lake(readings, registry=registry(ended, again, removed))

    (row,) = lake.ask("consumption_at_vacant_premises", first_day="2026-11-01", last_day="2026-11-30")

    assert (row["service_point_id"], row["meter_id"], row["days"]) == ("SP-1", "M-1", 2)
    assert (row["first_day"], row["last_day"], float(row["kwh"])) == (date(2026, 11, 3), date(2026, 11, 4), 48.0)


def issued_bills() -> list[IssuedBill]:
    """Two October bills of a tariff: one in two versions, one that was withdrawn."""
    tariff = tariff_from_urdb(document(0.5, fixedchargefirstmeter=2))
    first, second = (
        issue(
            msgspec.structs.replace(bills(tariff, load("2026-10-01T00:00", [wh]))[0], status="final"), date(2026, 11, 3)
        )
        for wh in (1_000, 3_000)
    )
    kept, gone = BillKey("A-1", "2026-10"), BillKey("A-2", "2026-10")
    return [
        IssuedBill(kept, first),
        IssuedBill(kept, reissue(first, second)),
        IssuedBill(kept, reissue(first, second)),
        IssuedBill(gone, first),
        IssuedBill(gone, reissue(first, without_charges(first))),
    ]


def test_the_bills_of_a_month_are_those_that_count_now():
    rows = Lake(issued=issued_bills()).ask("bills_of_month", month="2026-10")

    assert [(row["agreement_id"], row["version"], row["amount_due"], row["adjustment"]) for row in rows] == [
        ("A-1", 2, Decimal("3.50"), Decimal("1.00")),
        ("A-2", 2, Decimal("0.00"), Decimal("-2.50")),
    ]


def test_revenue_has_no_replaced_and_no_withdrawn_bill():
    rows = Lake(issued=issued_bills()).ask("revenue_by_tariff", month="2026-10")

    assert [(row["charge"], row["bills"], row["energy_kwh"], row["amount"]) for row in rows] == [
        ("energy", 1, Decimal(3), Decimal("1.50")),
        ("fixed", 1, None, Decimal("2.00")),
        ("total", 1, Decimal(3), Decimal("3.50")),
    ]


def test_estimated_readings_are_counted_by_month_and_reason_once_each():
    counts = [msgspec.structs.replace(one.bill.intervals, estimated=estimated) for one, estimated in zip(
        issued_bills(), (9, 7, 7, 5, 0), strict=True)]  # fmt: skip
    issued = [
        one._replace(bill=msgspec.structs.replace(one.bill, meter_id="M-1", intervals=own))
        for one, own in zip(issued_bills(), counts, strict=True)
    ]
    readings = [
        reading(meter_id, NOVEMBER + timedelta(hours=hour), 100, 3600, quality=quality)
        for meter_id, hour, quality in (
            ("M-2", 1, "estimated"), ("M-3", 1, "estimated"), ("M-2", 2, "substituted"), ("M-2", 3, "measured"),
        )
    ]  # fmt: skip
    rows = Lake(readings, issued=issued).ask("estimated_readings", first_month="2026-10", last_month="2026-11")

    assert [(row["month"], row["reason"], row["meters"], row["readings"]) for row in rows] == [
        ("2026-11", "estimated by the sender", 2, 2),
        ("2026-11", "substituted by the sender", 1, 1),
        ("2026-10", "missing, estimated by billing", 1, 7),
    ]


@pytest.mark.parametrize(
    ("zone", "before", "at"),
    [
        ("Pacific/Auckland", "2026-11-14T10:45:00", "2026-11-14T11:00:00"),  # 13 hours ahead of UTC
        ("America/Los_Angeles", "2026-11-15T07:45:00", "2026-11-15T08:00:00"),  # 8 hours behind
        ("Asia/Kathmandu", "2026-11-14T18:00:00", "2026-11-14T18:15:00"),  # 5:45 hours ahead
    ],
)
def test_a_day_begins_at_midnight_in_the_zone_that_was_asked_for(zone: str, before: str, at: str):
    day, first, second = (
        date(2026, 11, 15),
        *(datetime.fromisoformat(text).replace(tzinfo=UTC) for text in (before, at)),
    )
    late = {"ingested_at": second.replace(tzinfo=None) + timedelta(hours=1)}
    rows = [
        reading("m", first, 1, **late),
        reading("m", second, 2, **late),
        reading("m", second, 4, direction="received"),
    ]
    lake = Lake(rows, [meter("m")])
    days = {"first_day": "2026-11-14", "last_day": "2026-11-15", "zone": zone}
    one = days | {"first_day": "2026-11-15"}

    assert [(row["day"], row["readings"]) for row in lake.ask("completeness_by_day", **days)] == [
        (day - timedelta(days=1), 1),
        (day, 1),
    ]
    assert [row["median_min"] for row in lake.ask("delay_by_day", **one)] == [-15]
    assert [row["readings"] for row in lake.ask("unregistered_meters", **one)] == []
    assert [row["wh"] for row in lake.ask("senders_of_readings", meter="m", day="2026-11-15", zone=zone)] == [2, 4]
    if first.minute == 45:  # hours are of the day in which they begin
        assert [row["day"] for row in lake.ask("export_by_day", **days)] == [day]
        assert [row["day"] for row in lake.ask("export_by_feeder", **days)] == [day]
        assert [row["peak_kw"] for row in lake.ask("peak_hour_of_fleet", **one)] == [Decimal("0.002")]
        assert {row["kw"] for row in lake.ask("load_duration", **one)} == {Decimal("0.002")}
        assert lake.ask("coincident_peak", **one)[0]["own_peak_kw"] == Decimal("0.002")
        trend = lake.ask("load_trend", **one)
        assert (len(trend), trend[0]["hour"], trend[0]["kwh"]) == (24, second.replace(tzinfo=None), Decimal("0.002"))


@pytest.mark.parametrize(
    ("zone", "at"), [("Asia/Kathmandu", "2026-10-31T18:15:00"), ("America/New_York", "2026-11-01T04:00:00")]
)
def test_a_month_of_readings_begins_at_midnight_in_the_zone_that_was_asked_for(zone: str, at: str):
    second = datetime.fromisoformat(at).replace(tzinfo=UTC)
    first = second - timedelta(minutes=15)
    lake = Lake([reading("m", start, 1, quality="estimated") for start in (first, second)])
    months = {"first_month": "2026-10", "last_month": "2026-11", "zone": zone}

    for question in ("readings_by_quality", "estimated_readings"):
        assert sorted((row["month"], row["readings"]) for row in lake.ask(question, **months)) == [
            ("2026-10", 1),
            ("2026-11", 1),
        ]
        assert [row["month"] for row in lake.ask(question, **months | {"first_month": "2026-11"})] == ["2026-11"]


def test_a_day_on_which_the_clock_goes_back_is_complete_with_25_hours():
    rows = hours("m", "2026-10-25T00:00", [1] * 25, BERLIN)
    days = {"first_day": "2026-10-25", "last_day": "2026-10-25", "zone": BERLIN}

    assert Lake(rows, [meter("m")]).ask("completeness_by_day", **days)[0]["complete_meters"] == 1
    (row,) = Lake(rows[:24], [meter("m")]).ask("completeness_by_day", **days)
    assert (row["complete_meters"], row["complete"]) == (0, pytest.approx(24 / 25))


def test_rejected_uploads_are_counted_on_the_day_of_their_arrival_in_the_zone_that_was_asked_for():
    lake = Lake()
    lake.duckdb.unregister("quarantine")
    lake.duckdb.execute(
        "CREATE TABLE quarantine AS SELECT * FROM (VALUES "
        "('misaligned', 'm', 'k', '2026-11-02T07:59:59.999Z', '2026-11-02', '1', 0, 'e30='),"
        "('misaligned', 'm', 'k', '2026-11-02 08:00:00', '2026-11-02', '2', 0, 'e30=')"
        ") AS t(reason, message, partition_key, arrived_at, dt, sequence_number, position, payload)"
    )

    found = lake.ask("quarantined_by_reason", first_day="2026-11-01", last_day="2026-11-02", zone="America/Los_Angeles")

    assert [(row["day"], row["uploads"]) for row in found] == [(date(2026, 11, 2), 1), (date(2026, 11, 1), 1)]
