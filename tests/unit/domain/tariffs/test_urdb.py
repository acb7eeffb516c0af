"""Which URDB documents are taken, and what is said of those that are not."""

import json
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from electrocloud.domain.errors import TariffError
from electrocloud.domain.tariffs.tariff import Reactive
from electrocloud.domain.tariffs.urdb import tariff_from_urdb, version_from_urdb
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
    rate = document(uri="https://example.org", startdate=1_700_000_000, energycomments="none", _note="ours")

    assert tariff_from_urdb(rate).fingerprint == tariff_from_urdb(document()).fingerprint


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("demandratchetpercentage", [0] * 11 + [80]),
        ("demandRatchetPercentage", [80] * 12),
    ],
)
def test_a_charge_that_is_not_computed_is_refused_by_name_unless_it_is_zero(field: str, value: object):
    fault = refusal(document(**{field: value}))

    assert fault.field == field
    assert "changes the bill" in str(fault)
    assert "take it out" not in str(fault)
    zero = [0] * 12 if isinstance(value, list) else 0
    assert tariff_from_urdb(document(**{field: zero})).fingerprint == tariff_from_urdb(document()).fingerprint


@pytest.mark.parametrize(
    "value",
    [
        "sheet 12",
        "https://example.org/12.pdf",
        None,
        [],
        {},
        0,
        [[{"rate": 0, "adj": 0.0}]],
        {"a": ["x", None, 0]},
        1_738_393_200,
        False,
    ],
)
def test_an_unknown_field_without_an_amount_is_passed_over(value: object):
    assert tariff_from_urdb(document(surcharge=value)).fingerprint == tariff_from_urdb(document()).fingerprint


@pytest.mark.parametrize("value", [0.01, "$0.01", "2%", "0.5", [[{"rate": 0, "adj": 0.01}]], {"a": {"b": 3}}, True])
def test_an_unknown_field_with_an_amount_is_refused_because_it_might_change_the_bill(value: object):
    assert refusal(document(surcharge=value)).field == "surcharge"
    assert refusal(document([{"rate": 0.1, "rebate": value}])).field == "energyratestructure[0][0].rebate"


@pytest.mark.parametrize(
    ("given", "same"),
    [
        ({"fixedmonthlycharge": 5}, {"fixedchargefirstmeter": 5}),
        ({"fixedchargefirstmeter": 0, "fixedmonthlycharge": 5}, {"fixedchargefirstmeter": 5}),
        (
            {"fixedchargefirstmeter": 5, "fixedchargeunits": "$/month", "fixedmonthlycharge": 5},
            {"fixedmonthlycharge": 5},
        ),
        ({"minmonthlycharge": 5}, {"mincharge": 5}),
        ({"annualmincharge": 120}, {"mincharge": 120, "minchargeunits": "$/year"}),
        ({"fixedchargefirstmeter": 5, "fixedchargeeaaddl": 2}, {"fixedchargefirstmeter": 5}),
        (
            {"fixedChargeFirstMeter": 5, "fixedChargeUnits": "$/day"},
            {"fixedchargefirstmeter": 5, "fixedchargeunits": "$/day"},
        ),
        ({"flatDemandStrux": [{"flatDemandTiers": [{"rate": 5}]}]}, {"flatdemandstructure": [[{"rate": 5}]]}),
        ({"flatdemandstructure": [[{"rate": 5}]], "flatDemandUnits": "kW"}, {"flatdemandstructure": [[{"rate": 5}]]}),
        (
            {"dgRules": "Net Metering", "sourceReference": "sheet 12", "lookbackMonths": [1] * 12},
            {"dgrules": "Net Metering"},
        ),
        ({"mindemand": 1000.0}, {"peakkwcapacitymin": 1000}),
    ],
)
def test_other_names_are_the_same_field(given: dict, same: dict):
    one, other = tariff_from_urdb(document(**given)), tariff_from_urdb(document(**same))

    assert (one.fingerprint, one.eligibility) == (other.fingerprint, other.eligibility)


def test_a_rate_of_urdbs_bulk_download_is_read_as_the_apis():
    bulk = {
        "_id": {"$oid": "539fc25dec4f024c27d8b0a5"},
        "rateName": "General Service",
        "utilityName": "Springfield",
        "effectiveDate": {"$date": "2014-01-01T08:00:00.000Z"},
        "endDate": {"$date": {"$numberLong": "1419926400000"}},
        "energyRateStrux": [{"energyRateTiers": [{"rate": 0.1, "max": 500, "unit": "kWh"}, {"rate": 0.12}]}],
        "energyWeekdaySched": always(),
        "energyWeekendSched": always(),
        "energyKeyVals": [{"key": "Power factor", "val": "0.9"}],
    }

    version = version_from_urdb(bulk)

    assert (version.tariff.name, version.tariff.utility) == ("General Service", "Springfield")
    assert (version.first, version.end) == (date(2014, 1, 1), date(2014, 12, 31))
    tiers = [{"rate": 0.1, "max": 500}, {"rate": 0.12}]
    assert version.tariff.fingerprint == tariff_from_urdb(document(tiers)).fingerprint


def test_two_names_of_one_charge_with_different_amounts_are_refused():
    assert refusal(document(fixedchargefirstmeter=5, fixedmonthlycharge=6)).field == "fixedmonthlycharge"
    assert refusal(document(mincharge=5, annualmincharge=120)).field == "annualmincharge"
    assert refusal(document(peakkwcapacitymin=5, mindemand=6)).field == "mindemand"


def test_a_fault_names_the_field_as_the_document_does():
    strux = [{"flatDemandTiers": [{"rate": "5"}]}]

    assert refusal(document(flatDemandStrux=strux)).field == "flatDemandStrux[0][0].rate"


def test_a_price_for_energy_that_is_fed_in_changes_no_bill():
    with_sell = tariff_from_urdb(document([{"rate": 0.16647, "adj": 0.06655, "sell": 0.099222, "unit": "kWh"}]))

    assert with_sell.fingerprint == tariff_from_urdb(document([{"rate": 0.23302}])).fingerprint


@pytest.mark.parametrize("limit", [1e8, 1e14, 1e36, 1e38, 0])
def test_a_last_tiers_limit_that_no_meter_reaches_is_none(limit: float):
    (tiers,) = tariff_from_urdb(document([{"rate": 0.1, "max": 100}, {"rate": 0.2, "max": limit}])).energy

    assert [tier.limit for tier in tiers] == [100, None]


def test_tiers_behind_one_without_a_limit_are_never_reached():
    (tiers,) = tariff_from_urdb(document([{"rate": 0.1, "max": 1e38}, {"rate": 0.2, "max": 1e38}])).energy

    assert len(tiers) == 1


def test_a_tier_with_an_adjustment_alone_costs_that():
    assert tariff_from_urdb(document([{"adj": 0.02, "unit": "kWh"}])).energy[0][0].rate == Decimal("0.02")


def test_tariffs_without_a_price_for_energy_are_tariffs():
    for fields in ({"flatdemandstructure": [[{"rate": 5}]]}, {"fixedchargefirstmeter": 9}, {"mincharge": 9}):
        assert tariff_from_urdb(fields).energy[0][0].rate == 0


def test_an_energy_form_left_blank_is_no_price_for_energy_and_needs_another_charge():
    blank = {"energyratestructure": [[{"unit": "kWh"}], [{}]], "energyweekdayschedule": hours(16, 21)}

    assert not tariff_from_urdb({**blank, "fixedmonthlycharge": 30}).prices_energy
    assert refusal(blank).field == "energyratestructure"
    assert refusal(document([{"rate": 0.1, "max": 9}, {"unit": "kWh"}])).field == "energyratestructure[0][1].rate"


def test_kwh_tiers_within_a_kwh_per_kw_tier_end_with_it():
    within = [{"rate": 9, "max": 200, "unit": "kWh/kW"}, {"rate": 3, "max": 3000}, {"rate": 2, "max": 1e38}]
    (tiers,) = tariff_from_urdb(
        document([*within, {"rate": 1, "max": 400, "unit": "kWh/kW"}, {"rate": 0, "unit": "kWh/kW"}])
    ).energy

    assert [(tier.limit, tier.rate, tier.unit) for tier in tiers] == [
        (3000, 3, "kWh"),
        (200, 2, "kWh/kW"),
        (400, 1, "kWh/kW"),
        (None, 0, "kWh/kW"),
    ]


@pytest.mark.parametrize(
    ("fields", "ratchet"),
    [
        ({"lookbackPercent": 0.8, "lookbackRange": 3}, (Decimal("0.8"), tuple(range(1, 13)), 3, 0)),
        (
            {"lookbackpercent": 80, "lookbackmonths": [False] * 5 + [True] * 7},
            (Decimal("0.8"), tuple(range(6, 13)), 11, 0),
        ),
        ({"billing_demand_minimum": 50}, (0, tuple(range(1, 13)), 11, 50)),
        ({"lookbackpercent": 0.0, "lookbackmonths": [0] * 12}, None),
    ],
)
def test_a_demand_ratchet_says_which_earlier_peaks_count(fields: dict, ratchet: object):
    assert tariff_from_urdb(document(**fields)).ratchet == ratchet


@pytest.mark.parametrize(
    ("fields", "field", "says"),
    [
        ({"lookbackpercent": 0.5}, "lookbackpercent", "says no earlier months"),
        ({"lookbackpercent": 101, "lookbackrange": 3}, "lookbackpercent", "up to 100"),
        ({"lookbackpercent": 0.5, "lookbackrange": 2.5}, "lookbackrange", "not a number of months"),
        ({"lookbackpercent": 0.5, "lookbackmonths": [6, 7]}, "lookbackmonths", "12 values"),
        ({"coincidentratestructure": [[{"rate": 5}]]}, "coincidentratestructure", "--coincident-peaks FILE"),
        ({"coincidentRateStrux": [{"coincidentRateTiers": [{"rate": 5}]}], "coincident_peaks": ["July"]},
         "coincident_peaks[0].start", "'July' is not a time"),
        ({"coincidentratestructure": [[{"rate": 5}]], "coincident_peaks": ["2026-07-15T17:00"]},
         "coincident_peaks[0].start", "no offset"),
    ],
)  # fmt: skip
def test_a_fault_in_a_ratchet_or_a_coincident_charge_is_named(fields: dict, field: str, says: str):
    fault = refusal(document(**fields))

    assert fault.field == field
    assert says in str(fault)


def test_a_charge_for_reactive_power_and_demand_in_kva_are_read():
    flat = {"flatdemandstructure": [[{"rate": 5}]]}

    assert tariff_from_urdb(document(demandreactivepowercharge=0.25)).reactive == Reactive(Decimal("0.25"), False)
    assert tariff_from_urdb(document(**flat, flatdemandunit="kVA")).reactive == Reactive(Decimal(0), True)
    assert tariff_from_urdb(document(**flat, demandrateunit="kVA", demandreactivepowercharge=0)).reactive is None


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
            "energyratestructure[0][2].max",
            "a kWh/kW tier must follow",
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
        ({"demandratestructure": [[{"rate": 5, "unit": "hp"}]]}, "demandratestructure[0][0].unit", "'hp'"),
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
