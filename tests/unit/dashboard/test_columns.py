"""An answer's columns: money to the cent, rates in full, times in their zone, and files that are no formulas."""

from datetime import datetime
from decimal import Decimal

from analytics.questions import questions
from dashboard.questions import columns
from electrocloud.aws.athena import Answer, Column

BILL = questions()["bill"]
SILENT = questions()["silent_meters"]
LINES = Answer(
    tuple(Column(name, "decimal") for name in ("line", "rate", "amount_rounded", "tier")),
    [
        ("energy", Decimal("0.1095000000"), Decimal("43.80"), 1),
        ("energy", Decimal("0.2654300000"), Decimal("1234.50"), None),
    ],
    0,
    0.1,
)


def test_a_rate_is_shown_with_all_its_decimals_and_an_amount_to_the_cent() -> None:
    frame, config = columns.table(BILL, LINES, "UTC", 10)
    assert frame["Rate"].tolist() == [0.1095, 0.26543]
    formats = {name: one["type_config"]["format"] for name, one in config.items()}
    assert formats == {"Rate": "%,.5f", "Amount rounded": "%,.2f", "Tier": "localized"}


def test_shares_are_shown_in_percent_with_the_same_decimals_in_every_row() -> None:
    shares = [("m-1", Decimal("0.495")), ("m-2", Decimal("0.5274")), ("m-3", 1), ("m-4", None)]
    answer = Answer((Column("meter_id", "varchar"), Column("complete", "decimal")), shares, 0, 0.1)
    frame, config = columns.table(questions()["monthly_consumption"], answer, "UTC", 10)
    shown = config["Complete"]["type_config"]["format"]
    assert [shown % value for value in frame["Complete"].dropna()] == ["49.50%", "52.74%", "100.00%"]


def test_days_of_utc_say_so_in_their_title_and_instants_in_their_values() -> None:
    assert columns.title(questions()["delay_by_day"], "day", "Europe/Berlin") == "Day, Europe/Berlin"
    assert columns.title(questions()["access_log"], "accessed_at_utc", "UTC") == "Accessed at"
    assert columns.in_zone("2026-11-24 20:00:00", "America/Los_Angeles") == "2026-11-24 12:00:00 PST"
    assert columns.in_zone(None, "UTC") is None
    assert columns.in_zone("soon", "UTC") == "soon"


def test_a_file_has_exact_numbers_times_with_their_zone_and_no_formula() -> None:
    names = ("meter_id", "feeder", "lat", "last_end")
    row = ("m-1", "=1+1", 37.5, datetime(2026, 11, 24, 20))
    answer = Answer(tuple(Column(name, "varchar") for name in names), [row], 0, 0.1)
    assert columns.as_csv(SILENT, answer, "America/Los_Angeles").decode("utf-8-sig").splitlines() == [
        "Meter ID,Feeder,Lat,Last end",
        "m-1,'=1+1,37.5,2026-11-24 12:00:00 PST",
    ]
    assert b"0.1095000000,43.80" in columns.as_csv(BILL, LINES, "UTC")
