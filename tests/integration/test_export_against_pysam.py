"""Bills with export against SAM: each of its metering options, with its settings of credits and true-up."""

import math
from collections.abc import Sequence
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from electrocloud.domain.billing.bill import Bill, bills
from electrocloud.domain.billing.credit import NO_CREDIT
from electrocloud.domain.readings.meter_day import Interval
from electrocloud.domain.tariffs.metering import OPTIONS
from electrocloud.domain.tariffs.urdb import tariff_from_urdb
from tests.kits.billing_kit import Rate, always, hours
from tests.kits.sam_kit import YEAR, run_sam, sam_rates

ALLOCATIONS = ("chronological", "prorated")
HOME, SHOP = 1, 12  # kW of use at the most


def a_year(top_kw: float, seconds: int, seed: int = 1) -> tuple[list[int], list[int]]:
    """A year of use and of solar generation (Wh by interval): about as much of the one as of the other."""
    chance = Random(seed)
    use, sun = [], []
    for number in range(365 * 86_400 // seconds):
        at = number * seconds
        day, hour = at // 86_400, at % 86_400 / 3600
        season = 1 - 0.5 * math.cos(2 * math.pi * (day + 10) / 365)
        evening = 2.2 if 17 <= hour < 22 else 1
        use.append(int(chance.random() * evening * top_kw * 1000 * seconds / 3600))
        sun.append(int(max(0.0, math.sin(math.pi * (hour - 6) / 12)) * season * 2.3 * top_kw * 1000 * seconds / 3600))
    return use, sun


def residential(**fields: Any) -> Rate:
    """Time of use with two tiers, in seasons that have other periods, and sell rates by period and tier."""
    prices = [(0.11, 0.15, 0.03), (0.31, 0.38, 0.09), (0.09, 0.12, 0.025), (0.21, 0.27, 0.07)]
    return {
        "day_charge_basis": "average_month",
        "energyratestructure": [
            [{"rate": low, "max": 400, "unit": "kWh", "sell": sell}, {"rate": high, "unit": "kWh", "sell": sell / 2}]
            for low, high, sell in prices
        ],
        "energyweekdayschedule": by_season(2, 0),
        "energyweekendschedule": by_season(2, 0, peak=False),
        "fixedchargefirstmeter": 11.5,
        "fixedchargeunits": "$/month",
        "mincharge": 14,
        "minchargeunits": "$/month",
        **fields,
    }


def commercial(**fields: Any) -> Rate:
    """Hours-use tiers, demand at any time and by period."""
    tiers = [
        {"rate": 0.14, "max": 120, "unit": "kWh/kW", "sell": 0.05},
        {"rate": 0.08, "max": 300, "unit": "kWh/kW", "sell": 0.04},
        {"rate": 0.05, "unit": "kWh/kW", "sell": 0.02},
    ]
    return {
        "day_charge_basis": "average_month",
        "energyratestructure": [tiers],
        "energyweekdayschedule": always(),
        "energyweekendschedule": always(),
        "flatdemandstructure": [[{"rate": 6.5}]],
        "flatdemandmonths": [0] * 12,
        "demandratestructure": [[{"rate": 1}], [{"rate": 9.25}]],
        "demandweekdayschedule": hours(12, 20),
        "demandweekendschedule": always(),
        **fields,
    }


def by_season(winter: int, summer: int, *, peak: bool = True) -> list[list[int]]:
    """Schedules with the periods `winter`, and from June to September `summer`; the period after each from 16 to 21."""
    firsts = [summer if 5 <= month <= 8 else winter for month in range(12)]
    return [[first + (peak and 16 <= hour < 21) for hour in range(24)] for first in firsts]


LOADS = {"home": (residential, HOME), "shop": (commercial, SHOP)}
DECEMBER, JULY, SEPTEMBER = ({"ur_nm_credit_month": month} for month in (11, 6, 8))
YEAR_END = {"ur_nm_yearend_sell_rate": 0.03}
CREDITS: dict[str, list[Rate]] = {
    "net-metering": [YEAR_END | DECEMBER, YEAR_END | JULY, YEAR_END | JULY | {"ur_nm_credit_rollover": 1}],
    "net-metering-dollars": [DECEMBER, JULY],
    "net-billing": [{}],
    "net-billing-carryover": [
        DECEMBER,
        SEPTEMBER,
        SEPTEMBER | {"ur_nb_credit_expire": 1},
        SEPTEMBER | {"ur_nb_apply_credit_current_month": 1},
    ],
    "buy-all-sell-all": [{}],
}
CASES = [(option, credits) for option in OPTIONS for credits in CREDITS[option]]


@pytest.mark.parametrize("load", sorted(LOADS))
@pytest.mark.parametrize("allocation", ALLOCATIONS)
@pytest.mark.parametrize(("option", "credits"), CASES, ids=str)
def test_a_year_with_solar_agrees_with_sam(load: str, allocation: str, option: str, credits: Rate):
    tariff, top_kw = LOADS[load]
    rate = tariff(tier_allocation=allocation, ur_metering_option=OPTIONS.index(option), **credits)
    if allocation == "prorated" and load == "home" and not option.startswith("net-metering"):
        assert_parts_agree(rate, *a_year(top_kw, 3600))
    else:
        assert_agreement(rate, *a_year(top_kw, 900), 900)


def assert_parts_agree(rate: Rate, use: Sequence[int], sun: Sequence[int]) -> None:
    """SAM counts tiers in time order in net billing, and by shares in net metering: so each direction alone is compared
    with net metering of a year that has no other. What a month earns is what its true-up has more than the month's
    before."""
    delivered, received = both_directions(rate, use, sun)
    ours = bills(tariff_from_urdb(rate), intervals(delivered, 3600), received=intervals(received, 3600))
    nothing = [0] * len(use)
    bought = run_sam(rate, kilowatts(delivered, 3600), nothing, {"ur_metering_option": 0})
    earned: list[float] = []
    for month in range(12):
        by_month = {"ur_metering_option": 1, "ur_nm_credit_month": month}
        sold = run_sam(rate, nothing, kilowatts(received, 3600), by_month)
        earned.append(sold.Outputs.true_up_credits_ym[1][month] - sum(earned))

    assert [float(bill.energy_charge) for bill in ours] == pytest.approx(
        bought.Outputs.charge_wo_sys_ec_ym[1], abs=1e-6
    )
    assert [value_of_export(bill) for bill in ours] == pytest.approx(earned, rel=0, abs=1e-6)


def value_of_export(bill: Bill) -> float:
    assert bill.credit is not None
    sales = sum(line.amount for line in bill.lines if line.kind == "export" and line.unit == "kWh")
    return float(bill.credit.earned - sales)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(sam_rates(), st.data(), st.integers(0, 2**32), st.sampled_from([3600, 900]))
def test_any_tariff_agrees_with_sam_by_any_option(rate: Rate, data: st.DataObject, seed: int, seconds: int):
    option = data.draw(st.integers(0, 4))
    if option >= 2:  # in SAM net billing counts tiers in time order, and net metering by shares
        rate["tier_allocation"] = "chronological"
    if option == 0:
        place_periods(rate)
    sells = st.integers(0, 30_000).map(lambda number: number / 100_000)
    for tiers in rate["energyratestructure"]:
        for tier in tiers:
            tier["sell"] = data.draw(sells)
    rate |= {
        "ur_metering_option": option,
        "ur_nm_credit_month": data.draw(st.integers(0, 11)),
        "ur_nm_yearend_sell_rate": data.draw(sells),
        "ur_nm_credit_rollover": int(option == 0 and data.draw(st.booleans())),  # by $ SAM pays and keeps the credit
        "ur_nb_credit_expire": data.draw(st.integers(0, 1)),
        "ur_nb_apply_credit_current_month": data.draw(st.integers(0, 1)),
    }
    assert_agreement(rate, *a_year(Random(seed).choice([0.5, 3, 20]), seconds, seed), seconds)


def place_periods(rate: Rate) -> None:
    """Give each energy period an hour by which SAM hands on its credit in kWh: it loses those of other periods."""
    for row in rate["energyweekdayschedule"]:
        for period, hour in zip(range(len(rate["energyratestructure"])), (0, 5, 11, 17), strict=False):
            row[hour] = period


def assert_agreement(rate: Rate, use: Sequence[int], sun: Sequence[int], seconds: int) -> None:
    """Every month's charges are SAM's: of a load behind one meter that nets each interval, or of two meters."""
    delivered, received = both_directions(rate, use, sun)
    ours = bills(tariff_from_urdb(rate), intervals(delivered, seconds), received=intervals(received, seconds))
    theirs = sam_charges(rate, use, sun, seconds)

    assert len(ours) == 12
    for charge, monthly in theirs.items():
        assert [found(bill, charge) for bill in ours] == pytest.approx(monthly, rel=0, abs=1e-6), charge
    assert_credit_chain(ours)


def both_directions(rate: Rate, use: Sequence[int], sun: Sequence[int]) -> tuple[Sequence[int], Sequence[int]]:
    if OPTIONS[rate["ur_metering_option"]] == "buy-all-sell-all":
        return use, sun
    delivered = [max(0, one - other) for one, other in zip(use, sun, strict=True)]
    return delivered, [max(0, other - one) for one, other in zip(use, sun, strict=True)]


def assert_credit_chain(ours: Sequence[Bill]) -> None:
    """A bill begins with what the one before left, and each $ of it is accounted for."""
    credit = NO_CREDIT
    for bill in ours:
        assert bill.credit is not None
        account, opening = bill.credit, credit
        assert account.opening == opening
        spent = account.used + account.paid_out + account.expired + account.closing.dollars
        assert abs(account.opening.dollars + account.earned - spent) < Decimal("1e-20")
        credit = account.closing


def found(bill: Bill, charge: str) -> float:
    """What SAM calls a charge, of a bill: its energy charge is less the credits, before a true-up."""
    if charge == "energy less credits":
        assert bill.credit is not None
        return float(bill.energy_charge + bill.export_credit + bill.credit.paid_out)
    if charge == "paid out":
        assert bill.credit is not None
        return float(bill.credit.paid_out)
    return float(getattr(bill, charge))


def intervals(wh: Sequence[int], seconds: int) -> list[Interval]:
    return [Interval(YEAR + number * seconds, seconds, energy) for number, energy in enumerate(wh)]


def kilowatts(wh: Sequence[int], seconds: int) -> list[float]:
    return [energy / 1000 * 3600 / seconds for energy in wh]


def sam_charges(rate: Rate, use: Sequence[int], sun: Sequence[int], seconds: int) -> dict[str, list[float]]:
    kw, generated = kilowatts(use, seconds), kilowatts(sun, seconds)
    model = run_sam(rate, kw, generated, {name: value for name, value in rate.items() if name.startswith("ur_")})
    out = model.Outputs
    flat, by_period = out.charge_w_sys_dc_fixed_ym[1], out.charge_w_sys_dc_tou_ym[1]
    return {
        "demand_charge": [one + other for one, other in zip(flat, by_period, strict=True)],
        "fixed_charge": list(out.charge_w_sys_fixed_ym[1]),
        "energy less credits": list(out.charge_w_sys_ec_ym[1]),
        "minimum_top_up": list(out.charge_w_sys_minimum_ym[1]),
        "paid out": list(out.true_up_credits_ym[1]),
        "total": list(out.utility_bill_w_sys_ym[1]),
    }
