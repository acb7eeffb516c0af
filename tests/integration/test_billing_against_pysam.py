"""Bills against an independent engine: NREL's System Advisor Model, by its Python package."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PySAM import Utilityrate5, UtilityRateTools

from electrocloud.domain.billing.bill import bills
from electrocloud.domain.readings.meter_day import Interval
from electrocloud.domain.tariffs.price_series import price_series
from electrocloud.domain.tariffs.urdb import tariff_from_urdb
from tests.kits.billing_kit import Rate, always
from tests.kits.billing_strategies import UNITS, dollars, schedules, tiers

TARIFFS = Path(__file__).parents[2] / "tariffs"
YEAR = int(datetime(2018, 1, 1, tzinfo=UTC).timestamp())  # SAM's years begin on a Monday, as 2018 does
METERING = {"prorated": 0, "chronological": 2}  # SAM's net metering and net billing, of a load that feeds nothing in


@st.composite
def sam_rates(draw: st.DrawFn) -> Rate:
    """Rates that SAM takes too: the periods of a structure have tiers with the same limits."""
    unit = draw(st.sampled_from((*UNITS, "hours-use")))
    scale = {"kWh": 30, "kWh daily": 1, "kWh/kW": 6, "kWh/kW daily": 0.2, "hours-use": 6}[unit]
    rate: Rate = {"tier_allocation": draw(st.sampled_from(sorted(METERING))), "day_charge_basis": "average_month"}
    rate |= draw(structure("energy", unit, scale))
    rate |= {"fixedchargefirstmeter": draw(dollars), "fixedchargeunits": draw(units("$/year"))}
    rate |= {"mincharge": draw(dollars) * 10, "minchargeunits": draw(units())}
    if draw(st.booleans()):
        rate |= draw(structure("demand", "kW", 0.2))
    if draw(st.booleans()):
        rate["flatdemandstructure"] = draw(st.lists(tiers("kW", scale=0.2), min_size=1, max_size=3))
        rate["flatdemandmonths"] = [month % len(rate["flatdemandstructure"]) for month in range(12)]
    return rate


@st.composite
def structure(draw: st.DrawFn, kind: str, unit: str, scale: float) -> Rate:
    first = draw(tiers("kWh/kW" if unit == "hours-use" else unit, scale=scale))
    if unit == "hours-use":  # SAM has kWh tiers within a first kWh/kW tier; by itself that would be first[0]
        hours = draw(st.integers(1, 200))
        within = [
            {"rate": draw(dollars) / 20, "unit": "kWh", "max": limit} for limit in (draw(st.integers(1, 5_000)), 1e38)
        ]
        above = [{**tier, "max": tier["max"] + hours} if "max" in tier else tier for tier in first]
        first = [{"rate": 0, "max": hours, "unit": "kWh/kW"}, *within, *above]
    others = range(draw(st.integers(0, 3)))
    periods = [first, *([_priced(tier, draw(dollars) / 20) for tier in first] for _ in others)]
    return {
        f"{kind}ratestructure": periods,
        f"{kind}weekdayschedule": draw(schedules(len(periods))),
        f"{kind}weekendschedule": draw(schedules(len(periods))),
    }


def _priced(tier: Rate, rate: float) -> Rate:
    # The adjustment follows the rate: SAM lets no month's energy charge fall below 0, and here prices may be negative.
    return {**tier, "rate": rate} | ({"adj": -rate / 2} if tier.get("adj") else {})


def units(*more: str) -> st.SearchStrategy[str]:
    # An annual minimum is settled once a year by SAM, and a twelfth of it each month here.
    return st.sampled_from(["$/month", "$/day", *more])


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


def sam_ratchet(rate: Rate) -> dict[str, object]:
    """SAM's settings of a ratchet; its converter leaves a month's own peak and the least demand out."""
    flags = rate.get("lookbackmonths") or [1] * 12
    percent = 100 * rate.get("lookbackpercent", 0)
    return {
        "ur_enable_billing_demand": int("lookbackpercent" in rate),
        "ur_billing_demand_minimum": rate.get("billing_demand_minimum", 0),
        "ur_billing_demand_lookback_period": rate.get("lookbackrange", 0),
        "ur_billing_demand_lookback_percentages": [[percent if flag else 0, 1] for flag in flags],
        "ur_dc_billing_demand_periods": [[1, 1]],
        "ur_yearzero_usage_peaks": [0] * 12,
    }


def sam_charges(rate: Rate, kw: Sequence[float]) -> dict[str, list[float]]:
    """What SAM charges each month, by the names that a bill has for it."""
    document = json.loads(json.dumps(rate))  # SAM's converter counts periods up in place, so no row may be shared
    model = Utilityrate5.new()
    model.ElectricityRates.assign(
        {
            "rate_escalation": [0],
            "ur_annual_min_charge": 0,
            "ur_en_ts_buy_rate": int("hourly" in rate),
            "ur_en_ts_sell_rate": 0,
            "ur_sell_eq_buy": 0,
            "ur_ts_buy_rate": rate.get("hourly", [0]),
            "ur_ts_sell_rate": [0],
            "ur_monthly_fixed_charge": 0,
            "ur_monthly_min_charge": 0,
            "ur_nm_credit_month": 11,
            "ur_nm_credit_rollover": 0,
            "ur_nm_yearend_sell_rate": 0,
            "ur_nb_apply_credit_current_month": 0,
            "ur_nb_credit_expire": 0,
            "TOU_demand_single_peak": 0,
            **UtilityRateTools.URDBv8_to_ElectricityRates(document),
            "ur_metering_option": METERING[rate["tier_allocation"]],
            **sam_ratchet(rate),
        }
    )
    model.Lifetime.assign({"analysis_period": 1, "inflation_rate": 0, "system_use_lifetime_output": 0})
    model.SystemOutput.assign({"gen": [0] * len(kw), "degradation": [0]})
    model.Load.assign({"load": kw, "load_escalation": [0]})
    model.execute(0)
    out = model.Outputs
    flat, by_period = out.charge_wo_sys_dc_fixed_ym[1], out.charge_wo_sys_dc_tou_ym[1]
    return {
        "energy_charge": list(out.charge_wo_sys_ec_ym[1]),
        "demand_charge": [one + other for one, other in zip(flat, by_period, strict=True)],
        "fixed_charge": list(out.charge_wo_sys_fixed_ym[1]),
        "minimum_top_up": list(out.charge_wo_sys_minimum_ym[1]),
        "total": list(out.utility_bill_wo_sys_ym[1]),
    }
