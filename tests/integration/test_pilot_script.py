"""examples/pilot.sh: five commands in a script, as somebody plans a pilot without a cloud."""

import csv
import os
import subprocess
import sys
from pathlib import Path

from analytics.template import ROOT

SCRIPT = ROOT / "examples" / "pilot.sh"
TARIFFS = [str(ROOT / "tariffs" / f"{name}.json") for name in ("residential-tou", "residential-tiered")]


def run(*words: str) -> subprocess.CompletedProcess[str]:
    commands = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run([str(SCRIPT), *words], env=os.environ | {"PATH": commands}, capture_output=True, text=True)


def table(path: Path, delimiter: str) -> list[dict[str, str]]:
    with path.open(newline="") as lines:
        return list(csv.DictReader(lines, delimiter=delimiter))


def test_a_pilot_is_billed_compared_forecast_and_priced(tmp_path: Path) -> None:
    done = run(str(tmp_path), "2", *TARIFFS)
    assert done.returncode == 0, done.stderr
    said = dict(line.rsplit(maxsplit=1) for line in done.stdout.splitlines())

    bills = table(tmp_path / "bills.csv", ",")
    assert {bill["meter_id"] for bill in bills} == {"US-000000", "US-000001"}
    assert said["bills"] == str(len(bills))
    tariffs = table(tmp_path / "tariffs.tsv", "\t")
    assert said["best tariff"] == min(tariffs, key=lambda one: float(one["total"]))["tariff"]
    hours = table(tmp_path / "forecast.tsv", "\t")
    assert len(hours) == 24
    assert float(said["peak, Wh"]) == max(float(one["value"]) for one in hours)
    costs = table(tmp_path / "cost.tsv", "\t")
    assert float(said["AWS, $ a month"]) == round(sum(float(one["usd_per_month"]) for one in costs), 2)


def test_a_command_that_fails_ends_the_script_with_its_message(tmp_path: Path) -> None:
    done = run(str(tmp_path), "2", str(tmp_path / "none.json"), TARIFFS[0])
    assert done.returncode != 0
    assert "none.json" in (tmp_path / "log").read_text()
    assert run("x").returncode == 2
