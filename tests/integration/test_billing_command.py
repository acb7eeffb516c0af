"""`electrocloud bill` and `electrocloud compare`, as their user runs them."""

import csv
import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from typer.testing import CliRunner, Result

import cli.files.rating
from cli.bill import show_history
from cli.choices import Output
from cli.main import app
from electrocloud.domain.billing.bill import Bill, bills, reissue
from electrocloud.domain.errors import UsageError
from electrocloud.domain.readings.meter_day import Interval
from electrocloud.domain.tariffs.urdb import tariff_from_urdb
from tests.kits.billing_kit import Rate, document, instant, load, time_of_use

TIERED = document(
    [{"rate": 0.1, "max": 500, "unit": "kWh"}, {"rate": 0.2, "unit": "kWh"}],
    name="Tiered [R]",
    fixedchargefirstmeter=0.5,
    fixedchargeunits="$/day",
    mincharge=20,
    timezone="UTC",
)
PEAK = time_of_use(0.05, 0.6, name="Peak", timezone="UTC")
FLAT = document(0.1, timezone="UTC")


def run(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words], env={"COLUMNS": "120"})


def printed(*words: object) -> Any:
    result = run(*words, "--json")
    assert (result.exit_code, result.stderr) == (0, "")
    return json.loads(result.stdout)


def tariff_file(folder: Path, rate: Rate, name: str = "t") -> Path:
    path = folder / f"{name}.json"
    path.write_text(json.dumps(rate))
    return path


def usage_file(folder: Path, readings: list[Interval], meter: str | None = None) -> Path:
    path = folder / "u.csv"
    lines = [f"{datetime.fromtimestamp(reading.start, UTC).isoformat()},{reading.wh}" for reading in readings]
    head, tail = ("meter_id,start,wh", f"{meter},") if meter else ("start,wh", "")
    path.write_text("\n".join([head, *(tail + line for line in lines)]) + "\n")
    return path


@pytest.fixture
def month(tmp_path: Path) -> Path:
    """A load of July 2026: 1 kWh an hour."""
    return usage_file(tmp_path, load("2026-07-01T00:00", [1_000] * 744))


def test_a_bill_in_json_has_every_amount_as_an_exact_decimal(tmp_path: Path, month: Path):
    (bill,) = printed("bill", "--tariff", tariff_file(tmp_path, TIERED), "--usage", month)

    amounts = ("month", "energy_kwh", "energy_charge", "demand_charge", "fixed_charge", "minimum_top_up", "total")
    assert [bill[name] for name in amounts] == [
        "2026-07",
        "744",
        "98.8",
        "0",
        "15.5",
        "0",
        "114.3",
    ]
    assert bill["total_rounded"] == "114.30"
    assert [line["amount_rounded"] for line in bill["lines"]] == ["50.00", "48.80", "15.50"]
    assert msgspec.convert(bill, Bill) == bills(tariff_from_urdb(TIERED), load("2026-07-01T00:00", [1_000] * 744))[0]


def test_a_tariffs_numbers_are_read_exactly_as_written(tmp_path: Path):
    path = tmp_path / "t.json"
    path.write_text(json.dumps(document(1, timezone="UTC")).replace('"rate": 1', '"rate": 0.1000000000000000000001'))
    usage = usage_file(tmp_path, load("2026-07-01T00:00", [1_000]))

    assert printed("bill", "--tariff", path, "--usage", usage)[0]["total"] == "0.1000000000000000000001"


def test_a_printed_bill_explains_each_amount(tmp_path: Path, month: Path):
    shown = run("bill", "--tariff", tariff_file(tmp_path, TIERED), "--usage", month).stdout

    for words in (
        "July 2026 · Tiered [R]",
        "Energy, the first 500 kWh",
        "Energy, above 500 kWh",
        "244.000 kWh",
        "$0.2000",
        "$48.80",
        "Service, $0.50 a day x 31 days",
        "Total for July 2026",
        "$114.30",
        "All 744 readings of the month have arrived.",
    ):
        assert words in shown


def test_a_file_over_several_months_gives_one_bill_per_month_and_a_total(tmp_path: Path):
    usage = usage_file(tmp_path, load("2026-06-30T00:00", [1_000] * 48))
    tariff = tariff_file(tmp_path, FLAT)

    assert [bill["month"] for bill in printed("bill", "--tariff", tariff, "--usage", usage)] == ["2026-06", "2026-07"]
    assert "$4.80" in run("bill", "--tariff", tariff, "--usage", usage).stdout


def test_gaps_are_counted_and_with_estimate_filled_from_the_weeks_before(tmp_path: Path):
    readings = load("2026-07-01T00:00", [1_000] * 744)
    usage = usage_file(tmp_path, [*readings[:500], *readings[510:]])
    tariff = tariff_file(tmp_path, FLAT)

    (bill,) = printed("bill", "--tariff", tariff, "--usage", usage)
    assert (bill["status"], bill["intervals"]["missing"], bill["energy_kwh"]) == ("provisional", 10, "734")
    (bill,) = printed("bill", "--tariff", tariff, "--usage", usage, "--estimate")
    assert (bill["status"], bill["intervals"]["estimated"], bill["energy_kwh"]) == ("final", 10, "744")
    assert bill["lines"][0]["estimated_share"] == "0.0134"
    assert "10 are estimated" in run("bill", "--tariff", tariff, "--usage", usage, "--estimate").stdout


def test_intervals_that_have_not_ended_are_not_due_and_not_estimated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(cli.files.rating, "time", SimpleNamespace(time=lambda: instant("2026-07-20T10:30")))
    usage = usage_file(tmp_path, load("2026-07-01T00:00", [1_000] * 24 * 15))

    (bill,) = printed("bill", "--tariff", tariff_file(tmp_path, FLAT), "--usage", usage, "--estimate")

    assert bill["status"] == "provisional"
    counts = bill["intervals"]
    assert (counts["expected"], counts["read"], counts["estimated"]) == (744, 360, 106)
    assert (counts["missing"], counts["not_yet_due"]) == (0, 278)


@pytest.mark.parametrize(
    ("rate", "says"),
    [
        ({**TIERED, "demandratchetpercentage": [50] * 12}, "t.json: demandratchetpercentage: changes"),
        ({**TIERED, "energyratestructure": [[{"rate": 1, "max": 5}]]}, "energyratestructure[0][0].max"),
    ],
)
def test_an_unsupported_tariff_is_rejected_in_one_line(tmp_path: Path, month: Path, rate: Rate, says: str):
    result = run("bill", "--tariff", tariff_file(tmp_path, rate), "--usage", month, "--json")

    assert (result.exit_code, result.stdout) == (1, "")
    assert says in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("text", ["", "{", "[]", '"x"'])
def test_a_file_that_is_not_a_tariff_is_rejected(tmp_path: Path, month: Path, text: str):
    path = tmp_path / "t.json"
    path.write_text(text)
    result = run("bill", "--tariff", path, "--usage", month)

    assert result.exit_code == 1
    assert str(path) in result.stderr


def test_a_bill_without_its_files_names_the_missing_options():
    result = run("bill")

    assert result.exit_code == 1
    assert "--tariff T.json and --usage U.csv" in result.stderr


def test_compare_ranks_tariffs_and_shows_the_savings(tmp_path: Path, month: Path):
    files = [tariff_file(tmp_path, rate, name) for name, rate in (("a", PEAK), ("b", FLAT), ("c", TIERED))]

    ranked = printed("compare", "--usage", month, *files)
    assert [(offer["tariff"], offer["total"], offer["saving"]) for offer in ranked] == [
        ("b", "74.40", "26.05"),
        ("Peak", "100.45", "0.00"),
        ("Tiered [R]", "114.30", "-13.85"),
    ]
    assert (ranked[1]["peak_energy_share"], ranked[1]["peak_bill_share"]) == ("0.1546", "0.6869")
    shown = run("compare", "--usage", month, *files).stdout
    assert "b would save $26.05, 26% of the current cost." in shown
    assert "69%" in shown
    assert "The current tariff is the cheapest of these." in run("compare", "--usage", month, files[1], files[0]).stdout


def test_a_batch_bills_every_meter_of_a_file(tmp_path: Path):
    part = usage_file(tmp_path, load("2026-07-01T00:00", [1_000] * 744), meter="m").read_text().splitlines()
    rows = [row.replace("m,", f"m-{meter:03},", 1) for meter in range(60) for row in part[1:]]
    usage = tmp_path / "fleet.csv"
    usage.write_text("\n".join([part[0], *rows]) + "\n")
    tariff = tariff_file(tmp_path, TIERED)

    for name in ("bills.jsonl", "bills.csv"):
        result = run("bill", "batch", "--tariff", tariff, "--usage", usage, "--out", tmp_path / name)
        assert (result.exit_code, result.stdout) == (0, "")
        assert "60 bills totaling $6,858.00" in result.stderr
    lines = (tmp_path / "bills.jsonl").read_bytes().splitlines()
    issued = [msgspec.json.decode(line, type=Bill) for line in lines]
    assert [bill.meter_id for bill in issued] == [f"m-{meter:03}" for meter in range(60)]
    assert {bill.total_rounded for bill in issued} == {Decimal("114.30")}
    with (tmp_path / "bills.csv").open() as file:
        table = list(csv.DictReader(file))
    assert len(table) == 60
    assert (table[7]["meter_id"], table[7]["total_rounded"], table[7]["missing"]) == ("m-007", "114.30", "0")


class Store:
    """Bills of one meter."""

    def __init__(self, *kept: Bill) -> None:
        self.kept = list(kept)

    def history(self, meter_id: str) -> list[Bill]:
        return [bill for bill in self.kept if bill.meter_id == meter_id]


def test_the_history_of_a_meter_lists_every_version_with_its_adjustment(capsys: pytest.CaptureFixture[str]):
    tariff = tariff_from_urdb(document(0.1, name="Flat"))
    first, corrected = (
        bills(tariff, load("2026-02-01T00:00", [1_000] * 671 + [last]), meter_id="m-1")[0] for last in (1_000, 31_000)
    )
    store = Store(first, reissue(first, corrected))

    show_history(store, "m-1", None)
    shown = capsys.readouterr().out
    assert [line.split() for line in shown.splitlines() if "2026-02" in line] == [
        ["2026-02", "1", "672.0", "$67.20", "Flat"],
        ["2026-02", "2", "702.0", "$70.20", "+$3.00", "Flat"],
    ]
    show_history(store, "m-1", Output.json)
    assert [bill["version"] for bill in json.loads(capsys.readouterr().out)] == [1, 2]
    with pytest.raises(UsageError, match="no bills of meter m-2"):
        show_history(store, "m-2", None)


SOLAR = "start,kwh,received_kwh,interval_s\n"
NETTED = document(0.1, name="Solar", timezone="UTC", ur_metering_option=0)


def solar_file(folder: Path, *rows: str) -> Path:
    path = folder / "solar.csv"
    path.write_text(SOLAR + "".join(f"{row},3600\n" for row in rows))
    return path


def test_an_invoice_says_how_export_was_credited_and_why_the_credit_is_what_it_is(tmp_path: Path):
    usage = solar_file(tmp_path, "2026-07-01T12:00Z,30,100", "2026-08-01T12:00Z,50,0")
    text = run("bill", "--tariff", tariff_file(tmp_path, NETTED), "--usage", usage).stdout
    words = " ".join(text.replace("│", " ").split())

    assert "Imported 30.000 kWh, exported 100.000 kWh." in words
    assert "Energy: 30.000 imported - 100.000 exported = 70.000 kWh left." in words
    assert "Credit for later bills: 70.000 kWh." in words
    assert "Energy: 50.000 imported - 0.000 exported - 70.000 credit = 20.000 kWh left." in words


def test_a_credit_in_dollars_adds_up_in_cents(tmp_path: Path):
    rate = NETTED | {"ur_metering_option": 3, "sell_rate": 0.123456}
    usage = solar_file(tmp_path, "2026-07-01T12:00Z,30,10.111")
    words = run(
        "bill", "--tariff", tariff_file(tmp_path, rate), "--usage", usage, "--opening-credit", "1.005"
    ).stdout.replace("│", " ")

    assert "Credit: $1.00 from the bill before + $1.25 earned - $1.00 used = $1.25." in " ".join(words.split())


def test_bills_go_on_from_the_bills_of_a_file(tmp_path: Path):
    tariff = tariff_file(tmp_path, NETTED)
    july = solar_file(tmp_path, "2026-07-01T12:00Z,30,100")
    before = tmp_path / "july.json"
    before.write_text(run("bill", "--tariff", tariff, "--usage", july, "--json").stdout)
    august = solar_file(tmp_path, "2026-08-01T12:00Z,90,0")
    (bill,) = printed("bill", "--tariff", tariff, "--usage", august, "--opening-credit", before)

    assert bill["credit"]["opening"]["wh"] == {"0": 70_000}
    assert bill["total"] == "2"
    (same,) = printed("bill", "--tariff", tariff, "--usage", august, "--opening-credit", "70kWh")
    assert same == bill


@pytest.mark.parametrize("credit", ["-5", "5 EUR", "none.json", "0.0001kWh"])
def test_an_opening_credit_that_is_none_is_refused_in_one_sentence(tmp_path: Path, month: Path, credit: str):
    result = run("bill", "--tariff", tariff_file(tmp_path, NETTED), "--usage", month, f"--opening-credit={credit}")

    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith(f"electrocloud: --opening-credit {credit}")


def test_export_that_a_tariff_does_not_credit_is_named(tmp_path: Path):
    usage = solar_file(tmp_path, "2026-07-01T12:00Z,30,100")
    result = run("bill", "--tariff", tariff_file(tmp_path, FLAT | {"name": "Flat"}), "--usage", usage, "--json")

    assert result.stderr == "Flat does not say how export is credited: 100.0 kWh are not; give --metering\n"
    assert json.loads(result.stdout)[0]["total"] == "3"


def test_tariffs_are_compared_with_export_and_the_credit_that_is_left(tmp_path: Path):
    rows = [
        f"2026-07-{day:02}T{hour:02}:00Z,0.1,{0.4 if hour == 12 else 0}" for day in range(1, 32) for hour in range(24)
    ]
    usage = solar_file(tmp_path, *rows)
    selling = NETTED | {"name": "Selling", "ur_metering_option": 2, "sell_rate": 0.05}
    kept = NETTED | {"name": "Kept", "ur_metering_option": 3, "sell_rate": 0.05}
    files = [tariff_file(tmp_path, rate, rate["name"]) for rate in (selling, kept)]

    ranked = printed("compare", *files, "--usage", usage)
    assert [(offer["tariff_name"], offer["total"], offer["credit"]) for offer in ranked] == [
        ("Selling", "6.82", "0.00"),
        ("Kept", "7.44", "0.62"),
    ]
    assert (
        "Kept leaves a credit of $0.62 for export, not counted as cost."
        in run("compare", *files, "--usage", usage).stdout
    )
