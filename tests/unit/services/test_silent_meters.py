"""Meters that were silent for a whole billing cycle get a bill all the same."""

from collections.abc import Collection
from datetime import date, timedelta
from types import SimpleNamespace

from electrocloud.aws.store.dynamodb_items import bill_of
from electrocloud.domain.billing.bill import Bill
from electrocloud.domain.billing.service import BillKey, Service
from electrocloud.services.class_profiles import LEAST_METERS, SAMPLE_METERS, SampledMeter
from electrocloud.services.closing import CloseBills, ClosingStore, FindUnbilled, close, find_unbilled
from electrocloud.services.ingest import ingest_uploads
from electrocloud.services.registry import services_in
from tests.kits.billing_kit import instant
from tests.kits.examples import upload
from tests.kits.memory import MemoryTables
from tests.kits.registry_kit import ZONE, street

FIND = FindUnbilled("2026-07", 0, 1)
DUE = instant("2026-08-01T00:00", ZONE)
DAYS = [date(2026, 6, 1) + timedelta(days=number) for number in range(62)]
PEER_WH = 300
LIKE_JUNE = 27 * 24 + 17  # hours of July within four weeks of the last reading, at 17:00 on 30 June in Phoenix


class Street:
    """Houses 1 to `houses`; the meters of some have hourly readings. It is the registry and the open bills in one."""

    def __init__(self, houses: int, customer_class: str = "residential") -> None:
        own = street(houses, customer_class)
        self.services = services_in(own, own.service_points.keys())
        self.tables = MemoryTables()
        self.waiting: dict[str, str] = {}
        self.meters = [f"M-{number}" for number in range(1, houses + 1)]

    def read(self, meter_id: str, days: Collection[date], wh: int = PEER_WH) -> None:
        sent = [upload(meter_id=meter_id, day=day, wh=[wh] * 24, interval_s=3600) for day in days]
        ingest_uploads(sent, self.tables, self, still)

    def close_unbilled(self, due: int = DUE) -> list[CloseBills]:
        found = [*find_unbilled(FIND, self, self, due, lambda: False)]
        for item in found:
            assert close(item, ClosingStore(self.tables, self, self, self), due, still, lambda: False).left is None
        return found

    def bill(self, number: int) -> Bill:
        return bill_of(self.tables.bills[BillKey(f"AG-{number}", "2026-07")])

    def services_of(self, meter_ids: Collection[str]) -> dict[str, list[Service]]:
        return {meter: [s for s in self.services if s.installations[0].meter_id == meter] for meter in meter_ids}

    def services_in(self, part, parts, after):
        yield "SP-9", self.services

    def refresh(self) -> bool:
        return False

    def any_of_month(self, month: str) -> bool:
        return any(cycle.startswith(month) for _, cycle in self.tables.bills)

    def meters_of(self, bills):
        return {key: bill_of(self.tables.bills[key]).meter_id for key in bills if key in self.tables.bills}

    def wait_for_estimate(self, key, missing, reason) -> None:
        self.waiting[key.agreement_id] = reason

    def sample(self, customer_class: str, most: int) -> list[SampledMeter]:
        assert most == SAMPLE_METERS
        return [SampledMeter(meter, ZONE) for meter in self.meters]


def still(attempt: int) -> None:
    raise AssertionError("nobody else is at work")


def busy_street(peers: int) -> Street:
    """A silent meter, M-1, and its neighbors."""
    found = Street(peers + 1)
    for meter in found.meters[1:]:
        found.read(meter, DAYS)
    return found


def test_a_silent_meter_with_history_is_estimated_from_it() -> None:
    houses = busy_street(1)
    houses.read("M-1", DAYS[:30], wh=100)
    assert houses.close_unbilled() == [CloseBills([BillKey("AG-1", "2026-07")], {"AG-1": "M-1"})]
    counts = houses.bill(1).intervals
    assert (counts.estimated, counts.from_profile) == (LIKE_JUNE, 0)
    assert houses.bill(1).energy_kwh * 1000 == LIKE_JUNE * 100


def test_a_silent_meter_without_history_is_estimated_from_its_class_and_marked_so() -> None:
    houses = busy_street(LEAST_METERS)
    houses.close_unbilled()
    bill = houses.bill(1)
    counts = bill.intervals
    assert (bill.status, bill.version, bill.meter_id) == ("final", 1, "M-1")
    assert (counts.read, counts.estimated, counts.from_profile, counts.missing) == (0, 744, 744, 0)
    assert bill.energy_kwh * 1000 == 744 * PEER_WH
    assert bill.number == "AG-1-20260701"
    assert houses.close_unbilled() == []


def test_history_comes_first_and_the_class_fills_what_it_leaves() -> None:
    houses = busy_street(LEAST_METERS)
    houses.read("M-1", DAYS[:30], wh=100)
    houses.close_unbilled()
    counts = houses.bill(1).intervals
    assert (houses.bill(1).status, counts.estimated, counts.from_profile) == ("final", 744, 744 - LIKE_JUNE)


def test_without_history_and_class_the_bill_stays_open_with_its_reason_and_holds_up_no_other() -> None:
    houses = busy_street(LEAST_METERS - 1)
    other = Street(1, "farm").services[0]
    houses.read("M-1", DAYS[25:30], wh=100)
    houses.services = [other, *houses.services[1:]]
    houses.close_unbilled()
    assert houses.bill(1).status == "provisional"
    assert houses.waiting["AG-1"].endswith("and there is no mean profile of class farm to estimate them from")


def test_a_late_reading_takes_the_place_of_its_estimate_and_the_others_stay() -> None:
    houses = busy_street(LEAST_METERS)
    houses.close_unbilled()
    houses.read("M-1", [date(2026, 7, 15)], wh=PEER_WH + 100)
    bill = houses.bill(1)
    counts = bill.intervals
    # Readings are of UTC days. Of the later days of its type those in its four weeks have a history now.
    assert (bill.version, bill.status, counts.read, counts.missing) == (2, "final", 24, 0)
    assert 0 < counts.from_profile < 720
    assert bill.reason == "reading corrected"


def test_readings_that_come_while_the_bill_is_made_are_in_it() -> None:
    houses = busy_street(LEAST_METERS)

    def change_in_between() -> None:
        houses.tables.before_commit = lambda: None
        houses.read("M-1", [date(2026, 7, 15)], wh=PEER_WH + 100)

    found = [*find_unbilled(FIND, houses, houses, DUE, lambda: False)]
    houses.tables.before_commit = change_in_between
    store = ClosingStore(houses.tables, houses, houses, houses)
    assert close(found[0], store, DUE, lambda attempt: None, lambda: False).final == 1
    assert houses.bill(1).intervals.read == 24


def test_nothing_is_made_before_the_grace_time_without_a_meter_or_of_a_month_that_nobody_has_a_bill_of() -> None:
    houses = busy_street(LEAST_METERS)
    assert houses.close_unbilled(due=DUE - 1) == []
    assert [*find_unbilled(FindUnbilled("2026-04", 0, 1), houses, houses, DUE, lambda: False)] == []
    vacant = [SimpleNamespace(bill_of_month=lambda month: None)]
    houses.services = vacant
    assert houses.close_unbilled() == []


def test_a_class_profile_is_made_once() -> None:
    houses = busy_street(LEAST_METERS)
    houses.close_unbilled()
    profile = dict(houses.tables.profiles)
    assert profile["residential", "2026-07"][True, 0] == PEER_WH
    houses.read("M-2", DAYS[30:], wh=9_000)
    houses.close_unbilled()
    assert houses.tables.profiles == profile
