"""The rules of a bill, by examples that a person can check."""

from decimal import Decimal

import pytest

from electrocloud.domain.billing.bill import Bill, bills
from electrocloud.domain.readings.meter_day import Interval
from electrocloud.domain.tariffs.urdb import tariff_from_urdb
from tests.kits.billing_kit import Rate, document, hours, instant, load, time_of_use


def one_bill(rate: Rate, readings: list[Interval]) -> Bill:
    (bill,) = bills(tariff_from_urdb(rate), readings)
    return bill


def by_tier(bill: Bill) -> dict[tuple[int | None, int | None], Decimal]:
    return {(line.period, line.tier): line.quantity for line in bill.lines if line.kind == "energy"}


TIERS = [{"rate": 0.10, "max": 3}, {"rate": 0.20, "max": 5}, {"rate": 0.40}]


def test_tiers_are_marginal_and_a_straddling_reading_is_split():
    bill = one_bill(document(TIERS), load("2026-07-01T00:00", [2_000, 2_000, 2_000]))

    assert by_tier(bill) == {(0, 1): 3, (0, 2): 2, (0, 3): 1}
    assert bill.energy_charge == Decimal("1.1")
    assert [line.explanation for line in bill.lines] == [
        "Energy, the first 3 kWh",
        "Energy, from 3 to 5 kWh",
        "Energy, above 5 kWh",
    ]


def test_tiers_restart_each_month():
    july, august = bills(tariff_from_urdb(document(TIERS)), load("2026-07-31T23:00", [3_000, 3_000]))

    assert july.energy_charge == august.energy_charge == Decimal("0.3")


def test_tiers_count_all_the_months_energy_in_time_order_whatever_its_period():
    rate = time_of_use([{"rate": 0.1, "max": 3}, {"rate": 0.2}], [{"rate": 1, "max": 3}, {"rate": 2}])
    bill = one_bill(rate, load("2026-07-01T15:00", [2_000, 2_000]))  # a Wednesday: the second hour is peak

    assert by_tier(bill) == {(0, 1): 2, (1, 1): 1, (1, 2): 1}
    assert bill.energy_charge == Decimal("3.2")


def test_prorated_tiers_are_shared_by_the_periods_as_the_energy_is():
    rate = time_of_use([{"rate": 0.1, "max": 3}, {"rate": 0.2}], [{"rate": 1, "max": 3}, {"rate": 2}])
    bill = one_bill({**rate, "tier_allocation": "prorated"}, load("2026-07-01T15:00", [3_000, 1_000]))

    assert by_tier(bill) == {
        (0, 1): Decimal("2.25"),
        (0, 2): Decimal("0.75"),
        (1, 1): Decimal("0.75"),
        (1, 2): Decimal("0.25"),
    }
    assert bill.energy_charge == Decimal("1.625")


def test_a_daily_limit_is_multiplied_by_the_months_days():
    tiers = [{"rate": 0.1, "max": 0.1, "unit": "kWh daily"}, {"rate": 0.2, "unit": "kWh daily"}]

    assert by_tier(one_bill(document(tiers), load("2026-02-01T00:00", [5_000])))[0, 1] == Decimal("2.8")
    assert by_tier(one_bill(document(tiers), load("2026-07-01T00:00", [5_000])))[0, 1] == Decimal("3.1")


def test_a_limit_for_each_kw_is_multiplied_by_the_months_largest_demand():
    tiers = [{"rate": 0.1, "max": 2, "unit": "kWh/kW"}, {"rate": 0.2, "unit": "kWh/kW"}]
    bill = one_bill(document(tiers), load("2026-07-01T00:00", [1_500, 1_000, 1_000], seconds=1800))

    assert (bill.demand_kw, by_tier(bill)) == (3, {(0, 1): Decimal("3.5")})
    bill = one_bill(document(tiers), load("2026-07-01T00:00", [500] * 9, seconds=1800))
    assert (bill.demand_kw, by_tier(bill)) == (1, {(0, 1): 2, (0, 2): Decimal("2.5")})


FLAT_DEMAND = {
    "flatdemandstructure": [[{"rate": 5, "max": 2}, {"rate": 8}], [{"rate": 1}]],
    "flatdemandmonths": [1] * 6 + [0] * 6,
}
DEMAND = {
    "demandratestructure": [[{"rate": 0}], [{"rate": 3, "adj": 0.5}]],
    "demandweekdayschedule": hours(16, 21),
    "demandweekendschedule": [[0] * 24] * 12,
}


def test_demand_is_the_largest_readings_mean_power_by_the_months_tiers():
    readings = load("2026-07-01T00:00", [500, 750, 600], seconds=900)

    assert one_bill(document(**FLAT_DEMAND), readings).demand_charge == 2 * 5 + 1 * 8
    assert one_bill(document(**FLAT_DEMAND), load("2026-06-01T00:00", [750], seconds=900)).demand_charge == 3


def test_flat_demand_and_demand_by_period_add():
    readings = load("2026-07-01T15:00", [4_000, 3_000])
    bill = one_bill(document(**FLAT_DEMAND, **DEMAND), readings)

    assert [(line.kind, line.period, line.quantity, line.amount) for line in bill.lines if line.unit == "kW"] == [
        ("demand", 1, 3, Decimal("10.5")),
        ("flat demand", 0, 2, 10),
        ("flat demand", 0, 2, 16),
    ]
    assert bill.lines[1].explanation == (
        "Demand, Peak (Mon-Fri 16:00-21:00): the highest, 60 minutes from Wed 1 Jul 2026 16:00"
    )


def test_demand_is_averaged_over_the_tariffs_window():
    readings = load("2026-07-01T00:00", [100, 800, 700, 100], seconds=900)

    assert one_bill(document(demandwindow=30), readings).demand_kw == Decimal("1.8")
    assert one_bill(document(demandwindow=60), readings).demand_kw == Decimal("1.7")
    assert one_bill(document(demandwindow=15), readings).demand_kw == Decimal("3.2")


def test_a_reading_longer_than_the_window_is_its_own_mean():
    assert one_bill(document(demandwindow=15), load("2026-07-01T00:00", [2_000])).demand_kw == 2


def test_windows_follow_the_local_clock_across_a_utc_midnight():
    # In Kathmandu (+5:45) the hour from 05:00 to 06:00 begins at 23:15 UTC.
    readings = load("2026-07-15T05:00", [100, 200, 300, 400], seconds=900, zone="Asia/Kathmandu")
    bill = one_bill(document(demandwindow=60, timezone="Asia/Kathmandu"), readings)

    assert bill.demand_kw == 1


def test_seven_minute_readings_have_their_exact_power():
    bill = one_bill(document(**FLAT_DEMAND), load("2026-01-01T00:00", [7, 6], seconds=420))

    assert bill.demand_kw == Decimal("0.06")
    assert one_bill(document(), load("2026-01-01T00:00", [1], seconds=420)).demand_kw == Decimal(
        "0.008571428571428571428571428571"
    )


def test_the_minimum_bill_charge_has_its_own_line():
    rate = document(0.1, fixedchargefirstmeter=2, mincharge=5)

    assert [line.kind for line in one_bill(rate, load("2026-07-01T00:00", [10_000])).lines] == [
        "energy",
        "fixed",
        "minimum",
    ]
    assert one_bill(rate, load("2026-07-01T00:00", [10_000])).minimum_top_up == 2
    assert one_bill(rate, load("2026-07-01T00:00", [50_000])).minimum_top_up == 0
    assert one_bill(rate, load("2026-07-01T00:00", [50_000])).total == 7


def test_each_line_is_rounded_half_to_even_and_the_total_is_their_sum():
    tiers = [{"rate": 0.125, "max": 1}, {"rate": 0.375, "max": 2}, {"rate": 0.135}]
    bill = one_bill(document(tiers), load("2026-07-01T00:00", [3_000]))

    assert [str(line.amount_rounded) for line in bill.lines] == ["0.12", "0.38", "0.14"]
    assert (bill.total, str(bill.total_rounded)) == (Decimal("0.635"), "0.64")


def test_a_repeating_decimal_is_given_to_28_digits():
    rate = document(0, fixedchargefirstmeter=0.1, fixedchargeunits="$/day", day_charge_basis="average_month")
    bill = one_bill(rate, load("2026-07-01T00:00", [0]))

    assert str(bill.fixed_charge) == "3.041666666666666666666666667"
    assert bill.lines[0].explanation == "Service, $0.10 a day x 365/12"


def test_all_25_hours_are_billed_when_the_clock_goes_back():
    zone = "Europe/Berlin"
    readings = load("2026-10-25T00:00", [1_000] * 25, zone=zone)
    rate = {**time_of_use(0.1, 1), "energyweekendschedule": hours(2, 3), "timezone": zone}
    bill = one_bill(rate, readings)

    assert readings[-1].start == instant("2026-10-25T23:00", zone)
    assert by_tier(bill) == {(0, 1): 23, (1, 1): 2}  # the hour from 2 to 3 comes twice
    assert bill.intervals.expected == 31 * 24 + 1


@pytest.mark.parametrize("zone", ["Asia/Kolkata", "Asia/Kathmandu", "America/St_Johns"])
def test_zones_off_the_hour_change_periods_and_months_on_their_own_hour(zone: str):
    rate = {**time_of_use(0.1, 1), "timezone": zone}
    (bill,) = bills(tariff_from_urdb(rate), load("2026-07-01T15:45", [100, 100, 100], seconds=900, zone=zone))
    assert by_tier(bill) == {(0, 1): Decimal("0.1"), (1, 1): Decimal("0.2")}

    june, july = bills(tariff_from_urdb(rate), load("2026-06-30T23:45", [100, 100], seconds=900, zone=zone))
    assert (june.month, june.energy_kwh, july.month, july.energy_kwh) == (
        "2026-06",
        Decimal("0.1"),
        "2026-07",
        Decimal("0.1"),
    )


def test_a_month_without_a_gap_is_final_and_one_with_a_gap_counts_it():
    whole = load("2026-02-01T00:00", [100] * 28 * 24)

    assert one_bill(document(), whole).status == "final"
    bill = one_bill(document(), [*whole[:30], *whole[33:600]])
    assert bill.status == "provisional"
    assert (bill.intervals.expected, bill.intervals.read, bill.intervals.missing) == (672, 597, 75)


def test_days_without_readings_lack_what_they_would_have_had_in_local_time():
    # July in Kathmandu ends at 18:15 UTC, and hourly readings start on the hour UTC: 24 x 31 of them.
    readings = load("2026-07-10T00:00", [100] * 24)
    bill = one_bill(document(timezone="Asia/Kathmandu"), readings)

    assert (bill.intervals.expected, bill.intervals.missing) == (744, 720)


def test_estimated_energy_and_demand_are_marked_on_their_lines():
    tariff = tariff_from_urdb(time_of_use(0.1, 1, **FLAT_DEMAND))
    read, guessed = load("2026-07-01T14:00", [1_000, 3_000, 2_000]), load("2026-07-01T17:00", [3_000])
    (bill,) = bills(tariff, read, guessed)

    assert [(line.kind, str(line.estimated_share)) for line in bill.lines] == [
        ("energy", "0"),
        ("energy", "0.6000"),
        ("flat demand", "0"),
        ("flat demand", "0"),
    ]
    assert (bill.intervals.read, bill.intervals.estimated) == (3, 1)
    (bill,) = bills(tariff, read, load("2026-07-01T17:00", [4_000]))
    assert [str(line.estimated_share) for line in bill.lines[2:]] == ["1.0000", "1.0000"]


def test_peak_shares_refer_to_the_most_expensive_period():
    bill = one_bill(time_of_use(0.1, 0.4, **DEMAND), load("2026-07-01T15:00", [3_000, 1_000]))

    assert str(bill.peak_energy_share) == "0.2500"
    assert str(bill.peak_bill_share) == "0.9286"  # 0.4 + 3.5 of 0.3 + 0.4 + 3.5
    assert one_bill(document(0.3), load("2026-07-01T15:00", [3_000])).peak_energy_share == 0


def test_a_season_has_its_own_prices():
    summer = [[int(5 <= month < 9)] * 24 for month in range(12)]
    rate = {**time_of_use(0.1, 0.2), "energyweekdayschedule": summer, "energyweekendschedule": summer}

    assert one_bill(rate, load("2026-06-30T00:00", [1_000])).energy_charge == Decimal("0.2")
    assert one_bill(rate, load("2026-10-01T00:00", [1_000])).energy_charge == Decimal("0.1")
