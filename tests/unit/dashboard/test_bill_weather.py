"""How much of the change in use the weather explains."""

from datetime import date, timedelta
from decimal import Decimal

import msgspec
import pytest

from dashboard.customers.bill_weather import BASE_C, BillWeather
from electrocloud.domain.billing.bill import Bill, bills
from electrocloud.domain.tariffs.urdb import tariff_from_urdb
from tests.kits.billing_kit import document, load

FIRST = date(2025, 1, 1)
MONTHS_C = (0.0, 2.0, 6.0, 10.0, 15.0, 20.0, 24.0, 23.0, 17.0, 11.0, 5.0, 1.0)


def temperatures(days: int = 365) -> dict[date, float]:
    found = (FIRST + timedelta(days=number) for number in range(days))
    return {day: MONTHS_C[day.month - 1] + day.day % 3 - 1 for day in found}


def a_bill(month: int, kwh_per_day: float) -> Bill:
    tariff = tariff_from_urdb(document(0.10, timezone="UTC"))
    (found,) = bills(tariff, load("2025-01-01", [1_000] * 24), meter_id="m-1")
    start = date(2025, month, 1)
    days = ((start + timedelta(days=32)).replace(day=1) - start).days
    return msgspec.structs.replace(
        found, period_start=start, days=days, energy_kwh=Decimal(str(round(kwh_per_day * days, 3)))
    )


def year(heating: float, cooling: float, base: float = 8.0) -> list[Bill]:
    def use(month: int) -> float:
        own = [celsius for day, celsius in temperatures().items() if day.month == month]
        cold, warm = sum(max(BASE_C - one, 0) for one in own), sum(max(one - BASE_C, 0) for one in own)
        return base + (heating * cold + cooling * warm) / len(own)

    return [a_bill(month, use(month)) for month in range(1, 13)]


def test_a_home_heated_by_electricity_has_its_change_in_use_explained_by_the_cold() -> None:
    own = year(heating=1.2, cooling=0.4)
    change = BillWeather(own, temperatures()).change(own[9], own[10])
    assert change is not None
    assert (change.before_c, change.after_c) == pytest.approx((11.0, 5.0), abs=0.1)
    difference = own[10].energy_kwh / own[10].days - own[9].energy_kwh / own[9].days
    assert change.kwh == pytest.approx(float(difference), abs=0.01)


def test_use_that_grew_beyond_the_weather_is_not_explained_by_it() -> None:
    own = year(heating=1.2, cooling=0.0)
    used_more = msgspec.structs.replace(own[11], energy_kwh=own[11].energy_kwh + own[11].days * 20)
    change = BillWeather(own, temperatures()).change(own[10], used_more)
    assert change is not None
    assert change.kwh == pytest.approx(1.2 * 4, abs=0.3)


def test_use_that_does_not_follow_the_weather_has_its_temperatures_alone() -> None:
    own = [a_bill(month, 10 + 3 * (month % 2)) for month in range(1, 13)]
    change = BillWeather(own, temperatures()).change(own[9], own[10])
    assert change is not None
    assert change.kwh is None


def test_use_that_falls_in_the_cold_has_no_negative_heating() -> None:
    own = [a_bill(month, 10 + MONTHS_C[month - 1]) for month in range(1, 7)] * 2
    change = BillWeather(own, temperatures()).change(own[2], own[0])
    assert change is not None
    assert change.kwh is None or change.kwh == pytest.approx(0, abs=0.5)


def test_a_few_bills_have_their_temperatures_alone_and_unknown_days_none() -> None:
    own = year(heating=1.2, cooling=0.4)
    few = BillWeather(own[:8], temperatures()).change(own[6], own[7])
    assert few is not None
    assert few.kwh is None
    until_june = BillWeather(own, temperatures(170))
    assert until_june.change(own[5], own[6]) is None
    assert until_june.mean_c(own[5]) is None
    assert until_june.mean_c(own[4]) == pytest.approx(15.0, abs=0.1)
