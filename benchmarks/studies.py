"""The time that a tariff study takes: 10,000 customers' year, hourly. Run with `python -m benchmarks.studies`.

It starts from what the lake's query answers and ends with the result: every bill rated by two tariffs, and the energy
price that keeps the revenue. 2% of the customers have gaps, which are estimated as bills' are.
"""

import json
import resource
import sys
import time
from datetime import date
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from analytics.lake_readings import LakeRow
from analytics.studies.run import Inputs, make_study
from electrocloud.domain.local_time import day_of, instant_of
from electrocloud.domain.studies.study import StudyRequest
from electrocloud.domain.tariffs.urdb import tariff_from_urdb
from electrocloud.domain.tariffs.versions import DatedTariff, always
from tests.kits.study_kit import customer

TARIFFS = Path(__file__).parents[1] / "tariffs"
ZONE = "America/New_York"
FIRST, DAYS = date(2024, 12, 31), 368
CASES = (("flat", "residential-tou"), ("residential-tiered", "residential-tou"), ("commercial-demand", "flat"))


def main(customers: int = 10_000) -> None:
    """Time studies, and print a table."""
    tariffs = {name: tariff(name) for name in sorted({name for case in CASES for name in case})}
    rows = {f"M-{number}": [year(number)] for number in range(customers)}
    table = Table("Now", "Then", "Customers", "Bills rated", "Reading by reading", "Wall s", "CPU s", "Peak MB")
    for now, then in CASES:
        histories = [customer(number, now, ZONE) for number in range(customers)]
        inputs = Inputs(histories, rows, FIRST, day_of(instant_of(FIRST) + DAYS * 86_400), tariffs, then)
        began, cpu = time.perf_counter(), cpu_s()
        made = make_study(StudyRequest("2025-01", "2025-12", tariff_id=then), inputs, lambda *_: None)
        took, used = time.perf_counter() - began, cpu_s() - cpu
        bills = sum(2 * one.bills for one in made.customers)
        singly = sum(one.by_engine for one in made.customers)
        table.add_row(
            now,
            then,
            f"{len(made.customers):,}",
            f"{bills:,}",
            f"{singly:,}",
            f"{took:.1f}",
            f"{used:.1f}",
            f"{peak_mb():,.0f}",
        )
    for column in table.columns[2:]:
        column.justify = "right"
    Console().print(table)


def tariff(name: str) -> DatedTariff:
    """A published tariff."""
    return always(tariff_from_urdb(json.loads((TARIFFS / f"{name}.json").read_bytes())))


def year(number: int) -> LakeRow:
    """A customer's hourly year as the lake's query answers it; each 50th customer has a gap of some hours."""
    chance = np.random.default_rng(number)
    shape = 400 + 600 * np.clip(np.sin((np.arange(24) - 9) / 24 * 2 * np.pi), 0, None)
    wh = (shape * chance.lognormal(0, 0.5, (DAYS, 24)) * chance.uniform(0.5, 2)).astype(np.int64)
    lines = []
    for place, own in enumerate(wh):
        day = day_of(instant_of(FIRST) + place * 86_400)
        if number % 50 == 0 and place == 100:
            own = own[:18]
        lines.append(f"{day}|3600|{len(own)}|{own.sum()}|0|{' '.join(map(str, own.tolist()))}")
    return LakeRow("delivered", "\n".join(lines))


def cpu_s() -> float:
    """The CPU time of this process and those that it started and that have ended, in s."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def peak_mb() -> float:
    """The most memory that this process, and the largest of those that it started, have had so far, in MB."""
    used = [resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(used) / 1024


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
