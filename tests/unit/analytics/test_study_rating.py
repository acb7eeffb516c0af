"""What a study's customers pay: the same as on the engine's bills, by sums of energy as reading by reading."""

import json
import random
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from analytics.studies.rate_calendar import needs_demand
from analytics.studies.rating import CustomerReadings, rated_bills
from electrocloud.aws.store.registry import ServiceHistory
from electrocloud.domain.billing.bill import Bill, bills, rate
from electrocloud.domain.billing.carry_forward import NOTHING, closing, opening
from electrocloud.domain.billing.demand import past_demand
from electrocloud.domain.billing.gaps import plan_determinants
from electrocloud.domain.billing.service import PlannedBill, services_of
from electrocloud.domain.local_time import HOUR_S, day_of, instant_of
from electrocloud.domain.readings.meter_day import Interval
from electrocloud.domain.registry.records import Installation
from electrocloud.domain.tariffs.tariff import Ratchet
from electrocloud.domain.tariffs.urdb import tariff_from_urdb
from electrocloud.domain.tariffs.versions import DatedTariff, TariffVersion, always, dated_tariff
from tests.kits.billing_strategies import ZONES, rates
from tests.kits.study_kit import LONG_AGO, customer, lake_rows

TARIFFS = Path(__file__).parents[3] / "tariffs"
PUBLISHED = sorted(one.stem for one in TARIFFS.glob("*.json"))
ZONE = "America/New_York"


def published(name: str) -> DatedTariff:
    return always(tariff_from_urdb(json.loads((TARIFFS / f"{name}.json").read_bytes()))).placed(ZONE)


def readings(first: date, days: int, seconds: int, seed: int) -> list[Interval]:
    chance, start = random.Random(seed), instant_of(first)
    return [Interval(start + at, seconds, chance.randint(0, 3_000)) for at in range(0, days * 86_400, seconds)]


def planned(history: ServiceHistory, tariff: DatedTariff, months: list[str]) -> list[PlannedBill]:
    (service,) = services_of(history.point, history.installations, history.agreements, {tariff.tariff_id: tariff})
    return [one for month in months if (one := service.bill_of_month(month))]


def by_engine(bills_: list[PlannedBill], data: CustomerReadings) -> list[Bill]:
    """The bills, reading by reading."""
    carry, found = NOTHING, []
    for one in bills_:
        plan = one.plan
        first, last = day_of(plan.period.start), day_of(plan.period.end - 1)
        own = {span.meter_id: data.days(span.meter_id, first, last) for span in plan.spans}
        days = plan_determinants(plan, own, {}, fill=False)
        begins = opening(plan, carry)
        bill = rate(plan, days, history=begins.peaks, opening=begins.credit)
        carry = closing(bill, plan, begins, past_demand(plan, days))
        found.append(bill)
    return found


def amounts(bill: Bill, planned: PlannedBill) -> list[object]:
    """All that a bill says of money, and of what it is for; its demand where that has a part in it."""
    lines = [
        (one.kind, one.period, one.tier, one.quantity, one.unit_rate, one.amount, one.amount_rounded, one.explanation)
        for one in bill.lines
    ]
    reasons = [one for one in bill.open_reasons if one.kind != "earlier bill open"]
    power = any(needs_demand(one.tariff) for one in planned.plan.segments if one.tariff) and bill.demand_kw
    return [bill.total, bill.total_rounded, bill.energy_kwh, power, bill.peak_energy_share, lines, reasons]


@st.composite
def tariffs(draw: st.DrawFn) -> DatedTariff:
    """One or two versions of any rate, with or without a ratchet; the second from the middle of a month on."""
    zone = draw(st.sampled_from(ZONES))
    documents = draw(st.lists(rates(zones=(zone,), hours_use=True), min_size=1, max_size=2))
    found = [tariff_from_urdb(one) for one in documents]
    if draw(st.booleans()):
        found = [replace(one, ratchet=Ratchet(Decimal("0.8"), (1, 2, 3), 11, Decimal(2))) for one in found]
    if len(found) == 1:
        return always(found[0])
    changed = date(2026, 3, draw(st.integers(2, 28)))
    return dated_tariff("t", [TariffVersion(found[0], None, changed), TariffVersion(found[1], changed)])


@settings(max_examples=50, deadline=None)
@given(
    tariff=tariffs(),
    seconds=st.sampled_from((900, 1800, 3600, 3600)),
    cycle_day=st.sampled_from((1, 1, 15)),
    first=st.sampled_from((date(2020, 1, 1), date(2026, 3, 9))),
    exchanged=st.none() | st.integers(0, 60 * 24),
    seed=st.integers(0, 1_000),
)
def test_a_study_s_bills_are_those_of_the_engine_to_the_last_digit(
    tariff: DatedTariff, seconds: int, cycle_day: int, first: date, exchanged: int | None, seed: int
) -> None:
    zone = tariff.versions[0].tariff.zone
    history = customer(1, tariff.tariff_id, zone, cycle_day=cycle_day, first=first)
    several = seconds == 3600 and cycle_day == 1
    load = readings(date(2026, 2, 27), 66 if several else 52, seconds, seed)
    rows = {"M-1": lake_rows(load)}
    if exchanged is not None:
        at = instant_of(date(2026, 3, 2)) + exchanged * HOUR_S
        meters = [
            Installation(meter_id="M-1", service_point_id="SP-1", start=LONG_AGO, end=at),
            Installation(meter_id="M-2", service_point_id="SP-1", start=at),
        ]
        history = ServiceHistory(history.point, tuple(meters), history.agreements)
        rows = {
            "M-1": lake_rows([one for one in load if one.start < at]),
            "M-2": lake_rows([one for one in load if one.start >= at]),
        }
    plans = planned(history, tariff, ["2026-03", "2026-04"] if several else ["2026-03"])
    data = CustomerReadings(rows)

    found = rated_bills(plans, data)

    event(f"by the engine: {sum(one.by_engine for one in found)} of {len(found)}")
    engines = by_engine(plans, data)
    for plan, one, engine in zip(plans, found, engines, strict=True):
        assert amounts(one.bill, plan) == amounts(engine, plan)


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_published_tariffs_need_no_reading_by_itself(name: str) -> None:
    tariff = published(name)
    load = readings(date(2026, 1, 31), 92, 900, 1)
    plans = planned(customer(1, tariff.tariff_id, ZONE), tariff, ["2026-02", "2026-03", "2026-04"])

    found = rated_bills(plans, CustomerReadings({"M-1": lake_rows(load)}))

    assert [one.by_engine for one in found] == [False] * 3
    own = [one for one in bills(tariff, load) if one.month in ("2026-02", "2026-03", "2026-04")]
    assert [one.bill.total_rounded for one in found] == [one.total_rounded for one in own]


def test_a_gap_is_estimated_as_on_a_bill_and_export_is_credited() -> None:
    tariff = published("residential-solar")
    load = readings(date(2026, 1, 25), 40, 3600, 1)
    gone = {load[20 * 24 + hour].start for hour in range(5)}
    sent = [one._replace(wh=one.wh // 2) for one in load]
    rows = lake_rows([one for one in load if one.start not in gone], sent)
    plans = planned(customer(1, tariff.tariff_id, ZONE), tariff, ["2026-02"])

    (found,) = rated_bills(plans, CustomerReadings({"M-1": rows}))

    assert found.by_engine
    assert (found.bill.intervals.estimated, found.bill.intervals.missing) == (5, 0)
    assert found.bill.received_kwh > 0


def test_periods_without_a_reading_have_no_bill() -> None:
    tariff = published("flat")
    plans = planned(customer(1, tariff.tariff_id, ZONE), tariff, ["2026-01", "2026-02", "2026-03"])
    load = readings(date(2026, 1, 31), 29, 3600, 1)

    found = rated_bills(plans, CustomerReadings({"M-1": lake_rows(load)}))

    assert [one.bill.month for one in found] == ["2026-01", "2026-02"]
    assert not rated_bills(plans, CustomerReadings({}))
