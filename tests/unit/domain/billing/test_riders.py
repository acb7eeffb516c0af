"""Riders, taxes, holidays and currencies: what a tariff says beside its prices."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from electrocloud.domain.billing.bill import Bill, bills
from electrocloud.domain.billing.issuing import issue
from electrocloud.domain.billing.terms import ServiceTerms
from electrocloud.domain.currency import CURRENCIES, written
from electrocloud.domain.errors import TariffError
from electrocloud.domain.tariffs.urdb import tariff_from_urdb
from tests.kits.billing_kit import document, hours, load, time_of_use

JULY = load("2026-07-01T00:00", [1_000] * 744)


def one_bill(terms: ServiceTerms | None = None, **fields: Any) -> Bill:
    (bill,) = bills(tariff_from_urdb(document(0.1, **fields)), JULY, terms=terms or ServiceTerms())
    return bill


def lines(bill: Bill, kind: str) -> list[tuple[str, Decimal]]:
    return [(line.explanation, line.amount) for line in bill.lines if line.kind == kind]


def test_riders_are_lines_of_their_own_and_percentages_are_of_the_lines_they_name():
    riders = [
        {"name": "Storm fund", "amount": 0.001, "unit": "$/kWh"},
        {"name": "Meter", "amount": 2, "unit": "$/month"},
        {"name": "Green", "amount": 10, "unit": "%", "of": ["energy", "fixed"]},
    ]
    bill = one_bill(riders=riders, fixedchargefirstmeter=5.6)

    assert lines(bill, "rider") == [("Storm fund", Decimal("0.744")), ("Meter", 2), ("Green", 8)]
    assert bill.rider_charge == Decimal("10.744")
    assert bill.total == Decimal("90.744")


def test_a_rider_counts_for_the_days_on_which_it_is_in_force():
    riders = [
        {"name": "New", "amount": 0.31, "unit": "$/kWh", "startdate": "2026-07-12"},
        {"name": "Old", "amount": 31, "unit": "$/month", "enddate": "2026-07-10"},
        {"name": "Gone", "amount": 1, "unit": "$/month", "enddate": "2026-06-30"},
    ]

    assert lines(one_bill(riders=riders), "rider") == [
        ("New, 20 of 31 days", Decimal("148.8")),
        ("Old, 10 of 31 days", 10),
    ]


def test_fuel_adjustments_by_month_are_weighted_by_the_days_of_two_months():
    fuel = [0.0] * 6 + [0.031, 0.062] + [0.0] * 4
    assert lines(one_bill(fueladjustmentsmonthly=fuel), "rider") == [("Fuel adjustment", Decimal("23.064"))]

    tariff = tariff_from_urdb(document(0.1, fueladjustmentsmonthly=fuel))
    (bill,) = bills(tariff, load("2026-07-16T00:00", [1_000] * 744), terms=ServiceTerms(cycle_day=16))
    assert bill.rider_charge == 744 * (Decimal("0.031") * 16 + Decimal("0.062") * 15) / 31


def test_taxes_come_after_riders_by_class_and_with_exemptions():
    fields: dict[str, Any] = {
        "sector": "Residential",
        "riders": [{"name": "Meter", "amount": 5.6, "unit": "$/month"}],
        "taxes": [
            {"name": "State tax", "percent": 5},
            {"name": "City tax", "percent": 1, "of": ["energy"], "classes": ["Residential"]},
            {"name": "Industry levy", "percent": 50, "classes": ["Industrial"]},
        ],
    }

    assert lines(one_bill(**fields), "tax") == [("State tax, 5%", 4), ("City tax, 1%", Decimal("0.744"))]
    exempt = ServiceTerms(customer_class="Commercial", exemptions=frozenset(["State tax"]))
    assert lines(one_bill(exempt, **fields), "tax") == []
    assert one_bill(**fields).total == Decimal("84.744")


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"riders": [{"amount": 1, "unit": "%", "of": ["energy"]}]}, "riders[0].name"),
        ({"riders": [{"name": "x", "amount": 1, "unit": "%"}]}, "riders[0].of"),
        ({"riders": [{"name": "x", "amount": 1, "unit": "$/day"}]}, "riders[0].unit"),
        ({"riders": [{"name": "x", "amount": "1", "unit": "%"}]}, "riders[0].amount"),
        ({"riders": [{"name": "x", "amount": 1, "unit": "$/kWh", "until": 1}]}, "riders[0].until"),
        ({"taxes": [{"name": "x"}]}, "taxes[0].percent"),
        ({"taxes": {"name": "x"}}, "taxes"),
        ({"holidays": {"country": "US"}}, "holidays.dates"),
        ({"holidays": ["soon"]}, "holidays.dates[0]"),
        ({"holidays": {"dates": [], "priced_as": {"month": 13}}}, "holidays.priced_as.month"),
        ({"fueladjustmentsmonthly": [1]}, "fueladjustmentsmonthly"),
        ({"currency": "XXX"}, "currency"),
        ({"startdate": "2026-07-02", "enddate": "2026-07-01"}, "enddate"),
        ({"effective": "tomorrow"}, "effective"),
        ({"day_charge_basis": "month"}, "day_charge_basis"),
        ({"peakkwcapacitymax": "big"}, "peakkwcapacitymax"),
    ],
)
def test_a_fault_beside_the_prices_is_named_by_its_field(fields: dict[str, Any], field: str):
    with pytest.raises(TariffError) as fault:
        tariff_from_urdb(document(**fields))

    assert fault.value.field == field


def test_holidays_are_priced_as_sundays_or_by_the_row_that_is_named():
    friday = load("2026-07-03T00:00", [1_000] * 24)

    def charge(holidays: Any) -> Decimal:
        rate = {**time_of_use(0.1, 0.5), "energyweekendschedule": hours(0, 1), "holidays": holidays}
        (bill,) = bills(tariff_from_urdb(rate), friday)
        return bill.energy_charge

    assert charge(None) == Decimal("4.4")
    assert charge(["2026-07-03"]) == Decimal("2.8")
    assert charge({"dates": ["2026-07-03"], "priced_as": {"day": "weekday"}}) == Decimal("4.4")
    assert charge(["2026-07-04"]) == Decimal("4.4")


def test_rules_beside_the_prices_change_the_fingerprint_and_a_tariff_without_them_keeps_its_own():
    plain = tariff_from_urdb(document(0.1)).fingerprint
    others = [
        {"riders": [{"name": "x", "amount": 1, "unit": "$/month"}]},
        {"taxes": [{"name": "x", "percent": 1}]},
        {"holidays": ["2026-07-03"]},
        {"currency": "EUR"},
    ]

    assert len({plain, *(tariff_from_urdb(document(0.1, **fields)).fingerprint for fields in others)}) == 5
    assert tariff_from_urdb(document(0.1, sector="Residential", peakkwcapacitymax=5)).fingerprint == plain


def test_a_currency_changes_the_mark_and_no_amount():
    dollars, euros = one_bill(fixedchargefirstmeter=1_234.5), one_bill(fixedchargefirstmeter=1_234.5, currency="EUR")

    assert dollars.lines[-1].explanation == "Service, $1,234.50 a month"
    assert euros.lines[-1].explanation == "Service, 1.234,50\N{NO-BREAK SPACE}€ a month"
    assert [line.amount for line in euros.lines] == [line.amount for line in dollars.lines]
    assert written(Decimal("1234567.5"), 2, "INR") == "₹12,34,567.50"
    assert written(Decimal("0.5"), 2, "INR") == "₹0.50"
    assert all(written(Decimal("1234.5"), 2, name) for name in CURRENCIES)


def test_an_issued_bill_has_number_dates_and_use_per_day_beside_other_periods():
    terms = ServiceTerms(agreement_id="A-1", first=date(2026, 7, 16))
    bill, before = one_bill(terms), one_bill()
    issued = issue(bill, date(2026, 8, 2), payment_days=14, before=before)

    assert (issued.number, issued.issued_on, issued.due_on) == ("A-1-20260716", date(2026, 8, 2), date(2026, 8, 16))
    assert (issued.daily_kwh, issued.daily_kwh_before, issued.daily_kwh_last_year) == (24, 24, None)
    assert (issued.read_from, issued.read_until) == (date(2026, 7, 16), date(2026, 7, 31))
    assert issued.total == bill.total
