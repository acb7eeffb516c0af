"""Bills side by side: a column for each, whose charges add up to its total."""

from decimal import Decimal

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from electrocloud.domain.billing.bill import Bill, bills
from electrocloud.domain.tariffs.urdb import tariff_from_urdb
from presentation.bill_columns import CHARGES, NAME, NONE, columns
from presentation.money_text import money
from tests.kits.billing_kit import document, load, time_of_use


def bill(month: str, wh: int, hours: int = 744, **fields: object) -> Bill:
    tariff = tariff_from_urdb(document([{"rate": 0.1, "max": 300.0}, {"rate": 0.2}], timezone="UTC", **fields))
    (found,) = bills(tariff, load(f"{month}-01", [wh] * hours), meter_id="m-1")
    return found


def by_name(rows: list[dict[str, str]]) -> dict[str, list[str]]:
    return {row[NAME]: [text for title, text in row.items() if title != NAME] for row in rows}


def test_each_bill_has_a_column_with_its_days_use_price_charges_and_difference() -> None:
    march, january = bill("2026-03", 1_000, fixedchargefirstmeter=10.0), bill("2026-01", 500)
    rows = columns([march, january], [Decimal("71.60"), None])

    assert [*rows[0]] == [NAME, "March 2026", "January 2026"]
    assert by_name(rows) == {
        "Days": ["31", "31"],
        "Energy, kWh": ["744.0", "372.0"],
        "kWh per day": ["24.00", "12.00"],
        "Average energy price per kWh": ["$0.1597", "$0.1194"],
        "Energy charge": ["$118.80", "$44.40"],
        "Fixed charges": ["$10.00", NONE],
        "Total": ["$128.80", "$44.40"],
        "Difference from the bill before": ["+$71.60", NONE],
        "State": ["final", "final"],
    }


def test_an_open_bill_has_its_days_so_far() -> None:
    (row,) = (row for row in columns([bill("2026-03", 1_000, 24 * 12)], [None]) if row[NAME] == "Days")
    assert row["March 2026"] == "12 of 31"


def test_estimated_readings_are_counted() -> None:
    march = bill("2026-03", 1_000)
    counts = msgspec.structs.replace(march.intervals, estimated=12)
    rows = by_name(columns([msgspec.structs.replace(march, intervals=counts)], [None]))
    assert rows["Estimated readings"] == ["12 of 744"]


def test_two_bills_of_the_same_period_have_their_agreements_in_their_titles() -> None:
    march = bill("2026-03", 1_000)
    own, other = (msgspec.structs.replace(march, agreement_id=name) for name in ("A-1", "A-2"))
    assert [*columns([own, other], [None, None])[0]] == [NAME, "March 2026, A-1", "March 2026, A-2"]


@given(st.integers(0, 5_000), st.floats(0.0, 40.0), st.floats(0.0, 90.0))
def test_the_charges_of_a_column_add_up_to_its_total(wh: int, fixed: float, minimum: float) -> None:
    rate = time_of_use(0.1011, 0.3033, timezone="UTC", fixedchargefirstmeter=round(fixed, 2))
    rate |= {"mincharge": round(minimum, 2), "minchargeunits": "$/month", "flatdemandstructure": [[{"rate": 3.333}]]}
    rate |= {"flatdemandmonths": [0] * 12}
    (march,) = bills(tariff_from_urdb(rate), load("2026-03-01", [wh] * 744), meter_id="m-1")
    shown = by_name(columns([march], [None]))
    amounts = [Decimal(shown[charge.name][0].strip("$").replace(",", "")) for charge in CHARGES if charge.name in shown]
    assert sum(amounts, Decimal()) == march.total_rounded
    assert shown["Total"] == [money(march.total_rounded)]
