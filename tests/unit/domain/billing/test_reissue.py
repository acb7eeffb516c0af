"""A bill that was final and is billed again."""

from datetime import date
from decimal import Decimal

import msgspec
import pytest

from electrocloud.domain.billing.bill import Bill, bills, reissue
from electrocloud.domain.billing.issuing import issue, unissued
from electrocloud.domain.billing.period import cycle_before
from electrocloud.domain.tariffs.urdb import tariff_from_urdb
from tests.kits.billing_kit import document, load

HOURS = 28 * 24


def february(last_wh: int, **fields: object) -> Bill:
    (bill,) = bills(
        tariff_from_urdb(document(0.1, **fields)), load("2026-02-01T00:00", [1_000] * (HOURS - 1) + [last_wh])
    )
    return bill


def test_a_correction_makes_a_new_version_with_the_difference_to_the_last():
    first = february(1_000)
    second = reissue(first, february(31_000))
    third = reissue(second, february(11_000))

    assert (first.version, second.version, third.version) == (1, 2, 3)
    assert (first.total_rounded, second.total_rounded, third.total_rounded) == (
        Decimal("67.20"),
        Decimal("70.20"),
        Decimal("68.20"),
    )
    assert second.adjustment is not None
    assert third.adjustment is not None
    assert (second.adjustment.amount_rounded, third.adjustment.amount_rounded) == (Decimal("3.00"), Decimal("-2.00"))
    assert third.adjustment.explanation == "Rebill adjustment, replaces version 2 of $70.20"


def test_an_adjustment_is_no_part_of_the_total_that_the_lines_add_up_to():
    bill = reissue(february(1_000), february(31_000))

    assert sum(line.amount_rounded for line in bill.lines) == bill.total_rounded
    assert "adjustment" not in {line.kind for line in bill.lines}


def test_billing_again_without_a_change_is_no_new_version():
    first = february(1_000)
    second = reissue(first, february(31_000))

    assert reissue(first, february(1_000)) is first
    assert reissue(second, february(31_000)) is second


def test_a_tariff_whose_other_rules_changed_makes_no_new_version():
    first, again = february(1_000), february(1_000, mincharge=1)

    assert first.tariff_fingerprint != again.tariff_fingerprint
    assert reissue(first, again) is first


def test_an_actual_reading_that_replaces_an_estimate_makes_a_new_version_even_at_the_same_amount():
    tariff = tariff_from_urdb(document(0.1))
    readings = load("2026-02-01T00:00", [1_000] * HOURS)
    (estimated,) = bills(tariff, readings[:-1], readings[-1:])
    bill = reissue(estimated, february(1_000))

    assert (estimated.status, estimated.intervals.estimated) == ("final", 1)
    assert (bill.version, bill.intervals.estimated, bill.total) == (2, 0, estimated.total)
    assert bill.adjustment is not None
    assert bill.adjustment.amount == 0


def test_a_bill_that_was_final_stays_final():
    (partial,) = bills(tariff_from_urdb(document(0.1)), load("2026-02-01T00:00", [1_000] * 5))

    assert partial.status == "provisional"
    assert reissue(february(1_000), partial).status == "final"


@pytest.mark.parametrize("bill", [february(1_000), reissue(february(1_000), february(2_000))])
def test_a_bill_is_the_same_after_json(bill: Bill):
    assert msgspec.json.decode(msgspec.json.encode(bill), type=Bill) == bill


def test_a_new_version_keeps_the_first_ones_number_with_its_version():
    first = issue(msgspec.structs.replace(february(1_000), agreement_id="A-1"), date(2026, 3, 1))
    moved = msgspec.structs.replace(february(2_000), agreement_id="A-1", period_start=date(2026, 2, 3))
    second = issue(reissue(first, moved), date(2026, 3, 9), replaced=first)
    third = issue(reissue(second, february(3_000)), date(2026, 4, 9), replaced=second)

    assert [bill.number for bill in (first, second, third)] == ["A-1-20260201", "A-1-20260201-2", "A-1-20260201-3"]
    assert (second.issued_on, second.due_on) == (date(2026, 3, 9), date(2026, 3, 30))


def test_a_bill_that_says_the_same_again_is_not_issued_again():
    first = issue(february(1_000), date(2026, 3, 1))

    assert reissue(first, february(1_000)) is first
    assert unissued(first) == unissued(february(1_000))


@pytest.mark.parametrize(
    ("cycle", "months", "before"),
    [("2026-01", 1, "2025-12"), ("2026-03", 12, "2025-03"), ("2026-01-15", 1, "2025-12-15")],
)
def test_the_cycle_before_has_the_same_read_day(cycle: str, months: int, before: str):
    assert cycle_before(cycle, months) == before
