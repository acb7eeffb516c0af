from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from electrocloud.aws.store.dynamodb_items import bill_of, stored_day
from electrocloud.domain.billing.bill import rate
from electrocloud.domain.billing.service import Service
from electrocloud.domain.billing.terms import UNREGISTERED
from electrocloud.domain.readings.upload import DIRECTIONS, QUALITIES, Upload
from electrocloud.domain.registry.records import Installation
from electrocloud.domain.tariffs.urdb import tariff_from_urdb
from electrocloud.domain.tariffs.versions import always
from electrocloud.services.fixed_services import FixedServices
from electrocloud.services.ingest import ingest_uploads
from electrocloud.services.rating import read_determinants
from electrocloud.services.store import ATTEMPTS
from tests.kits.examples import TIME_OF_USE, upload
from tests.kits.memory import MemoryTables
from tests.kits.services_kit import planned_bill

TARIFF = tariff_from_urdb(TIME_OF_USE)
FIRST = date(2026, 10, 31)  # its last hour is November's in Berlin

uploads = st.builds(
    upload,
    meter_id=st.sampled_from(["m-1", "m-2"]),
    day=st.integers(0, 3).map(lambda n: FIRST + timedelta(days=n)),
    wh=st.lists(st.integers(0, 5_000), min_size=1, max_size=6),
    interval_s=st.sampled_from([900, 3600]),
    revision=st.integers(0, 2),
    first=st.integers(0, 18),
    direction=st.sampled_from(DIRECTIONS),
    quality=st.sampled_from(QUALITIES),
)


PRICED = tariff_from_urdb(
    {
        **TIME_OF_USE,
        "coincidentratestructure": [[{"rate": 4}]],
        "coincident_peaks": ["2026-10-31T17:00+01:00", "2026-11-02T18:00+01:00"],
        "energy_prices": {
            "name": "Day-ahead prices",
            "daily_cap": 0.05,
            "start": "2026-10-30T00:00Z",
            "values": [(hour * 37 % 90 - 20) / 1000 for hour in range(168)],
        },
    }
)


def everybody(meters):
    return dict.fromkeys(meters, TARIFF)


def take(tables: MemoryTables, batch: list[Upload], tariffs=everybody):
    return ingest_uploads(batch, tables, FixedServices(tariffs), pause=lambda attempt: None)


@settings(max_examples=150, deadline=None)
@given(st.lists(uploads, min_size=1, max_size=12), st.data())
def test_duplicates_order_and_batches_change_no_byte_of_windows_or_bills(sent, data):
    plain, shaken = MemoryTables(), MemoryTables()
    for one in sent:
        take(plain, [one])
    again = data.draw(st.permutations(sent + data.draw(st.lists(st.sampled_from(sent), max_size=6))))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(again)), max_size=3)))
    for low, high in zip([0, *cuts], [*cuts, len(again)], strict=True):
        take(shaken, again[low:high])
    assert shaken.windows == plain.windows
    assert shaken.bills == plain.bills


@settings(max_examples=30, deadline=None)
@given(st.lists(uploads, min_size=1, max_size=8), st.data())
def test_duplicates_and_order_change_no_bill_at_hourly_prices_and_system_peaks(sent, data):
    at_prices = lambda meters: dict.fromkeys(meters, PRICED)  # noqa: E731
    plain, shaken = MemoryTables(), MemoryTables()
    take(plain, sent, at_prices)
    for one in data.draw(st.permutations(sent + data.draw(st.lists(st.sampled_from(sent), max_size=3)))):
        take(shaken, [one], at_prices)
    assert shaken.bills == plain.bills
    for (meter, cycle), item in plain.bills.items():
        planned = planned_bill(PRICED, cycle, meter)
        assert bill_of(item) == rate(planned.plan, read_determinants(planned, plain), meter)


@settings(max_examples=60, deadline=None)
@given(st.lists(uploads, min_size=1, max_size=12))
def test_the_kept_bill_is_the_bill_of_all_its_windows(sent):
    tables = MemoryTables()
    for one in sent:
        take(tables, [one])
    for (meter, cycle), item in tables.bills.items():
        planned = planned_bill(TARIFF, cycle, meter)
        assert bill_of(item) == rate(planned.plan, read_determinants(planned, tables), meter)


@settings(max_examples=60, deadline=None)
@given(st.lists(uploads, min_size=1, max_size=12))
def test_energy_received_changes_no_byte_of_a_bill(sent):
    tables, delivered_alone = MemoryTables(), MemoryTables()
    for one in sent:
        take(tables, [one])
        if not one.received:
            take(delivered_alone, [one])
    assert tables.bills == delivered_alone.bills


def test_energy_received_for_a_final_bill_makes_no_version():
    tables = MemoryTables()
    february = [date(2027, 1, 31) + timedelta(days=n) for n in range(29)]
    take(tables, [upload(day=day, wh=[100] * 24, interval_s=3600) for day in february])
    bills = dict(tables.bills)
    outcome = take(tables, [upload(day=date(2027, 2, 10), wh=[900] * 24, interval_s=3600, direction="received")])
    assert outcome.changed == 24
    assert tables.bills == bills
    assert tables.windows["m-1", "2027-02-10"]["received_wh"] == {"N": "21600"}
    assert tables.windows["m-1", "2027-02-10"]["wh"] == {"N": "2400"}


def test_a_worker_that_conflicts_with_another_rereads_and_loses_nothing():
    tables = MemoryTables()
    mine, theirs = upload(first=0), upload(first=8)

    def change_in_between():
        tables.before_commit = lambda: None
        take(tables, [theirs])

    tables.before_commit = change_in_between
    outcome = take(tables, [mine])
    assert not outcome.failed
    assert stored_day(tables.windows["m-1", "2026-11-24"]).day.count == 8


def test_a_meter_that_always_conflicts_is_returned_and_the_others_are_stored():
    tables = MemoryTables()
    turn = iter(range(1, 100))
    inside = False

    def change_in_between():
        nonlocal inside
        if not inside:
            inside = True
            take(tables, [upload(meter_id="m-1", wh=[1], first=3 + next(turn))])
            inside = False

    tables.before_commit = change_in_between
    outcome = take(tables, [upload(meter_id="m-1"), upload(meter_id="m-2")])
    assert outcome.failed == {"m-1"}
    assert next(turn) == ATTEMPTS + 1
    assert ("m-2", "2026-11-24") in tables.windows


def test_a_meter_without_a_tariff_gets_windows_and_its_bill_once_it_is_registered():
    tables = MemoryTables()
    take(tables, [upload(day=date(2026, 11, 23))], tariffs=lambda meters: {})
    assert tables.windows
    assert not tables.bills
    take(tables, [upload(day=date(2026, 11, 24))])
    assert bill_of(tables.bills["m-1", "2026-11"]).energy_kwh == 2


def test_a_changed_tariff_rerates_the_whole_month():
    tables = MemoryTables()
    take(tables, [upload(day=date(2026, 11, 23))])
    dearer = tariff_from_urdb({**TIME_OF_USE, "label": "dear", "fixedchargefirstmeter": 20})
    take(tables, [upload(day=date(2026, 11, 24))], tariffs=lambda meters: dict.fromkeys(meters, dearer))
    bill = bill_of(tables.bills["m-1", "2026-11"])
    assert bill.tariff == "dear"
    assert bill.energy_kwh == 2


def test_a_correction_of_a_final_bill_makes_a_version_and_keeps_the_old():
    tables = MemoryTables()
    february = [date(2027, 1, 31) + timedelta(days=n) for n in range(29)]
    take(tables, [upload(day=day, wh=[100] * 24, interval_s=3600) for day in february])
    before = bill_of(tables.bills["m-1", "2027-02"])
    assert before.status == "final"
    take(tables, [upload(day=date(2027, 2, 10), wh=[900], interval_s=3600, revision=1)])
    after = bill_of(tables.bills["m-1", "2027-02"])
    assert (after.version, after.status) == (2, "final")
    assert after.adjustment is not None
    assert after.adjustment.amount_rounded == after.total_rounded - before.total_rounded
    assert bill_of(tables.bills["m-1", "2027-02#v001"]) == before


def test_the_outcome_counts_what_was_new_and_what_was_known():
    tables = MemoryTables()
    first = take(tables, [upload(), upload(meter_id="m-2")])
    assert (first.readings, first.changed, first.repeated, first.bills) == (8, 8, 0, 2)
    second = take(tables, [upload(), upload(first=4)])
    assert (second.readings, second.changed, second.repeated, second.bills) == (8, 4, 4, 1)


def test_a_backlog_of_many_days_is_stored_in_parts():
    tables = MemoryTables()
    days = [date(2026, 1, 1) + timedelta(days=n) for n in range(150)]
    outcome = take(tables, [upload(day=day) for day in days])
    assert outcome.changed == 600
    assert len(tables.windows) == 150


def test_twenty_days_of_a_meter_that_each_touch_two_months_fit_one_transaction():
    tables = MemoryTables()
    ends = [date(2020 + n // 6, n % 6 * 2 + 2, 1) - timedelta(days=1) for n in range(25)]
    sizes = []
    commit = tables.commit

    def count(changes, *, alone):
        sizes.extend(len(one.days) + 2 * len(one.bills) for one in changes)  # a bill may replace a final one
        return commit(changes, alone=alone)

    tables.commit = count
    outcome = take(tables, [upload(day=day, wh=[1] * 24, interval_s=3600) for day in ends])
    assert outcome.changed == 25 * 24
    assert max(sizes) == 100


def test_a_meter_registered_while_its_upload_is_being_stored_gets_all_its_windows_into_its_bill():
    tables = MemoryTables()
    registered = False

    class Registry(FixedServices):
        known = False

        def refresh(self):
            changed, self.known = registered != self.known, registered
            return changed

    registry = Registry(lambda meters: everybody(meters) if registered else {})

    def change_in_between():  # another worker stores and rates another day, and sees only what is stored by now
        nonlocal registered
        tables.before_commit = lambda: None
        registered = True
        ingest_uploads([upload(day=date(2026, 11, 25))], tables, registry, lambda attempt: None)
        registry.known = False

    tables.before_commit = change_in_between
    ingest_uploads([upload(day=date(2026, 11, 24))], tables, registry, lambda attempt: None)
    assert bill_of(tables.bills["m-1", "2026-11"]).energy_kwh == 2


def test_an_upload_that_comes_again_is_rated_where_its_worker_was_killed_before_it_could():
    tables = MemoryTables()
    take(tables, [upload(day=date(2026, 11, 25))])
    take(tables, [upload(day=date(2026, 11, 24))], tariffs=lambda meters: {})
    assert bill_of(tables.bills["m-1", "2026-11"]).energy_kwh == 1
    take(tables, [upload(day=date(2026, 11, 24))])
    assert bill_of(tables.bills["m-1", "2026-11"]).energy_kwh == 2


def test_an_upload_that_comes_again_writes_nothing():
    tables = MemoryTables()
    take(tables, [upload()])
    written = []
    tables.commit = lambda changes, *, alone: written.extend(changes) or set()
    assert take(tables, [upload()]).bills == 0
    assert not written


def test_a_meter_in_place_of_another_for_the_whole_month_is_billed_from_its_own_readings_alone():
    tables = MemoryTables()

    class Registry:
        meter = "m-1"

        def services_of(self, meters):
            installed = Installation(meter_id=self.meter, service_point_id="sp-1", start=0)
            terms = UNREGISTERED._replace(agreement_id="ag-1")
            service = Service(terms, always(TARIFF), TARIFF.zone, (installed,))
            return {self.meter: [service]} if self.meter in meters else {}

        def refresh(self):
            return False

    registry = Registry()
    ingest_uploads([upload(meter_id="m-1", day=date(2026, 11, 24))], tables, registry, lambda attempt: None)
    before = bill_of(tables.bills["ag-1", "2026-11"])
    registry.meter = "m-2"  # the registry was wrong: it was this meter all the time
    ingest_uploads([upload(meter_id="m-2", day=date(2026, 11, 25))], tables, registry, lambda attempt: None)

    assert bill_of(tables.bills["ag-1", "2026-11"]).energy_kwh == before.energy_kwh
