"""What a registry must hold, what changes in it touch, and the events that a clerk knows."""

from dataclasses import dataclass
from datetime import date

import msgspec
import pytest

from electrocloud.domain.errors import RegistryError
from electrocloud.domain.registry import events
from electrocloud.domain.registry.changes import changes, touched_service_points
from electrocloud.domain.registry.records import Account, Agreement, Installation, Record, TariffDocument
from electrocloud.domain.registry.validation import faults
from tests.kits.billing_kit import document, instant
from tests.kits.registry_kit import ACCOUNT, AGREEMENT, FLAT, METER, POINT, PRICES, ZONE, registry

replace = msgspec.structs.replace


@dataclass
class Case:
    record: Record
    field: str
    says: str


def test_a_registry_without_contradictions_has_no_faults() -> None:
    assert faults(registry()) == []


@pytest.mark.parametrize(
    "case",
    [
        Case(replace(AGREEMENT, agreement_id="AG-2", account_id="A-9", first=date(2025, 1, 1), end=date(2025, 2, 1)),
             "account_id", "A-9 is not among the accounts"),
        Case(replace(METER, meter_id="M-2", service_point_id="SP-9"), "service_point_id", "SP-9 is not among"),
        Case(replace(AGREEMENT, tariff_id="tou"), "tariff_id", "tou is not among the tariffs"),
        Case(replace(AGREEMENT, end=date(2025, 12, 31)), "end", "is not after first 2026-01-01"),
        Case(replace(AGREEMENT, agreement_id="AG-2", first=date(2026, 5, 1)), "first", "overlaps AG-1@2026-01-01"),
        Case(replace(METER, start=METER.start + 86_400), "start", "overlaps M-1"),
        Case(replace(PRICES, first=date(2026, 7, 1)), "first", "overlaps flat@always"),
        Case(replace(AGREEMENT, opening_credit="much"), "opening_credit", "'much' is not a credit"),
        Case(replace(AGREEMENT, opening_credit="0.1234kWh"), "opening_credit", "at most three decimals"),
        Case(replace(POINT, time_zone="Phoenix"), "time_zone", "'Phoenix' is not an IANA time zone"),
        Case(replace(PRICES, document={"energyratestructure": []}), "energyratestructure", "energyratestructure"),
    ],
    ids=lambda case: case.says,
)  # fmt: skip
def test_a_contradiction_is_named_with_its_record_and_field(case: Case) -> None:
    (found,) = faults(registry(case.record))
    assert (found.key, found.field) == (case.record.key, case.field)
    assert case.says in found.message


def test_a_charge_for_reactive_power_needs_a_service_point_that_says_it_is_not_metered() -> None:
    reactive = replace(PRICES, document=document(0.10, demandreactivepowercharge=0.5))

    (found,) = faults(registry(reactive))
    assert (found.key, found.field) == (AGREEMENT.key, "tariff_id")
    assert "flat charges for reactive power, and SP-1 does not say how it is metered" in found.message
    assert faults(registry(reactive, replace(POINT, reactive="not metered"))) == []


def test_an_agreement_cannot_net_over_a_month_what_has_hourly_prices() -> None:
    prices = {"start": "2026-01-01T00:00:00Z", "interval_s": 3600, "values": [0.1]}
    hourly = replace(PRICES, document=document(0.10, energy_prices=prices))

    (found,) = faults(registry(hourly, replace(AGREEMENT, metering="net-metering")))
    assert (found.field, "flat has hourly prices" in found.message) == ("metering", True)
    assert faults(registry(hourly, replace(AGREEMENT, metering="net-billing"))) == []


def test_one_agreement_goes_on_at_another_tariff_without_a_gap() -> None:
    ended = replace(AGREEMENT, end=date(2026, 7, 1))
    later = replace(AGREEMENT, first=date(2026, 7, 2))
    (found,) = faults(registry(ended, later))
    assert "does not follow AG-1@2026-01-01, which ends 2026-07-01" in found.message
    assert faults(registry(ended, replace(later, first=date(2026, 7, 1)))) == []


def test_a_record_that_was_entered_by_mistake_ends_when_it_begins_and_overlaps_nothing() -> None:
    day = date(2026, 5, 1)
    moved = replace(AGREEMENT, agreement_id="AG-2", first=day, end=day)
    there = replace(METER, meter_id="M-2", end=METER.start)
    assert faults(registry(moved, there)) == []
    assert faults(registry(replace(AGREEMENT, end=AGREEMENT.first), replace(AGREEMENT, agreement_id="AG-2"))) == []


def test_a_new_price_touches_the_service_points_of_its_tariff_and_a_new_name_touches_none() -> None:
    before = registry()
    dearer = registry(replace(PRICES, document=document(0.20)))
    renamed = registry(replace(ACCOUNT, name="Maria Lopez"))
    assert touched_service_points(changes(before, dearer), dearer) == {"SP-1"}
    assert touched_service_points(changes(before, renamed), renamed) == set()
    assert changes(before, before) == []


def test_who_moves_out_and_who_moves_in_follow_each_other() -> None:
    day = date(2026, 7, 16)
    left = registry().updated(events.move_out(registry(), "SP-1", day))
    other = Account(account_id="A-2", name="Li Wei")
    moved = left.updated(events.move_in(left, other, "SP-1", "flat", day))
    assert faults(moved) == []
    assert events.agreement_at(moved, "SP-1", date(2026, 7, 15)) == replace(AGREEMENT, end=day)
    assert events.agreement_at(moved, "SP-1", day).account_id == "A-2"  # type: ignore[union-attr]


def test_nobody_moves_in_where_somebody_lives() -> None:
    with pytest.raises(RegistryError, match="is served to account A-1 on 2026-07-16; move that one out first"):
        events.move_in(registry(), ACCOUNT, "SP-1", "flat", date(2026, 7, 16))


def test_nobody_moves_out_twice() -> None:
    left = registry().updated(events.move_out(registry(), "SP-1", date(2026, 7, 16)))
    with pytest.raises(RegistryError, match="SP-1 has no agreement that is still open"):
        events.move_out(left, "SP-1", date(2026, 7, 20))


def test_an_exchanged_meter_ends_where_the_new_one_begins() -> None:
    noon = instant("2026-07-11T12:00", ZONE)
    after = registry().updated(events.exchange_meter(registry(), "SP-1", "M-2", noon))
    assert faults(after) == []
    assert sorted((one.meter_id, one.start, one.end) for one in after.installations.values()) == [
        ("M-1", METER.start, noon),
        ("M-2", noon, None),
    ]


def test_a_price_change_ends_the_version_before_it_and_leaves_later_ones() -> None:
    july, october = date(2026, 7, 1), date(2026, 10, 1)
    first = registry().updated(events.change_price(registry(), "flat", document(0.30), october))
    second = first.updated(events.change_price(first, "flat", document(0.20), july))
    assert faults(second) == []
    versions = sorted((one.first or date.min, one.end) for one in second.tariffs.values())
    assert versions == [(date.min, july), (july, october), (october, None)]


def test_a_price_change_on_the_day_of_a_version_replaces_its_prices() -> None:
    july = date(2026, 7, 1)
    first = registry().updated(events.change_price(registry(), "flat", document(0.30), july))
    second = first.updated(events.change_price(first, "flat", document(0.20), july))
    assert faults(second) == []
    assert second.tariffs["flat@2026-07-01"] == TariffDocument(tariff_id="flat", first=july, document=document(0.20))
    assert second.tariffs["flat@always"].document == FLAT


def test_another_tariff_from_a_day_on_continues_the_agreement() -> None:
    other = TariffDocument(tariff_id="other", document=document(0.2))
    july = date(2026, 7, 1)
    before = registry(other)
    after = before.updated(events.change_tariff(before, "SP-1", "other", july))
    assert faults(after) == []
    assert {(one.agreement_id, one.tariff_id, one.first, one.end) for one in after.agreements.values()} == {
        ("AG-1", "flat", date(2026, 1, 1), july),
        ("AG-1", "other", july, None),
    }


def test_an_id_that_no_table_could_be_keyed_by_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"meter_id": "a b", "service_point_id": "SP-1", "start": 0}, Installation)
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({**msgspec.to_builtins(AGREEMENT), "cycle_day": 29}, Agreement)
