"""Export: netting, credits from bill to bill, and what they do and do not pay for."""

from datetime import date
from decimal import Decimal
from itertools import chain
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from electrocloud.domain.billing.bill import Bill, bills, reissue
from electrocloud.domain.billing.credit import NO_CREDIT, Credit
from electrocloud.domain.billing.credit_account import CreditAccount
from electrocloud.domain.billing.terms import ServiceTerms, prices_of
from electrocloud.domain.readings.meter_day import Interval
from electrocloud.domain.registry.records import Agreement
from electrocloud.domain.tariffs.metering import OPTIONS
from electrocloud.domain.tariffs.tariff import Tariff
from electrocloud.domain.tariffs.urdb import tariff_from_urdb
from electrocloud.domain.tariffs.versions import TariffVersion, always, dated_tariff
from tests.kits.billing_kit import document, instant, load, time_of_use
from tests.kits.billing_strategies import loads, rates

JULY = instant("2026-07-01T00:00")


def tariff(option: str, **fields: Any) -> Tariff:
    return tariff_from_urdb(document([{"rate": 0.1, "sell": 0.04}], ur_metering_option=OPTIONS.index(option), **fields))


def at(month: int, wh: int, hour: int = 12) -> list[Interval]:
    return load(f"2026-{month:02}-10T{hour:02}:00", [wh])


def account(bill: Bill) -> CreditAccount:
    assert bill.credit is not None
    return bill.credit


def test_a_load_without_export_is_billed_the_same_whatever_the_option():
    use = load("2026-07-01T00:00", [500] * 744)
    (plain,) = bills(tariff_from_urdb(document(0.1)), use)

    for option in OPTIONS:
        (bill,) = bills(tariff(option), use)
        assert (bill.total, bill.lines, bill.credit) == (plain.total, plain.lines, None)


def test_a_tariff_that_names_no_option_credits_nothing():
    (bill,) = bills(tariff_from_urdb(document(0.1)), at(7, 10_000), received=at(7, 4_000))

    assert (bill.total, bill.received_kwh, bill.credit) == (1, 4, None)


@pytest.mark.parametrize("says", [{}, {"ur_metering_option": 0}])
def test_an_agreement_says_how_its_export_is_credited_whatever_the_tariff_says(says: dict[str, int]) -> None:
    prices = always(tariff_from_urdb(document([{"rate": 0.1, "sell": 0.04}], **says)))
    record = Agreement(
        agreement_id="a", account_id="c", service_point_id="p", tariff_id="t", first=date(2026, 1, 1),
        metering="net-billing",
    )  # fmt: skip
    later = msgspec.structs.replace(record, first=date(2026, 7, 11), metering="")
    both = prices_of([msgspec.structs.replace(record, end=date(2026, 7, 11)), later], {"t": prices})
    (bill,) = bills(prices_of([record], {"t": prices}), at(7, 10_000), received=at(7, 4_000))

    assert bill.total == Decimal("0.84")
    assert both.versions[0].tariff is prices_of([record], {"t": prices}).versions[0].tariff
    assert both.versions[1].tariff is prices.versions[0].tariff


def test_a_credit_in_dollars_pays_for_energy_and_for_nothing_else():
    rules = tariff("net-billing-carryover", fixedchargefirstmeter=7, flatdemandstructure=[[{"rate": 2}]])
    (bill,) = bills(rules, at(7, 10_000), received=at(7, 0), opening=Credit(dollars=Decimal(50)))

    assert (bill.energy_charge, bill.demand_charge, bill.fixed_charge) == (1, 20, 7)
    assert (bill.export_credit, bill.total) == (-1, 27)
    assert account(bill).closing == Credit(dollars=Decimal(49))


def test_an_open_credit_is_used_by_a_month_without_export():
    issued = bills(tariff("net-metering"), [*at(7, 1_000), *at(8, 3_000)], received=at(7, 3_500))

    assert [bill.total for bill in issued] == [0, Decimal("0.05")]
    assert account(issued[1]).opening == Credit(wh={0: 2_500}, net_wh=2_500)
    assert account(issued[1]).closing == NO_CREDIT


def test_the_bills_of_a_file_and_of_its_months_one_after_the_other_are_the_same():
    use = {month: at(month, 3_000 * (month % 3)) for month in range(3, 9)}
    sun = {month: at(month, 2_500, hour=13) for month in range(3, 9)}
    for option in OPTIONS:
        rules = tariff(option, ur_nm_credit_month=5, ur_nm_yearend_sell_rate=0.03)
        whole = bills(rules, chain(*use.values()), received=chain(*sun.values()))
        credit, single = NO_CREDIT, []
        for month in use:
            (bill,) = bills(rules, use[month], received=sun[month], opening=credit)
            single.append(bill)
            credit = account(bill).closing
        assert single == whole


def test_a_correction_changes_the_month_and_those_that_follow():
    rules = tariff("net-metering")
    use = [*at(3, 1_000), *at(4, 2_000), *at(5, 2_000)]
    before = bills(rules, use, received=at(3, 4_000))
    after = bills(rules, use, received=at(3, 2_500))

    assert [bill.total for bill in before] == [0, 0, Decimal("0.1")]
    assert [bill.total for bill in after] == [0, Decimal("0.05"), Decimal("0.2")]
    assert reissue(before[0], after[0]).version == 2  # it owes the same, and leaves another credit
    assert reissue(before[1], before[1]) is before[1]


def test_a_price_change_within_a_month_nets_each_part_and_moves_its_credit_on():
    old = tariff_from_urdb(document(0.1, dgrules="Net Metering"))
    new = tariff_from_urdb(document(0.2, dgrules="Net Metering"))
    prices = dated_tariff("T", [TariffVersion(old), TariffVersion(new, date(2026, 7, 16))])
    use = [*load("2026-07-10T12:00", [1_000]), *load("2026-07-20T12:00", [5_000])]
    (bill,) = bills(prices, use, received=load("2026-07-10T13:00", [4_000]))

    assert [(line.segment, line.quantity, line.amount) for line in bill.lines] == [(1, 2, Decimal("0.4"))]
    assert [(one.segment, one.opening_kwh, one.closing_kwh) for one in account(bill).periods] == [(0, 0, 3), (1, 3, 0)]


def test_a_credit_in_kwh_goes_to_the_period_that_holds_at_the_same_time_of_day():
    winter = [[2 if hour < 16 else 3 for hour in range(24)]]
    summer = [[0 if hour < 16 else 1 for hour in range(24)]]
    schedule = winter * 5 + summer * 4 + winter * 3
    rate = document(0.1, dgrules="Net Metering") | {
        "energyratestructure": [[{"rate": price}] for price in (0.1, 0.3, 0.1, 0.2)],
        "energyweekdayschedule": schedule,
        "energyweekendschedule": schedule,
    }
    issued = bills(tariff_from_urdb(rate), at(10, 5_000, hour=18), received=[*at(9, 700), *at(9, 900, hour=18)])

    assert account(issued[0]).closing.wh == {0: 700, 1: 900}
    assert account(issued[1]).opening.wh == {0: 700, 1: 900}
    assert [(one.period, one.opening_kwh) for one in account(issued[1]).periods] == [
        (2, Decimal("0.7")),
        (3, Decimal("0.9")),
    ]
    assert issued[1].total == Decimal("4.1") * Decimal("0.2")


def test_estimated_energy_keeps_its_share_of_what_is_left_after_netting():
    read, guessed = at(7, 6_000), at(7, 2_000, hour=13)
    (bill,) = bills(tariff("net-metering"), read, guessed, received=at(7, 4_000))

    assert [line.estimated_share for line in bill.lines] == [Decimal("0.25")]


def test_a_rider_on_delivered_energy_is_not_bypassed_and_one_on_billed_energy_is():
    riders = [
        {"name": "Public purpose", "amount": 0.02, "unit": "$/kWh delivered"},
        {"name": "Fuel", "amount": 0.01, "unit": "$/kWh"},
    ]
    (bill,) = bills(tariff("net-metering", riders=riders), at(7, 10_000), received=at(7, 4_000))

    assert [(line.explanation, line.quantity, line.amount) for line in bill.lines if line.kind == "rider"] == [
        ("Public purpose", 10, Decimal("0.2")),
        ("Fuel", 6, Decimal("0.06")),
    ]


def test_a_tax_is_on_charges_and_on_export_only_if_it_says_so():
    taxes = [
        {"name": "State tax", "percent": 10},
        {"name": "Net tax", "percent": 10, "of": ["energy", "export"]},
    ]
    (bill,) = bills(tariff("net-billing", taxes=taxes), at(7, 10_000), received=at(7, 5_000))

    assert [line.amount for line in bill.lines if line.kind == "tax"] == [Decimal("0.1"), Decimal("0.08")]


def test_received_energy_is_no_demand_and_no_reading_that_is_due():
    (bill,) = bills(tariff("net-billing"), load("2026-07-01T00:00", [1_000] * 744), received=at(7, 90_000))

    assert (bill.demand_kw, bill.intervals.read, bill.intervals.missing, bill.status) == (1, 744, 0, "final")


def test_a_received_reading_that_spans_two_sell_rates_leaves_the_bill_open():
    rate = time_of_use([{"rate": 0.1, "sell": 0.02}], [{"rate": 0.1, "sell": 0.08}], ur_metering_option=2)
    long = [Interval(instant("2026-07-01T12:00"), 6 * 3600, 6_000)]
    own = ServiceTerms()
    (bill,) = bills(tariff_from_urdb(rate), load("2026-07-01T12:00", [0] * 6), received=long, terms=own)
    assert [reason.kind for reason in bill.open_reasons] == ["long reading"]

    (shared,) = bills(
        tariff_from_urdb(rate), load("2026-07-01T12:00", [0] * 6), received=long, terms=own._replace(spread="even")
    )
    assert shared.export_credit == -(4 * Decimal("0.02") + 2 * Decimal("0.08"))


def test_export_without_a_sell_rate_leaves_the_bill_open():
    rules = tariff_from_urdb(document(0.1, dgrules="Net Billing Instantaneous"))
    (bill,) = bills(rules, at(7, 1_000), received=at(7, 1))

    assert [reason.kind for reason in bill.open_reasons] == ["no sell rate"]


@settings(max_examples=60, deadline=None)
@given(rates(), loads(), st.sampled_from(OPTIONS), st.randoms(use_true_random=False), st.booleans())
def test_export_is_billed_the_same_in_any_order_and_every_dollar_is_accounted_for(
    rate: dict[str, Any], use: list[Interval], option: str, chance: Any, rollover: bool
):
    rate |= {
        "ur_metering_option": OPTIONS.index(option),
        "sell_rate": 0.07,
        "ur_nm_credit_month": chance.randint(0, 11),
        "ur_nm_credit_rollover": rollover,
    }
    sun = [reading._replace(wh=chance.randint(0, 4_000)) for reading in use]
    rules = tariff_from_urdb(rate)
    opening = Credit(dollars=Decimal("1.25"), wh={0: 1_500}, net_wh=1_500)
    issued = bills(rules, use, received=sun, opening=opening)
    shuffled = [*use, *use], [*sun, *sun]
    for one in shuffled:
        chance.shuffle(one)

    assert bills(rules, shuffled[0], received=shuffled[1], opening=opening) == issued
    for bill in issued:
        own = account(bill)
        assert own.opening == opening
        parts = bill.energy_charge + bill.demand_charge + bill.fixed_charge + bill.minimum_top_up + bill.export_credit
        assert abs(parts + bill.rider_charge + bill.tax - bill.total) < Decimal("1e-20")
        spent = own.used + own.paid_out + own.expired + own.closing.dollars
        assert abs(own.opening.dollars + own.earned - spent) < Decimal("1e-20")
        for one in own.periods:
            assert one.delivered_kwh - one.received_kwh - one.opening_kwh == one.billed_kwh - one.closing_kwh
        opening = own.closing
