"""A study as a whole: winners, losers, revenue, and the price that keeps it, checked against the engine's bills."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from analytics.studies.neutral_price import Neutral, neutral_factor
from analytics.studies.run import Made, make_study
from electrocloud.domain.billing.bill import bills
from electrocloud.domain.errors import ElectroCloudError
from electrocloud.domain.readings.meter_day import Interval
from electrocloud.domain.studies.price_change import PriceChange, changed_prices, parse_change
from electrocloud.domain.studies.study import CustomerResult, StudyRequest
from electrocloud.domain.tariffs.tariff import Fee
from electrocloud.domain.tariffs.versions import DatedTariff
from presentation import study_files, study_text
from tests.kits.study_kit import customer, inputs
from tests.unit.analytics.test_study_rating import ZONE, published, readings

MONTHS = ("2026-02", "2026-03")
FLAT, TOU = published("flat"), published("residential-tou")
LOADS = {number: readings(date(2026, 1, 31), 61, 3600, number) for number in range(1, 6)}


def due(tariff: DatedTariff, load: list[Interval]) -> Decimal:
    """What the engine's bills of the months ask for."""
    return sum((one.total_rounded for one in bills(tariff, load) if one.month in MONTHS), Decimal(0))


def study(
    then: DatedTariff | None = None, *changes: str, keep: str = "energy", loads: dict[int, list[Interval]] = LOADS
) -> Made:
    people = [(customer(number, FLAT.tariff_id, ZONE), load) for number, load in loads.items()]
    tariffs = {FLAT.tariff_id: FLAT} | ({then.tariff_id: then} if then else {})
    request = StudyRequest(
        *MONTHS, tariff_id=then.tariff_id if then else "", changes=tuple(map(parse_change, changes)), keep=keep
    )
    return make_study(request, inputs(people, tariffs, then.tariff_id if then else ""), lambda *_: None)


def test_each_customer_pays_what_the_engine_s_bills_ask_for() -> None:
    made = study(TOU)

    expected = {f"AG-{number}": (due(FLAT, load), due(TOU, load)) for number, load in LOADS.items()}
    assert {one.agreement_id: (one.now, one.then) for one in made.customers} == expected
    assert [one.change for one in made.customers] == sorted(then - now for now, then in expected.values())
    total = made.result.total
    assert (total.now, total.then) == tuple(map(sum, zip(*expected.values(), strict=True)))
    assert total.save == sum(then < now for now, then in expected.values())
    assert sum(one.customers for one in made.result.distribution) == len(LOADS)
    assert {group.name: group.customers for group in made.result.by_class} == {"home": 3, "shop": 2}


def test_the_price_that_keeps_the_revenue_does_so_when_every_bill_is_rated_with_it() -> None:
    made = study(TOU)

    neutral = made.result.neutral
    assert neutral
    kept = changed_prices(TOU, (PriceChange("energy", "factor", neutral.factor),))
    assert neutral.revenue == sum(due(kept, load) for load in LOADS.values())
    assert abs(neutral.revenue - made.result.total.now) < Decimal("0.10")
    after = {price.name: price.after for price in neutral.prices}
    rates = {tier.rate for tiers in kept.versions[0].tariff.energy for tier in tiers}
    assert {*after.values()} == rates
    assert any("Peak (" in name and "Jun-Sep" in name for name in after)


def test_changed_prices_are_those_of_the_same_tariff() -> None:
    made = study(None, "energy=-2%", "fixed=15", keep="fixed")

    tariff = FLAT.versions[0].tariff
    lowered = tuple(tuple(tier._replace(rate=tier.rate * Decimal("0.98")) for tier in tiers) for tiers in tariff.energy)
    other = replace(tariff, energy=lowered, fixed=Fee(Decimal(15), tariff.fixed.unit))
    then = DatedTariff(FLAT.tariff_id, (FLAT.versions[0]._replace(tariff=other),))
    assert made.result.total.then == sum(due(then, load) for load in LOADS.values())
    assert {price.name for price in made.result.changed} == {"Energy", "Fixed charge"}
    neutral = made.result.neutral
    assert neutral
    assert [price.name for price in neutral.prices] == ["Fixed charge"]
    assert abs(neutral.revenue - made.result.total.now) < Decimal("0.10")


def test_a_study_of_many_parts_is_that_of_one(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = study(TOU)
    monkeypatch.setattr("analytics.studies.run.POINTS_IN_PART", 1)

    assert study(TOU).customers == whole.customers


def test_who_has_no_readings_is_left_out_and_counted() -> None:
    made = study(TOU, loads=LOADS | {6: [Interval(LOADS[1][0].start - 90 * 86_400, 3600, 5)]})

    assert made.result.left_out == {"no readings in these months": 1}
    assert made.result.total.customers == len(LOADS)
    with pytest.raises(ElectroCloudError, match="no customer has bills to compare"):
        study(TOU, loads={6: [Interval(LOADS[1][0].start - 90 * 86_400, 3600, 5)]})


def test_a_tariff_for_other_customers_is_noted() -> None:
    made = study(published("commercial-demand"))

    assert {one.note for one in made.customers} == {"for the sector Commercial, not Residential"}


def test_the_same_readings_have_the_same_digest_and_others_another() -> None:
    other = LOADS | {1: [LOADS[1][0]._replace(wh=LOADS[1][0].wh + 1), *LOADS[1][1:]]}

    assert study(TOU).result.data == study(TOU).result.data
    assert study(TOU, loads=other).result.data.digest != study(TOU).result.data.digest


def test_no_factor_keeps_the_revenue_where_a_component_brings_nothing() -> None:
    made = study(TOU, keep="demand")

    assert made.result.neutral is None
    assert "bring nothing by demand prices" in study_text.neutral(made.result)


def test_the_factor_is_found_where_taxes_make_more_of_a_price() -> None:
    found = neutral_factor("energy", Decimal(100), Decimal(140), Decimal(50), lambda change: 80 + 60 * change.value)

    assert isinstance(found, Neutral)
    assert abs(found.revenue - 100) < Decimal("0.01")
    never = neutral_factor(
        "energy", Decimal(1), Decimal(140), Decimal(60), lambda change: Decimal(80) + 60 * change.value
    )
    assert never == "Energy prices would have to be below 0 to keep the revenue"


def test_the_files_have_every_customer_to_the_cent() -> None:
    made = study(TOU)
    rows = study_files.as_csv(made.customers).decode("utf-8-sig").splitlines()

    assert len(rows) == 1 + len(LOADS)
    first = made.customers[0]
    assert f",{first.now},{first.then},{first.change},saves," in rows[1]


def test_a_spreadsheet_takes_no_name_for_a_formula() -> None:
    hostile = CustomerResult("=1+1", "", (), "@x", "F", "t", 1, Decimal(1), Decimal(1), Decimal("-1"))

    row = study_files.as_csv([hostile]).decode("utf-8-sig").splitlines()[1]

    assert row.startswith("'=1+1,,,'@x,F,")
    assert ",-1," in row


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        (StudyRequest("2026-13", "2026-14", tariff_id="x"), "is not a month"),
        (StudyRequest("2026-11", "2026-11", tariff_id="x"), "not complete"),
        (StudyRequest("2026-10", "2026-09", tariff_id="x"), "is after"),
        (StudyRequest("2026-09", "2026-10"), "give another tariff or a price change"),
        (StudyRequest("2026-09", "2026-10", tariff_id="x", document={"a": 1}), "one tariff"),
    ],
)
def test_a_request_that_compares_nothing_is_refused(request_: StudyRequest, reason: str) -> None:
    with pytest.raises(ElectroCloudError, match=reason):
        request_.check(date(2026, 11, 26))
