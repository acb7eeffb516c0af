"""Which URDB documents are taken, and what is said of those that are not."""

import json
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from electrocloud.domain.errors import TariffError
from electrocloud.domain.tariffs.urdb import tariff_from_urdb
from tests.kits.billing_kit import always, document, hours, time_of_use

TARIFFS = Path(__file__).parents[4] / "tariffs"


def refusal(rate: object) -> TariffError:
    with pytest.raises(TariffError) as fault:
        tariff_from_urdb(rate)  # type: ignore[arg-type]
    return fault.value


@pytest.mark.parametrize("path", sorted(TARIFFS.glob("*.json")), ids=lambda path: path.stem)
def test_the_tariffs_that_come_with_this_are_taken_under_their_file_names(path: Path):
    assert tariff_from_urdb(json.loads(path.read_text())).label == path.stem


def test_a_rate_is_the_exact_sum_of_rate_and_adjustment_however_the_numbers_were_read():
    text = json.dumps(document([{"rate": 0.1, "adj": 0.02, "max": 400}, {"rate": 0.30000000000000004}]))

    as_floats, as_decimals = tariff_from_urdb(json.loads(text)), tariff_from_urdb(json.loads(text, parse_float=Decimal))

    assert [tier.rate for tier in as_floats.energy[0]] == [Decimal("0.12"), Decimal("0.30000000000000004")]
    assert as_floats.fingerprint == as_decimals.fingerprint


def test_a_tariff_without_a_zone_is_in_utc_and_counts_tiers_in_time_order():
    tariff = tariff_from_urdb(document())

    assert (tariff.zone, tariff.allocation) == ("UTC", "chronological")


def test_an_openei_response_with_one_rate_is_accepted_as_that_rate():
    assert tariff_from_urdb({"items": [document(label="one")]}).label == "one"
    assert refusal({"items": [document(), document()]}).field == "items"


def test_names_dates_and_comments_are_ignored():
    rate = document(
        uri="https://example.org", startdate=1_700_000_000, energycomments="none", dgrules="Net Metering", _note="ours"
    )

    assert tariff_from_urdb(rate).fingerprint == tariff_from_urdb(document()).fingerprint


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("fixedchargeeaaddl", 3),
        ("coincidentratestructure", [[{"rate": 5}]]),
        ("coincidentrateschedule", always(1)),
        ("demandratchetpercentage", [0] * 11 + [80]),
        ("demandreactivepowercharge", 0.25),
        ("lookbackpercent", 0.5),
        ("fixedmonthlycharge", 5),
        ("minmonthlycharge", 5),
        ("annualmincharge", 50),
    ],
)
def test_an_unsupported_charge_is_rejected_by_name_unless_it_is_zero(field: str, value: object):
    fault = refusal(document(**{field: value}))

    assert (fault.field, str(fault)) == (
        field,
        f"{field}: is not supported, and it changes the bill; only zero is taken",
    )
    zero = [0] * 12 if isinstance(value, list) else 0
    assert tariff_from_urdb(document(**{field: zero})).fingerprint == tariff_from_urdb(document()).fingerprint


def test_an_unknown_field_is_rejected_because_it_might_change_the_bill():
    assert refusal(document(surcharge=0)).field == "surcharge"
    assert refusal(document([{"rate": 0.1, "rebate": 0.01}])).field == "energyratestructure[0][0].rebate"


def test_a_price_for_energy_that_is_fed_in_is_refused():
    assert refusal(document([{"rate": 0.1, "sell": 0.05}])).field == "energyratestructure[0][0].sell"
    assert tariff_from_urdb(document([{"rate": 0.1, "sell": 0}]))


@pytest.mark.parametrize(
    ("tiers", "field", "says"),
    [
        ([], "energyratestructure[0]", "at least one tier"),
        ([{"rate": 0.1, "max": 500}], "energyratestructure[0][0].max", "the last tier has a limit, 500"),
        ([{"rate": 0.1}, {"rate": 0.2}], "energyratestructure[0][0].max", "is missing"),
        ([{"rate": 1, "max": 9}, {"rate": 1, "max": 9}, {"rate": 1}], "energyratestructure[0][1].max", "not above 9"),
        ([{"rate": 1, "max": 0}, {"rate": 1}], "energyratestructure[0][0].max", "above 0"),
        ([{"max": 9}, {"rate": 1}], "energyratestructure[0][0].rate", "is missing"),
        ([{"rate": "0.1"}], "energyratestructure[0][0].rate", "'0.1' is not a number"),
        ([{"rate": True}], "energyratestructure[0][0].rate", "not a number"),
        ([{"rate": float("nan")}], "energyratestructure[0][0].rate", "nan is not a number"),
        ([{"rate": 0.1, "unit": "kVA"}], "energyratestructure[0][0].unit", "'kVA' is not supported"),
        (
            [{"rate": 1, "max": 9, "unit": "kWh/kW"}, {"rate": 1, "max": 20}, {"rate": 1}],
            "energyratestructure[0][1].unit",
            "cannot follow kWh/kW",
        ),
        (
            [{"rate": 1, "max": 29}, {"rate": 1, "max": 1, "unit": "kWh daily"}, {"rate": 1}],
            "energyratestructure[0][1].max",
            "not above 29",  # not in a February of 28 days
        ),
    ],
)
def test_a_fault_in_a_tier_is_named_by_its_place(tiers: list, field: str, says: str):
    fault = refusal(document(tiers))

    assert fault.field == field
    assert says in str(fault)


@pytest.mark.parametrize(
    ("fields", "field", "says"),
    [
        ({"energyratestructure": None}, "energyratestructure", "is missing"),
        ({"energyratestructure": 0.1}, "energyratestructure", "list of periods"),
        (
            {"energyratestructure": [[{"rate": 1}], [{"rate": 2}]], "energyweekdayschedule": None},
            "energyweekdayschedule",
            "is missing",
        ),
        ({"energyweekdayschedule": [[0] * 24] * 11}, "energyweekdayschedule", "12 rows, a month each; it has 11"),
        ({"energyweekendschedule": [[0] * 23] * 12}, "energyweekendschedule[0]", "24 periods; it has 23"),
        ({"energyweekendschedule": always(1)}, "energyweekendschedule[0][0]", "1 is not a period; there are 1, from 0"),
        ({"energyweekendschedule": [[0.5] * 24] * 12}, "energyweekendschedule[0][0]", "0.5 is not a period"),
        ({"timezone": "Mars/Olympus"}, "timezone", "'Mars/Olympus' is not an IANA time zone"),
        ({"tier_allocation": "random"}, "tier_allocation", "'random' is not supported"),
        ({"demandwindow": 45}, "demandwindow", "minutes that divide an hour"),
        ({"fixedchargefirstmeter": 5, "fixedchargeunits": "$/kWh"}, "fixedchargeunits", "'$/kWh' is not supported"),
        ({"mincharge": 5, "minchargeunits": "EUR"}, "minchargeunits", "'EUR' is not supported"),
        ({"flatdemandstructure": [[{"rate": 5}], [{"rate": 6}]]}, "flatdemandmonths", "is missing"),
        ({"flatdemandmonths": [1] * 12}, "flatdemandmonths[0]", "1 is not a period; there are 0"),
        ({"flatdemandstructure": [[{"rate": 5}]], "flatdemandmonths": [0] * 6}, "flatdemandmonths", "it has 6"),
        ({"flatdemandstructure": [[{"rate": 5}]], "flatdemandunit": "hp"}, "flatdemandunit", "'hp' is not supported"),
        ({"demandratestructure": [[{"rate": 5, "unit": "kVA"}]]}, "demandratestructure[0][0].unit", "'kVA'"),
        ({"demandratestructure": [[{"rate": 5}], [{"rate": 6}]]}, "demandweekdayschedule", "is missing"),
        ({"label": 5}, "label", "is not text"),
    ],
)
def test_a_fault_in_a_field_is_named_and_explained(fields: dict, field: str, says: str):
    fault = refusal(document(**fields))

    assert fault.field == field
    assert says in str(fault)


def test_a_single_period_needs_no_schedule():
    tariff = tariff_from_urdb({"energyratestructure": [[{"rate": 0.1}]], "flatdemandstructure": [[{"rate": 5}]]})

    assert tariff.energy_schedule.periods(1) == [0]
    assert {*tariff.flat_demand_months} == {0}


def test_a_document_that_is_not_an_object_is_rejected():
    assert refusal([document()]).field == "tariff"


def test_a_last_tier_may_have_the_infinite_limit_that_other_programs_write():
    assert tariff_from_urdb(document([{"rate": 0.1, "max": 1e38}])).energy[0][0].limit is None


def test_a_fixed_charge_is_a_months_whatever_it_is_given_for():
    fees = [
        tariff_from_urdb(document(fixedchargefirstmeter=12, fixedchargeunits=unit)).fixed.monthly
        for unit in ("$/month", "$/day", "$/year")
    ]

    assert fees == [12, 365, 1]


def test_a_fingerprint_changes_with_every_rule_and_with_no_name():
    rate = time_of_use(0.1, [{"rate": 0.3, "max": 10}, {"rate": 0.4}], label="a")
    changes = [
        {"timezone": "Europe/Paris"},
        {"tier_allocation": "prorated"},
        {"demandwindow": 30},
        {"mincharge": 1},
        {"fixedchargefirstmeter": 1},
        {"energyweekendschedule": hours(1, 2)},
        {"flatdemandstructure": [[{"rate": 1}]], "flatdemandmonths": [0] * 12},
    ]
    fingerprint = tariff_from_urdb(rate).fingerprint

    assert tariff_from_urdb({**rate, "label": "b", "description": "c"}).fingerprint == fingerprint
    others = {tariff_from_urdb({**rate, **change}).fingerprint for change in changes}
    assert len(others - {fingerprint}) == len(changes)


def test_a_day_charge_is_exact():
    fee = tariff_from_urdb(document(fixedchargefirstmeter=0.1, fixedchargeunits="$/day")).fixed

    assert fee.monthly == Fraction(365, 120)
