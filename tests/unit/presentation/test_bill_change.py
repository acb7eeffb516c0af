"""Why a bill differs from the one before: parts that add up, and the sentence."""

from fractions import Fraction

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from electrocloud.domain.billing.bill import Bill, bills
from electrocloud.domain.tariffs.urdb import tariff_from_urdb
from presentation.bill_change import Part, WeatherChange, parts, sentence
from presentation.temperature_text import FAHRENHEIT
from tests.kits.billing_kit import document, load, time_of_use

HOURS = {"2026-01": 744, "2026-02": 672}


def bill(month: str, wh: int, rate: float = 0.10, **fields: object) -> Bill:
    tariff = tariff_from_urdb(document(rate, timezone="UTC", fixedchargefirstmeter=10.0, **fields))
    (found,) = bills(tariff, load(f"{month}-01", [wh] * HOURS[month]), meter_id="m-1")
    return found


@given(
    st.integers(0, 5_000), st.integers(0, 5_000), st.sampled_from((0.05, 0.1, 0.31)), st.sampled_from((0.05, 0.1, 0.31))
)
def test_the_parts_add_up_to_the_difference(one: int, other: int, rate: float, new_rate: float) -> None:
    tiers = [{"rate": rate, "max": 300.0}, {"rate": 2 * rate}]
    before = bill("2026-02", one, rate)
    tariff = tariff_from_urdb(time_of_use(tiers, new_rate, timezone="UTC", fixedchargefirstmeter=12.0))
    (after,) = bills(tariff, load("2026-01-01", [other] * 744), meter_id="m-1")

    found = parts(before, after)

    assert sum((part.amount for part in found), Fraction(0)) == Fraction(after.total) - Fraction(before.total)


def test_more_days_more_use_and_a_higher_price_are_named_with_their_amounts() -> None:
    before, after = bill("2026-02", 1_000), bill("2026-01", 1_500, 0.20)

    assert sentence(before, after) == (
        "January 2026: $156.00 (202%) more than in February 2026: "
        "an average energy price of $0.2000 instead of $0.1000 per kWh (+$111.60), "
        "36.0 kWh per day instead of 24.0 kWh (+$37.20), 3 days more (+$7.20)."
    )


def test_a_lower_bill_with_a_lower_fixed_charge_says_so() -> None:
    before = bill("2026-02", 1_000)
    after = msgspec.structs.replace(
        before, fixed_charge=before.fixed_charge - 4, total=before.total - 4, total_rounded=before.total_rounded - 4
    )

    assert sentence(before, after) == ("February 2026: $4.00 (5%) less than in February 2026: fixed charges (-$4.00).")


def test_equal_bills_have_the_same_amount() -> None:
    assert sentence(bill("2026-02", 100), bill("2026-02", 100)) == "February 2026: the same amount as in February 2026."


def test_estimated_readings_are_named() -> None:
    before, after = bill("2026-02", 1_000), bill("2026-01", 1_000)
    counts = msgspec.structs.replace(after.intervals, estimated=12)

    assert sentence(before, msgspec.structs.replace(after, intervals=counts)).endswith(
        " 12 of 744 readings are estimated."
    )


def test_more_energy_in_the_upper_tier_is_named_apart_from_the_prices() -> None:
    tiers = [{"rate": 0.10, "max": 300.0}, {"rate": 0.20}]
    before, after = (tiered("2026-01", wh, tiers) for wh in (1_000, 2_000))

    assert sentence(before, after) == (
        "January 2026: $148.80 (125%) more than in January 2026: 48.0 kWh per day instead of 24.0 kWh (+$118.80), "
        "a larger share of the energy in higher-priced tiers (+$30.00)."
    )


def test_new_prices_and_tiers_are_parts_of_their_own() -> None:
    before = tiered("2026-01", 2_000, [{"rate": 0.10, "max": 300.0}, {"rate": 0.20}])
    after = tiered("2026-01", 1_000, [{"rate": 0.11, "max": 300.0}, {"rate": 0.22}])

    assert parts(before, after)[1:] == [
        Part("a smaller share of the energy in higher-priced tiers", Fraction(-15)),
        Part("an average energy price of $0.1756 instead of $0.1597 per kWh", Fraction("11.88")),
    ]


def test_energy_at_peak_times_is_named() -> None:
    tariff = tariff_from_urdb(time_of_use(0.10, 0.30, timezone="UTC"))
    flat = [1_000] * 744
    at_peak = [3_400 if 16 <= hour % 24 < 21 else 368 for hour in range(744)]
    before, after = (bills(tariff, load("2026-01-01", wh), meter_id="m-1")[0] for wh in (flat, at_peak))

    assert "a larger share of the energy at higher-priced times (+$" in sentence(before, after)


def test_another_tariff_is_a_change_of_prices() -> None:
    before = tiered("2026-01", 2_000, [{"rate": 0.10, "max": 300.0}, {"rate": 0.20}])
    after = msgspec.structs.replace(bill("2026-01", 2_000), tariff="another", segments=())
    assert [part.why for part in parts(before, after)] == [
        "an average energy price of $0.1000 instead of $0.1798 per kWh",
        "fixed charges",
    ]


def tiered(month: str, wh: int, tiers: list[dict[str, float]]) -> Bill:
    tariff = tariff_from_urdb(document(tiers, timezone="UTC"))
    (found,) = bills(tariff, load(f"{month}-01", [wh] * HOURS[month]), meter_id="m-1")
    return found


def test_the_use_that_the_weather_explains_and_the_rest_are_named_and_add_up() -> None:
    before, after = bill("2026-02", 1_000), bill("2026-01", 1_500)
    colder = WeatherChange(9.0, 2.1, 10.0)
    assert (
        "36.0 kWh per day instead of 24.0 kWh (+$37.20: +$31.00 for colder weather, 2.1 °C instead of 9.0 °C on "
        "average, and +$6.20 for other use)"
    ) in sentence(before, after, colder)
    hotter = WeatherChange(20.0, 30.0, 15.0)
    assert "(+$37.20: +$46.50 for warmer weather, 86 °F instead of 68 °F on average, and -$9.30 for other use)" in (
        sentence(before, after, hotter, FAHRENHEIT)
    )


def test_where_the_bills_do_not_show_how_use_depends_on_the_weather_its_temperatures_are_named_alone() -> None:
    before, after = bill("2026-02", 1_000), bill("2026-01", 1_500)
    said = sentence(before, after, WeatherChange(9.0, 2.1, None))
    assert "36.0 kWh per day instead of 24.0 kWh (+$37.20; it was colder, 2.1 °C instead of 9.0 °C on average)" in said


def test_weather_of_the_same_temperature_or_that_costs_nothing_is_not_named() -> None:
    before, after = bill("2026-02", 1_000), bill("2026-01", 1_500)
    assert sentence(before, after, WeatherChange(9.01, 9.02, 1.0)) == sentence(before, after)
    assert sentence(before, after, WeatherChange(9.0, 2.1, 0.001)) == sentence(before, after)
