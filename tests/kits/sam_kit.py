"""SAM, NREL's System Advisor Model, as an oracle for bills: tariffs that it takes, and a year of its charges."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st
from PySAM import Utilityrate5, UtilityRateTools

from tests.kits.billing_kit import Rate
from tests.kits.billing_strategies import UNITS, dollars, schedules, tiers

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


def run_sam(rate: Rate, load_kw: Sequence[float], gen_kw: Sequence[float], settings: Mapping[str, Any]) -> Any:
    """SAM's model after a year of a load and what is generated behind its meter: `Outputs` has its results."""
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
            **sam_ratchet(rate),
            **settings,
        }
    )
    model.Lifetime.assign({"analysis_period": 1, "inflation_rate": 0, "system_use_lifetime_output": 0})
    model.SystemOutput.assign({"gen": list(gen_kw), "degradation": [0]})
    model.Load.assign({"load": list(load_kw), "load_escalation": [0]})
    model.execute(0)
    return model


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
