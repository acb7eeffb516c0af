"""The date options of `bill` and `compare`: what they refuse, compare and print."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from cli.main import app
from electrocloud.domain.readings.meter_day import Interval
from tests.integration.test_billing_command import tariff_file, usage_file
from tests.kits.billing_kit import document, load

MAY_TO_JULY = load("2026-05-20T00:00", [1_000] * 24 * 60)
FLAT = document(0.1, timezone="UTC", name="Flat", sector="Residential")


def run(folder: Path, *words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words], env={"COLUMNS": "160"})


def bill(folder: Path, readings: list[Interval], rate: Any, *options: str) -> Result:
    tariff, usage = tariff_file(folder, rate), usage_file(folder, readings)
    return run(folder, "bill", "--tariff", tariff, "--usage", usage, *options)


def compare(folder: Path, readings: list[Interval], rates: dict[str, Any], *options: str) -> Result:
    files = [tariff_file(folder, rate, name) for name, rate in rates.items()]
    return run(folder, "compare", "--usage", usage_file(folder, readings), *files, *options)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--zone", "Mars/Olympus"], "Mars/Olympus"),
        (["--service-from", "soon"], "--service-from soon is not a date"),
        (["--service-from", "2026-07-02", "--service-to", "2026-07-02"], "--service-to 2026-07-02 is not after"),
        (["--service-from", "2027-01-01"], "no reading in service"),
        (["--cycle-day", "29"], "--cycle-day 29"),
        (["--as-of", "noon"], "--as-of noon is not a time"),
        (["--spread", "odd"], "--spread odd is not known"),
    ],
)
def test_an_option_that_is_wrong_is_refused_in_one_sentence(tmp_path: Path, options: list[str], says: str):
    result = bill(tmp_path, load("2026-07-01T00:00", [1_000]), FLAT, *options)

    assert (result.exit_code, result.stdout) == (1, "")
    assert says in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_batch_refuses_what_a_bill_refuses(tmp_path: Path):
    usage = usage_file(tmp_path, load("2026-07-01T00:00", [1_000]))
    tariff, out = tariff_file(tmp_path, document(0.1)), tmp_path / "bills.csv"

    result = run(tmp_path, "bill", "batch", "--tariff", tariff, "--usage", usage, "--out", out)
    assert result.exit_code == 1
    assert "--zone Area/City" in result.stderr
    ended = tariff_file(tmp_path, {**FLAT, "enddate": "2026-06-30"}, "ended")
    result = run(tmp_path, "bill", "batch", "--tariff", ended, "--usage", usage, "--out", out)
    assert result.exit_code == 1
    assert "its prices hold to 2026-06-30" in result.stderr
    assert not out.exists()


def test_a_file_that_begins_within_a_month_is_told_of_the_option_for_service(tmp_path: Path):
    readings = load("2026-07-16T00:00", [1_000] * 24 * 16)

    shown = " ".join(bill(tmp_path, readings, FLAT).stdout.split())
    assert "Readings begin on 2026-07-16. If service began then, give --service-from 2026-07-16" in shown
    assert "Readings end on" not in shown
    shown = bill(tmp_path, readings, FLAT, "--service-from", "2026-07-16").stdout
    assert "Jul 16 to Jul 31, 2026 · Flat" in shown
    assert "Readings begin" not in shown


def test_a_zone_by_option_holds_over_the_tariffs(tmp_path: Path):
    readings = load("2026-07-01T07:00", [1_000] * 744)
    result = bill(tmp_path, readings, FLAT, "--zone", "America/Phoenix", "--json")

    (one,) = json.loads(result.stdout)
    assert (one["zone"], one["month"], one["status"]) == ("America/Phoenix", "2026-07", "final")


def test_only_whole_periods_are_compared_and_the_days_left_out_are_named(tmp_path: Path):
    rates = {"present": FLAT, "other": document(0.05, timezone="UTC", fixedchargefirstmeter=1)}

    ranked = json.loads(compare(tmp_path, MAY_TO_JULY, rates, "--json").stdout)
    assert [(offer["tariff"], offer["months"], offer["total"]) for offer in ranked] == [
        ("other", 1, "37.00"),
        ("Flat", 1, "72.00"),
    ]
    shown = compare(tmp_path, MAY_TO_JULY, rates).stdout
    assert "Left out, not in a complete billing period: 2026-05-20 to 2026-05-31, 2026-07-01 to 2026-07-18." in shown


def test_a_load_without_a_whole_period_is_compared_by_its_dates_of_service_alone(tmp_path: Path):
    readings = load("2026-07-05T00:00", [1_000] * 240)

    result = compare(tmp_path, readings, {"present": FLAT})
    assert result.exit_code == 1
    assert "its readings are from 2026-07-05 to 2026-07-14" in result.stderr
    options = ["--service-from", "2026-07-05", "--service-to", "2026-07-15"]
    (offer,) = json.loads(compare(tmp_path, readings, {"present": FLAT}, "--json", *options).stdout)
    assert offer["total"] == "24.00"


def test_tariffs_for_other_customers_are_shown_by_all_alone_and_marked(tmp_path: Path):
    rates = {
        "present": FLAT,
        "shop": document(0.01, timezone="UTC", sector="Commercial"),
        "large": document(0.02, timezone="UTC", peakkwcapacitymin=50),
        "small": document(0.03, timezone="UTC", peakkwhusagemax=100),
        "mine": document(0.04, timezone="UTC", peakkwcapacitymax=5, peakkwhusagemin=100),
    }

    ranked = json.loads(compare(tmp_path, MAY_TO_JULY, rates, "--json").stdout)
    assert [offer["tariff"] for offer in ranked] == ["mine", "Flat"]
    shown = compare(tmp_path, MAY_TO_JULY, rates).stdout
    assert "3 tariffs are not for this customer; use --all to show them." in shown
    assert "mine would save $43.20" in shown
    ranked = json.loads(compare(tmp_path, MAY_TO_JULY, rates, "--json", "--all").stdout)
    assert [(offer["tariff"], offer["suitable"], offer["why"]) for offer in ranked] == [
        ("shop", False, "for the sector Commercial, not Residential"),
        ("large", False, "from 50 kW on; the highest here is 1.0"),
        ("small", False, "up to 100 kWh a month; the highest here is 720.0"),
        ("mine", True, ""),
        ("Flat", True, ""),
    ]
    shown = compare(tmp_path, MAY_TO_JULY, rates, "--all").stdout
    assert "not suitable: for the sector Commercial" in shown
    assert "mine would save" in shown


def test_a_present_tariff_that_ended_is_refused_with_its_dates(tmp_path: Path):
    rates = {"old": {**FLAT, "name": "Old", "enddate": "2026-06-10"}, "new": FLAT}
    result = compare(tmp_path, MAY_TO_JULY, rates)

    assert result.exit_code == 1
    assert "Old has no price from 2026-06-11 to 2026-06-30: its prices hold to 2026-06-10" in result.stderr


def test_tariffs_of_different_currencies_are_not_compared(tmp_path: Path):
    result = compare(tmp_path, MAY_TO_JULY, {"a": FLAT, "b": {**FLAT, "currency": "EUR"}})

    assert result.exit_code == 1
    assert "different currencies" in result.stderr


@pytest.mark.parametrize(
    ("holidays", "says"),
    [({"country": "Atlantis"}, "'ATLANTIS' is not a known country"), ({"country": "US", "subdivision": "XX"}, "'XX'")],
)
def test_an_unknown_country_of_holidays_is_refused(tmp_path: Path, holidays: dict[str, str], says: str):
    result = bill(tmp_path, load("2026-07-01T00:00", [1_000]), {**FLAT, "holidays": holidays})

    assert result.exit_code == 1
    assert says in result.stderr
