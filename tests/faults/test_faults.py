"""The short form of `make faults`: seeds that have every kind of fault between them, and those that failed once."""

from functools import cache

import pytest

from tests.faults.plan import SHORT, TINY, plan
from tests.faults.run import Report, run
from tests.faults.traffic import POISON

SEEDS = (1, 2, 5, 6, 8, 9, 11, 12)
FAILED_ONCE: tuple[int, ...] = ()

BESIDES_THE_RATES = {
    "cold starts",
    "final bills replaced",
    "frames of thousands of bad uploads",
    "good uploads rejected by a bad deployment",
    "hours without writes",
    "meters registered in mid-month",
    "records handed over again by that",
    "redriven: dead letter",
    "redriven: quarantine",
    "revisions that arrived before what they revise",
    "registry changes interrupted",
    "registry changes refused",
    "two invocations met on a meter",
    "uploads days late",
    "uploads of both directions",
}


@cache
def report(seed: int) -> Report:
    return run(plan(seed, SHORT))


@pytest.mark.parametrize("seed", SEEDS + FAILED_ONCE)
def test_nothing_is_lost_and_nothing_counts_twice(seed):
    found = report(seed)
    assert not found.losses, f"reproduce: python -m tests.faults --size short --seeds 1 --first {seed}"
    assert found.uploads["windowed"] > 100
    assert found.uploads["windowed"] + found.uploads["quarantined"] == found.uploads["accepted"]


def test_every_kind_of_fault_happened():
    happened = {kind for seed in SEEDS for kind, count in report(seed).faults.items() if count}
    kinds = {*plan(SEEDS[0], SHORT).rates, *(f"poison: {kind}" for kind in POISON), *BESIDES_THE_RATES}
    assert not kinds - happened


def test_a_seed_reproduces_the_same_run():
    once, again = (run(plan(SEEDS[0], TINY)) for _ in range(2))
    assert once == again
