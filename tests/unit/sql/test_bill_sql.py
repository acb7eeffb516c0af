"""The energy lines of bills in SQL, from raw rows and the dated registry, against the billing engine."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from electrocloud.aws.store.dynamodb_items import day_item
from electrocloud.domain.billing.bill import Bill, bills, rate
from electrocloud.domain.readings.meter_day import Interval, MeterDay
from electrocloud.domain.registry.records import Agreement, Installation, Registry, TariffDocument
from electrocloud.domain.tariffs.urdb import tariff_from_urdb
from electrocloud.services.rating import read_determinants
from electrocloud.services.registry import services_in
from tests.kits.billing_kit import Rate, document, instant, load, time_of_use
from tests.kits.billing_strategies import loads, rates
from tests.kits.examples import upload
from tests.kits.memory import MemoryTables
from tests.kits.registry_kit import ACCOUNT, POINT
from tests.kits.sql_kit import Lake, TableRow, meter, readings_of

STANDARD = (300, 900, 1800, 3600)

SqlLine = tuple[Any, ...]


def lines_of(bill: Bill) -> list[SqlLine]:
    """The bill's energy as the query gives it: its lines and their total, or nothing where there is no line."""
    lines = [
        (bill.segments[line.segment or 0].first_day, line.period, line.tier, line.amount_rounded)
        for line in bill.lines
        if line.kind == "energy"
    ]
    return [*lines, (None, None, None, sum((line[-1] for line in lines), Decimal(0)))] if lines else []


def asked(lake: Lake, month: str, **values: str) -> dict[str, list[SqlLine]]:
    """The lines of each agreement."""
    found: dict[str, list[SqlLine]] = {}
    for row in lake.ask("bill", month=month, **values):
        line = (row["segment_start"], row["period"], row["tier"], row["amount_rounded"])
        found.setdefault(row["agreement_id"], []).append(line)
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

    assert asked(lake, "2026-11")["m"][0] == (date(2026, 11, 1), 0, 1, Decimal(cents))


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
    assert (total["line"], total["kwh"], total["amount_rounded"]) == ("total", Decimal(3), Decimal("1.50"))


def test_a_correction_is_billed_and_the_copy_of_a_reading_is_not():
    readings = readings_of("m", load("2026-11-01T00:00", [1000, 1000]))
    corrected = readings[1] | {"wh": 3000, "revision": 1}
    lake = Lake([*readings, readings[0], corrected], [meter("m")], {"t": tariff_from_urdb(document(0.5))})

    assert asked(lake, "2026-11")["m"] == [
        (date(2026, 11, 1), 0, 1, Decimal("2.00")),
        (None, None, None, Decimal("2.00")),
    ]


JULY = date(2026, 7, 1)
days_of_july = st.integers(1, 30).map(lambda number: JULY + timedelta(days=number))


@st.composite
def registries(draw: st.DrawFn) -> Registry:
    """A customer whose July is cut by a price, a tariff, a meter exchange or the agreement, and a cycle of any day."""
    zone = draw(st.sampled_from(["America/Phoenix", "Europe/Berlin", "Pacific/Chatham"]))
    found = Registry({ACCOUNT.key: ACCOUNT}, {}, {}, {}, {})
    point = msgspec.structs.replace(POINT, time_zone=zone)
    found.service_points[point.key] = point
    one, other, later = (draw(rates(zones=[zone])) for _ in range(3))
    price_day, tariff_day = draw(days_of_july), draw(st.none() | days_of_july)
    tariffs = [("one", None, one), ("one", price_day, later), ("other", None, other)]
    for tariff_id, first, document_ in tariffs:
        record = TariffDocument(tariff_id=tariff_id, first=first, document=document_)
        found.tariffs[record.key] = record
    first, end = draw(st.just(date(2026, 1, 1)) | days_of_july), draw(st.none() | days_of_july)
    if end and end <= first:
        end = None
    terms = {
        "agreement_id": "AG",
        "account_id": "A-1",
        "service_point_id": "SP-1",
        "cycle_day": draw(st.integers(1, 28)),
    }
    if tariff_day and first < tariff_day and (end is None or tariff_day < end):
        records = [
            Agreement(**terms, tariff_id="one", first=first, end=tariff_day),
            Agreement(**terms, tariff_id="other", first=tariff_day, end=end),
        ]
    else:
        records = [Agreement(**terms, tariff_id="one", first=first, end=end)]
    found.agreements.update((record.key, record) for record in records)
    exchange = instant(f"{draw(days_of_july)}T00:00", zone) + 3600 * draw(st.integers(0, 23))
    for installation in (
        Installation(meter_id="M-1", service_point_id="SP-1", start=0, end=exchange),
        Installation(meter_id="M-2", service_point_id="SP-1", start=exchange),
    ):
        found.installations[installation.key] = installation
    return found


def rated(records: Registry, seconds: int, wh: list[int]) -> tuple[list[Bill], list[TableRow]]:
    """The bills of the cycle that begins in July, by the engine from the windows; and the raw rows of both meters."""
    tables, rows = MemoryTables(), []
    for meter_id in ("M-1", "M-2"):
        for number in range(62):
            day = date(2026, 6, 29) + timedelta(days=number)
            own = [wh[(number + place) % len(wh)] for place in range(86_400 // seconds)]
            window = MeterDay(day)
            window.merge(upload(meter_id=meter_id, day=day, wh=own, interval_s=seconds))
            tables.windows[meter_id, str(day)] = day_item(meter_id, window)
            rows += readings_of(meter_id, load(f"{day}T00:00", own, seconds))
    planned = [
        bill
        for service in services_in(records, ["SP-1"])
        for bill in service.bills_between(JULY, date(2026, 8, 1))
        if bill.key.cycle.startswith("2026-07")
    ]
    return [rate(bill.plan, read_determinants(bill, tables)) for bill in planned], rows


@settings(max_examples=20, deadline=None)
@given(registries(), st.sampled_from([1800, 3600]), st.lists(st.integers(0, 3_000), min_size=1, max_size=50))
def test_periods_that_are_cut_are_billed_in_segments_like_the_engines(records: Registry, seconds: int, wh: list[int]):
    found, rows = rated(records, seconds, wh)
    lake = Lake(rows, registry=records)

    expected = {bill.agreement_id: lines_of(bill) for bill in found if lines_of(bill)}
    assert asked(lake, "2026-07") == expected
