"""Reactive power on a bill: kvar, kvarh, demand in kVA and the power factor, by cases worked by hand."""

from datetime import date
from decimal import Decimal
from fractions import Fraction
from math import sqrt
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from electrocloud.domain.billing.bill import Bill, bills
from electrocloud.domain.billing.reactive import power_factor, rounded_root
from electrocloud.domain.billing.terms import ServiceTerms
from electrocloud.domain.tariffs.urdb import tariff_from_urdb
from electrocloud.domain.tariffs.versions import TariffVersion, dated_tariff
from tests.kits.billing_kit import Rate, document, load

FLAT = {"flatdemandstructure": [[{"rate": 10}]], "flatdemandmonths": [0] * 12, "flatdemandunit": "kVA"}
DAY = [30_000, 40_000, 10_000] + [0] * 21


def one_bill(rate: Rate, wh: list[int], varh: list[int], **more: Any) -> Bill:
    (bill,) = bills(
        tariff_from_urdb(rate), load("2026-04-01T00:00", wh), reactive=load("2026-04-01T00:00", varh), **more
    )
    return bill


def lines(bill: Bill) -> list[tuple[Decimal, str, Decimal, str]]:
    return [
        (line.quantity, line.unit, line.amount, line.explanation)
        for line in bill.lines
        if line.kind in ("reactive", "flat demand")
    ]


def test_the_highest_reactive_power_of_a_bill_is_charged_by_the_kvar() -> None:
    bill = one_bill(document(demandreactivepowercharge=0.5), DAY, [30_000, 10_000])

    assert lines(bill) == [
        (Decimal(30), "kvar", Decimal(15), "Reactive power: the highest, 60 minutes from Wed 1 Apr 2026 00:00")
    ]
    assert (bill.demand_charge, bill.total) == (15, Decimal(8) + 15)


def test_demand_in_kva_is_that_of_the_hour_with_the_highest_apparent_power() -> None:
    # 30 kW with 40 kvar are 50 kVA; the hour with the highest power, 40 kW with 9 kvar, has 41 kVA.
    bill = one_bill(document(**FLAT), DAY, [40_000, 9_000])

    assert lines(bill) == [
        (Decimal(50), "kVA", Decimal(500), "Demand, any time: the highest, 60 minutes from Wed 1 Apr 2026 00:00")
    ]
    assert bill.demand_kw == 40


def test_an_hour_without_reactive_energy_has_as_many_kva_as_kw() -> None:
    assert lines(one_bill(document(**FLAT), DAY, [3_000]))[0][:2] == (40, "kVA")


def test_reactive_energy_is_charged_beyond_its_free_part() -> None:
    # 80 kWh are free of 40 kvarh; of 55 kvarh 15 are charged.
    rate = document(reactive_energy={"rate": 0.02, "free_part": 0.5})
    bill = one_bill(rate, DAY, [30_000, 20_000, 5_000])

    assert lines(bill) == [(Decimal(15), "kvarh", Decimal("0.3"), "Reactive energy, 55 kvarh less 50% of 80 kWh")]
    assert lines(one_bill(rate, DAY, [30_000, 10_000, 0]))[0][2] == 0


def test_a_power_factor_below_the_minimum_raises_the_charges_for_demand() -> None:
    # 80 kWh with 60 kvarh are 100 kVAh: a factor of 0.8. Demand is billed at 0.96 / 0.8 = 1.2 times.
    rate = document(**(FLAT | {"flatdemandunit": "kW"}), power_factor_minimum=0.96)
    bill = one_bill(rate, DAY, [30_000, 30_000, 0] + [0] * 21)

    text = "Power factor 0.8, below 0.96: added to demand charges"
    assert [line[:3] for line in lines(bill)] == [(40, "kW", 400), (400, "%", 80)]
    assert lines(bill)[1][3] == text
    assert bill.demand_charge == 480
    assert len(lines(one_bill(rate, DAY, [10_000, 10_000]))) == 1


def test_without_reactive_readings_demand_in_kva_counts_as_kw_and_the_bill_says_so() -> None:
    bill = one_bill(document(**FLAT, demandreactivepowercharge=0.5), DAY, [])

    assert [line[1:] for line in lines(bill)] == [
        ("kW", 400, "Demand, any time: the highest, 60 minutes from Wed 1 Apr 2026 01:00"),
        ("kvar", 0, "Reactive power: not metered, not billed"),
    ]


def test_a_bill_whose_tariff_changes_from_kw_to_kva_bills_each_part_in_its_own_unit() -> None:
    # April 1 to 14 in kW: 40 kW. From April 15 in kVA: 30 kW with 40 kvar are 50 kVA. 40 kW with 9 kvar count as kW.
    in_kw, in_kva = (tariff_from_urdb(document(**FLAT | {"flatdemandunit": unit})) for unit in ("kW", "kVA"))
    tariff = dated_tariff("T", [TariffVersion(in_kw), TariffVersion(in_kva, date(2026, 4, 15))])
    use = [*load("2026-04-05T12:00", [40_000]), *load("2026-04-20T12:00", [30_000])]
    varh = [*load("2026-04-05T12:00", [9_000]), *load("2026-04-20T12:00", [40_000])]
    (bill,) = bills(tariff, use, reactive=varh)

    assert [line[:2] for line in lines(bill)] == [(40, "kW"), (50, "kVA")]
    assert [line[2] for line in lines(bill)] == [Decimal(400) * 14 / 30, Decimal(500) * 16 / 30]
    assert bill.demand_kw == 40


def test_a_bill_stays_open_where_reactive_energy_is_metered_and_no_reading_has_it() -> None:
    terms = ServiceTerms(needs_reactive=True)
    rate = document(demandreactivepowercharge=0.5)
    kinds = [[reason.kind for reason in one_bill(rate, DAY, varh, terms=terms).open_reasons] for varh in ([], [5])]

    assert kinds == [["no reactive energy"], []]
    assert one_bill(document(), DAY, [], terms=terms).open_reasons == ()


def test_a_window_that_a_utc_midnight_cuts_has_the_apparent_power_of_its_whole() -> None:
    # In India an hour reaches from 23:30 to 00:30 UTC: 3 and 0 kWh, 0 and 4 kvarh, together 5 kVA.
    rate = document(**FLAT, demandreactivepowercharge=1, demandwindow=60, timezone="Asia/Kolkata")
    start = load("2026-04-01T23:30", [3_000, 0], 1800)
    (bill,) = bills(tariff_from_urdb(rate), start, reactive=load("2026-04-01T23:30", [0, 4_000], 1800))

    assert [line[:2] for line in lines(bill)] == [(5, "kVA"), (4, "kvar")]
    assert bill.demand_kw == 3


def test_a_tariff_without_a_price_for_reactive_power_does_not_look_at_it() -> None:
    assert one_bill(document(), DAY, [40_000]) == one_bill(document(), DAY, [])


def test_the_power_factor_is_rounded_to_four_decimals() -> None:
    assert power_factor(80, 60) == Fraction(8, 10)
    assert power_factor(1, 1) == Fraction(7071, 10_000)
    assert (power_factor(0, 0), power_factor(0, 5)) == (1, 0)


@given(st.fractions(0, 10**12, max_denominator=10**6))
def test_a_root_is_the_nearest_whole_number(square: Fraction) -> None:
    root = rounded_root(square)

    assert (root - Fraction(1, 2)) ** 2 <= square < (root + Fraction(1, 2)) ** 2 or root == 0
    assert abs(root - sqrt(square)) < 0.5 + 1e-6


@given(st.lists(st.tuples(st.integers(0, 9_999), st.integers(0, 9_999)), min_size=1, max_size=300))
def test_apparent_demand_is_the_largest_of_the_readings(both: list[tuple[int, int]]) -> None:
    bill = one_bill(document(**FLAT), [wh for wh, _ in both], [varh for _, varh in both])
    largest = max(rounded_root(Fraction(wh * wh + varh * varh)) for wh, varh in both)

    flat = [line.quantity for line in bill.lines if line.kind == "flat demand"]
    assert sum(flat) * 1000 == largest
