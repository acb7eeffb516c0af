"""Bills against an independent engine: NREL's System Advisor Model, by its Python package."""

import json
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from electrocloud.domain.billing.bill import bills
from electrocloud.domain.readings.meter_day import Interval
from electrocloud.domain.tariffs.price_series import price_series
from electrocloud.domain.tariffs.urdb import tariff_from_urdb
from tests.kits.billing_kit import Rate, always
from tests.kits.sam_kit import METERING, YEAR, run_sam, sam_rates

TARIFFS = Path(__file__).parents[2] / "tariffs"


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(sam_rates(), st.integers(0, 2**32), st.sampled_from([3600, 1800, 900]))
def test_a_year_of_bills_agrees_with_sam(rate: Rate, seed: int, seconds: int):
    chance = Random(seed)
    top = chance.choice([500, 3_000, 20_000]) * seconds // 3600
    assert_agreement(rate, [chance.randint(0, top) for _ in range(365 * 86_400 // seconds)], seconds)


@pytest.mark.parametrize("path", sorted(TARIFFS.glob("*.json")), ids=lambda path: path.stem)
@pytest.mark.parametrize("allocation", sorted(METERING))
def test_the_tariffs_that_come_with_this_agree_with_sam(path: Path, allocation: str):
    chance = Random(1)
    rate = json.loads(path.read_text()) | {
        "timezone": "UTC",
        "tier_allocation": allocation,
        "day_charge_basis": "average_month",
    }
    most_kw = 80 if path.stem.startswith("commercial") else 4
    assert_agreement(rate, [chance.randint(0, most_kw * 250) for _ in range(365 * 96)], 900)


@pytest.mark.parametrize("seconds", [3600, 900])
@pytest.mark.parametrize("adder", [0, 0.03])
def test_a_year_at_hourly_prices_agrees_with_sam(seconds: int, adder: float):
    chance = Random(1)
    count = 365 * 86_400 // seconds
    prices = [chance.randint(-50, 400) / 1000 for _ in range(count)]
    rate = {
        "tier_allocation": "chronological",
        "day_charge_basis": "average_month",
        "energy_prices": {"name": "Real-time prices"},
        "energyratestructure": [[{"rate": adder}]],
        "energyweekdayschedule": always(),
        "energyweekendschedule": always(),
        "fixedchargefirstmeter": 9,
        "fixedchargeunits": "$/month",
        "flatdemandstructure": [[{"rate": 3.5}]],
        "flatdemandmonths": [0] * 12,
    }
    assert_agreement(rate, [chance.randint(0, 5_000) for _ in range(count)], seconds, prices)


def assert_agreement(rate: Rate, load: Sequence[int], seconds: int, prices: Sequence[float] = ()) -> None:
    readings = [Interval(YEAR + number * seconds, seconds, wh) for number, wh in enumerate(load)]
    starts = range(YEAR, YEAR + len(load) * seconds, seconds)
    series = price_series(zip(starts, map(Decimal, map(str, prices)), strict=True)) if prices else None
    ours = bills(tariff_from_urdb(rate, series=series), readings)
    if prices:  # SAM's take the place of the tariff's, and here they come on top
        rate = rate | {"hourly": [price + rate["energyratestructure"][0][0]["rate"] for price in prices]}
    theirs = sam_charges(rate, [wh / 1000 * 3600 / seconds for wh in load])

    assert len(ours) == 12
    for charge, monthly in theirs.items():
        assert [float(getattr(bill, charge)) for bill in ours] == pytest.approx(monthly, rel=0, abs=1e-6), charge


@pytest.mark.parametrize("allocation", sorted(METERING))
@pytest.mark.parametrize("months", [None, [0] * 5 + [1] * 4 + [0] * 3])
@pytest.mark.parametrize(("percent", "lookback", "least"), [(0.8, 11, 0), (0.5, 3, 0), (0.6, 12, 400), (0, 0, 300)])
def test_a_year_with_a_demand_ratchet_agrees_with_sam(
    allocation: str, months: list[int] | None, percent: float, lookback: int, least: float
):
    rate = {
        "tier_allocation": allocation,
        "day_charge_basis": "average_month",
        "energyratestructure": [[{"rate": 0.1, "max": 300, "unit": "kWh/kW"}, {"rate": 0.05, "unit": "kWh/kW"}]],
        "flatdemandstructure": [[{"rate": 10, "max": 200}, {"rate": 8}]],
        "flatdemandmonths": [0] * 12,
        "energyweekdayschedule": always(),
        "energyweekendschedule": always(),
        "lookbackpercent": percent,
        "lookbackrange": lookback,
        "billing_demand_minimum": least,
        **({"lookbackmonths": months} if months else {}),
    }
    chance = Random(1)
    top = [chance.randint(100, 900) * 1000 for _ in range(53)]

    assert_agreement(rate, [chance.randint(0, top[hour // 168]) for hour in range(8_760)], 3600)


def sam_charges(rate: Rate, kw: Sequence[float]) -> dict[str, list[float]]:
    """What SAM charges each month, by the names that a bill has for it."""
    option = METERING[rate["tier_allocation"]]
    model = run_sam(rate, kw, [0] * len(kw), {"ur_metering_option": option})
    out = model.Outputs
    flat, by_period = out.charge_wo_sys_dc_fixed_ym[1], out.charge_wo_sys_dc_tou_ym[1]
    return {
        "energy_charge": list(out.charge_wo_sys_ec_ym[1]),
        "demand_charge": [one + other for one, other in zip(flat, by_period, strict=True)],
        "fixed_charge": list(out.charge_wo_sys_fixed_ym[1]),
        "minimum_top_up": list(out.charge_wo_sys_minimum_ym[1]),
        "total": list(out.utility_bill_wo_sys_ym[1]),
    }
