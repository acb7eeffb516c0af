"""Bills in SQL, from raw rows, against the billing engine."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from electrocloud.domain.billing.bill import Bill, bills
from electrocloud.domain.readings.meter_day import Interval
from electrocloud.domain.tariffs.urdb import tariff_from_urdb
from tests.kits.billing_kit import Rate, document, load, time_of_use
from tests.kits.billing_strategies import loads, rates
from tests.kits.sql_kit import Lake, meter, readings_of

STANDARD = (300, 900, 1800, 3600)


def lines_of(bill: Bill) -> list[tuple[Any, ...]]:
    """The bill as the query gives it: its lines and their total, or nothing where there is no line."""
    lines = [(line.kind, line.period, line.tier, line.amount_rounded) for line in bill.lines]
    return [*lines, ("total", None, None, bill.total_rounded)] if lines else []


def asked(lake: Lake, month: str, **values: str) -> dict[str, list[tuple[Any, ...]]]:
    """The lines of each meter's bill."""
    found: dict[str, list[tuple[Any, ...]]] = {}
    for row in lake.ask("bill", month=month, **values):
        line = (row["line"], row["period"], row["tier"], row["amount_rounded"])
        found.setdefault(row["meter_id"], []).append(line)
    return found


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(rates(), loads(STANDARD)), min_size=1, max_size=4))
def test_bills_in_sql_are_the_engines_to_the_cent_line_by_line(customers: list[tuple[Rate, list[Interval]]]):
    tariffs = {f"t{number}": tariff_from_urdb(document) for number, (document, _) in enumerate(customers)}
    lake = Lake(
        [row for number, (_, own) in enumerate(customers) for row in readings_of(f"m{number}", own)],
        [meter(f"m{number}", f"t{number}") for number in range(len(customers))],
        tariffs,
    )
    expected: dict[str, dict[str, list[tuple[Any, ...]]]] = {}
    for number, (_, readings) in enumerate(customers):
        for bill in bills(tariffs[f"t{number}"], readings):
            if lines := lines_of(bill):
                expected.setdefault(bill.month, {})[f"m{number}"] = lines

    assert {month: asked(lake, month) for month in expected} == expected


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"])
def test_two_months_with_a_change_of_the_clocks_are_billed_in_the_tariffs_zone(zone: str):
    rate = time_of_use([{"rate": 0.1, "max": 150}, {"rate": 0.2}], 0.4, timezone=zone, fixedchargefirstmeter=5)
    readings = load("2026-10-20T00:00", [100 + number % 97 for number in range(96 * 20)], 900, zone)
    lake = Lake(readings_of("m", readings), [meter("m")], {"t": tariff_from_urdb(rate)})

    october, november = bills(tariff_from_urdb(rate), readings)

    assert asked(lake, "2026-10") == {"m": lines_of(october)}
    assert asked(lake, "2026-11") == {"m": lines_of(november)}


@pytest.mark.parametrize(("wh", "cents"), [(100, "0.00"), (300, "0.02"), (500, "0.02"), (501, "0.03")])
def test_half_a_cent_is_rounded_to_the_even_cent(wh: int, cents: str):
    lake = Lake(readings_of("m", load("2026-11-01T00:00", [wh])), [meter("m")], {"t": tariff_from_urdb(document(0.05))})

    assert asked(lake, "2026-11")["m"][0] == ("energy", 0, 1, Decimal(cents))


def test_a_rate_with_a_floats_noise_is_billed_as_well():
    rate = tariff_from_urdb(document(0.07238000000000001, fixedchargefirstmeter=1 / 3))
    readings = load("2026-11-01T00:00", [987_654] * 48)
    lake = Lake(readings_of("m", readings), [meter("m")], {"t": rate})

    assert asked(lake, "2026-11")["m"] == lines_of(bills(rate, readings)[0])


def test_one_meters_bill_and_the_totals_of_all_can_be_asked_for():
    readings = [row for name in ("a", "b") for row in readings_of(name, load("2026-11-01T00:00", [1000, 2000]))]
    lake = Lake(readings, [meter("a"), meter("b")], {"t": tariff_from_urdb(document(0.5, fixedchargefirstmeter=2))})

    assert asked(lake, "2026-11", meter="b").keys() == {"b"}
    (total, _) = lake.ask("bill", month="2026-11", detail="totals")
    assert (total["line"], total["quantity"], total["amount_rounded"]) == ("total", Decimal(3), Decimal("3.50"))


def test_a_correction_is_billed_and_the_copy_of_a_reading_is_not():
    readings = readings_of("m", load("2026-11-01T00:00", [1000, 1000]))
    corrected = readings[1] | {"wh": 3000, "revision": 1}
    lake = Lake([*readings, readings[0], corrected], [meter("m")], {"t": tariff_from_urdb(document(0.5))})

    assert asked(lake, "2026-11")["m"] == [("energy", 0, 1, Decimal("2.00")), ("total", None, None, Decimal("2.00"))]
