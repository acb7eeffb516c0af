"""Bills that depend on earlier ones: in whatever order readings come, they are the same."""

from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from electrocloud.aws.store.dynamodb_items import bill_of, stored_bill
from electrocloud.domain.billing.service import Service
from electrocloud.domain.billing.terms import ServiceTerms
from electrocloud.domain.readings.upload import DIRECTIONS, Upload
from electrocloud.domain.registry.records import Installation
from electrocloud.domain.tariffs.urdb import tariff_from_urdb
from electrocloud.domain.tariffs.versions import always
from electrocloud.services.ingest import ingest_uploads
from electrocloud.services.replay import rerate_bills
from electrocloud.services.store import Change
from tests.kits.examples import TIME_OF_USE, upload
from tests.kits.memory import MemoryTables
from tests.kits.services_kit import Served

FIRST, END = date(2027, 1, 31), date(2027, 4, 2)  # the first and the last bill are of one day
RATCHET = {"flatdemandstructure": [[{"rate": 9}]], "flatdemandmonths": [0] * 12, "lookbackpercent": 90,
           "lookbackrange": 2}  # fmt: skip
OPTIONS = (
    {"dgrules": "Net Metering", "ur_nm_credit_month": 2, "ur_nm_yearend_sell_rate": 0.05},
    {"ur_metering_option": 1, "sell_rate": 0.06},
    {"dgrules": "Net Billing Hourly", "ur_metering_option": 3, "sell_rate": 0.07},
    RATCHET,
    {"dgrules": "Net Metering", **RATCHET},
)
uploads = st.builds(
    upload,
    day=st.sampled_from([FIRST, date(2027, 2, 1), date(2027, 2, 28), date(2027, 3, 9), END - timedelta(days=1)]),
    wh=st.lists(st.integers(0, 5_000), min_size=24, max_size=24),
    interval_s=st.just(3600),
    revision=st.integers(0, 2),
    direction=st.sampled_from(DIRECTIONS),
)


def service(options: dict) -> Service:
    tariff = tariff_from_urdb({**TIME_OF_USE, **options, "timezone": "UTC"})
    terms = ServiceTerms(agreement_id="A-1", first=FIRST, end=END)
    return Service(terms, always(tariff), "UTC", (Installation(meter_id="m-1", service_point_id="P-1", start=0),))


def take(tables: MemoryTables, batch: list[Upload], at: Service) -> None:
    ingest_uploads(batch, tables, Served([at]), lambda attempt: None)


def whole(tables: MemoryTables) -> dict[str, tuple[object, ...]]:
    """What the bills say, without their history, and what they begin with and carry forward."""
    found = {}
    for cycle in tables.cycles_of("A-1"):
        billed = stored_bill(tables.bills["A-1", cycle]).billed
        bill = billed.bill
        found[cycle] = (bill.lines, bill.total, bill.credit, billed.begins, billed.carries)
    return found


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(OPTIONS), st.lists(uploads, min_size=1, max_size=9), st.data())
def test_order_and_duplicates_change_no_bill_and_nothing_that_it_carries_forward(options, sent, data):
    at = service(options)
    plain, shaken = MemoryTables(), MemoryTables()
    take(plain, sent, at)
    again = data.draw(st.permutations(sent + data.draw(st.lists(st.sampled_from(sent), max_size=4))))
    for one in again:
        take(shaken, [one], at)

    assert whole(shaken) == whole(plain)
    known = dict(shaken.bills)
    take(shaken, sent, at)
    rerate_bills([at.bill_of_cycle(cycle) for cycle in shaken.cycles_of("A-1")], shaken, lambda attempt: None)
    assert shaken.bills == known


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(OPTIONS), st.lists(uploads, min_size=1, max_size=9))
def test_each_bill_begins_with_what_the_one_before_carries_forward(options, sent):
    tables, at = MemoryTables(), service(options)
    for one in sent:
        take(tables, [one], at)
        found = {cycle: stored_bill(tables.bills["A-1", cycle]).billed for cycle in tables.cycles_of("A-1")}
        for before, cycle in pairwise(found):
            planned = at.bill_of_cycle(cycle)
            if planned and planned.previous and planned.previous.key.cycle == before:
                assert found[cycle].begins == found[before].carries


def test_a_ratchet_bills_an_earlier_peak_and_follows_its_correction():
    tables, at = MemoryTables(), service(RATCHET)
    for day, watts in ((FIRST, 4_000), (date(2027, 2, 1), 1_000), (date(2027, 3, 9), 1_000)):
        take(tables, [upload(day=day, wh=[watts] * 24, interval_s=3600)], at)

    def demand(cycle: str) -> object:
        return bill_of(tables.bills["A-1", cycle]).demand_charge

    assert (demand("2027-02"), demand("2027-03")) == (Decimal("32.4"), Decimal("32.4"))
    take(tables, [upload(day=FIRST, wh=[2_000] * 24, interval_s=3600, revision=1)], at)
    assert (demand("2027-02"), demand("2027-03")) == (Decimal("16.2"), Decimal("16.2"))
    take(tables, [upload(day=END - timedelta(days=1), wh=[100] * 24, interval_s=3600)], at)
    assert demand("2027-04") == Decimal("0.27")  # 0.9 kW for a day of 30; January is three months before
    assert bill_of(tables.bills["A-1", "2027-04"]).status == "final"


def test_a_bill_that_another_worker_makes_meanwhile_is_not_left_behind():
    tables, at = MemoryTables(), service(OPTIONS[0])
    take(tables, [upload(day=FIRST, wh=[900] * 24, interval_s=3600, direction="received")], at)

    def meanwhile() -> None:
        tables.before_commit = lambda: None
        take(tables, [upload(day=date(2027, 2, 1), wh=[100] * 24, interval_s=3600)], at)

    tables.before_commit = meanwhile
    take(tables, [upload(day=FIRST, wh=[500] * 24, interval_s=3600, direction="received", revision=1)], at)

    assert whole(tables)["2027-02"][3] == whole(tables)["2027-01"][4]


def test_a_change_holds_only_while_what_it_rests_on_is_unchanged():
    change = Change("m-1", unchanged={("A-1", "2027-01"): "tag"})

    assert MemoryTables().commit([change], alone=True) == {"m-1"}
