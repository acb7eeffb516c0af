"""The store's adapters on the tables that template.yaml declares, in two stores with DynamoDB's interface.

What reads runs on both; what writes in transactions runs on the laptop's cloud alone, since dynalite has none.
"""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import count
from random import Random
from typing import Any

import msgspec
import pytest
from botocore.exceptions import ClientError

from electrocloud.aws.backoff import pause
from electrocloud.aws.store import dynamodb_items as items
from electrocloud.aws.store.bills_to_finalize import DynamoOpenBills
from electrocloud.aws.store.forecasts import Forecasts
from electrocloud.aws.store.reader import Reader
from electrocloud.aws.store.service_lookup import ServiceLookup
from electrocloud.aws.store.store import open_store
from electrocloud.aws.store.tables import WRITE_AT_ONCE, DynamoTables
from electrocloud.domain.billing.service import BillKey
from electrocloud.domain.forecast import Suspect
from electrocloud.domain.readings.upload import Upload, decode
from electrocloud.domain.tariffs.urdb import tariff_from_urdb
from electrocloud.services.closing import FindBills
from electrocloud.services.fixed_services import FixedServices
from electrocloud.services.ingest import ingest_uploads
from electrocloud.services.store import Change, ReplacedBill
from tests.conformance.dynamo_kit import Store, running
from tests.kits.billing_kit import Rate, document
from tests.kits.examples import TIME_OF_USE, upload
from tests.kits.memory import MemoryTables

DAY = date(2026, 11, 24)
AFTER_NOVEMBER = datetime(2026, 12, 2, tzinfo=UTC).timestamp()  # by then all of it is due
TARIFF = tariff_from_urdb(TIME_OF_USE)
PERIODS = [[hour % 12 for hour in range(24)]] * 12
MANY_RUNS: Rate = {  # a period an hour: the most that a day has to say to a tariff
    **document(),
    "timezone": "Asia/Kathmandu",
    "energyratestructure": [[{"rate": 0.1, "max": 10}, {"rate": 0.2}]] * 12,
    "energyweekdayschedule": PERIODS,
    "energyweekendschedule": PERIODS,
    "demandratestructure": [[{"rate": 1}]] * 12,
    "demandweekdayschedule": PERIODS,
    "demandweekendschedule": PERIODS,
}
_numbers = count()


@pytest.fixture(scope="module", params=["laptop", "dynalite"])
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with running(request.param, tmp_path_factory.mktemp(request.param)) as one:
        yield one


@pytest.fixture(scope="module")
def laptop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with running("laptop", tmp_path_factory.mktemp("transactions")) as one:
        yield one


@pytest.fixture
def meter() -> str:
    """A meter that no other test knows, since the tests of a store share its tables."""
    return f"m-{next(_numbers)}"


def tables(store: Store) -> DynamoTables:
    return DynamoTables(store.client, "WindowsTable", "BillsTable", pause)


def registry(store: Store) -> ServiceLookup:
    return open_store(store.client, store.stack, clock=lambda: 0.0).registry


def keep(store: Store, *uploads: Upload, rate: Rate = TIME_OF_USE) -> MemoryTables:
    """Ingest the uploads in memory, and put the items there one by one."""
    memory, tariff = MemoryTables(), tariff_from_urdb(rate)
    ingest_uploads(uploads, memory, FixedServices(lambda meters: dict.fromkeys(meters, tariff)), lambda _: None)
    for table, kept in (("WindowsTable", memory.windows), ("BillsTable", memory.bills)):
        for item in kept.values():
            store.client.put_item(TableName=table, Item=item)
    return memory


def days_of_minutes(meter: str, count: int) -> Iterator[Upload]:
    """Days from the first of October on that are as large as days can be: 1,440 readings that are all chance."""
    random = Random(meter)
    for number in range(count):
        day = date(2026, 10, 1) + timedelta(number)
        readings = [
            {
                "start": f"{day}T{minute // 60:02}:{minute % 60:02}:00Z",
                "wh": random.randrange(166_000),
                "revision": random.randrange(65_536),
                "voltage_v": random.randrange(10_000) / 10,
            }
            for minute in range(1440)
        ]
        yield decode(json.dumps({"meter_id": meter, "interval_s": 60, "readings": readings}).encode())


def test_the_index_by_month_has_what_a_list_of_bills_shows_and_leaves_out_the_rest(store: Store, meter: str) -> None:
    memory = keep(store, *(upload(meter_id=f"{meter}-{number}", wh=[1000] * (number + 1)) for number in range(20)))
    reader = Reader(store.stack, lambda: AFTER_NOVEMBER)
    rows = [row for row in reader.bills_of_month("2026-11") if row.meter_id.startswith(f"{meter}-")]
    bills = {key.agreement_id: items.bill_of(item) for key, item in memory.bills.items()}
    assert [row.meter_id for row in rows] == sorted(bills)
    for row in rows:
        bill = bills[row.meter_id]
        assert (row.energy_kwh, row.total, row.status) == (bill.energy_kwh, bill.total_rounded, bill.status)
        assert (row.missing, row.estimated) == (bill.intervals.missing, bill.intervals.estimated)
    answers = [
        store.client.query(
            TableName="BillsTable",
            IndexName="by-month",
            KeyConditionExpression="month_part = :part",
            ExpressionAttributeValues={":part": {"S": items.month_part("2026-11", part)}},
        )
        for part in range(items.MONTH_PARTS)
    ]
    found = [item for answer in answers for item in answer["Items"]]
    # A query of an index may ask for nothing else, which the service refuses and these stores do not.
    assert all(item.keys() >= {"meter_id", "bill", "meter", "status", "version", "total", "missing"} for item in found)
    assert not any("document" in item for item in found)


def test_a_replaced_version_is_in_the_history_and_not_in_the_index(store: Store, meter: str) -> None:
    ((key, item),) = keep(store, upload(meter_id=meter, day=date(2025, 5, 10))).bills.items()
    first = items.bill_of(item)
    store.client.put_item(TableName="BillsTable", Item=items.replaced_item(ReplacedBill(key, first, in_outbox=False)))
    second = msgspec.structs.replace(first, version=2)
    item["document"]["B"] = items.replaced_item(ReplacedBill(key, second, in_outbox=False))["document"]["B"]
    store.client.put_item(TableName="BillsTable", Item=item | {"version": {"N": "2"}})
    reader = Reader(store.stack)
    assert reader.history(meter) == [first, second]
    assert [row.version for row in reader.bills_of_month("2025-05") if row.meter_id == meter] == [2]


def test_only_bills_that_lack_readings_of_months_long_over_wait_to_be_closed(store: Store, meter: str) -> None:
    whole_month = [date(2026, 9, 30) + timedelta(number) for number in range(32)]
    whole, part, stranger = (f"{meter}-{name}" for name in ("whole", "part", "stranger"))
    keep(store, *(upload(meter_id=whole, day=day, wh=[9] * 24, interval_s=3600) for day in whole_month))
    kept = keep(store, *(upload(meter_id=one, day=date(2026, 10, 5)) for one in (part, stranger)))
    bills = DynamoOpenBills(store.client, "BillsTable")

    def open_bills(month: str, *, waiting: bool = False) -> set[str]:
        found = (FindBills(month, part, waiting) for part in range(items.MONTH_PARTS))
        keys = [key for item in found for page in bills.pages(item) for key in page]
        assert {key.cycle for key in keys} <= {month}
        assert bills.meters_of(keys) == {key: key.agreement_id for key in keys}
        return {key.agreement_id for key in keys if key.agreement_id.startswith(meter)}

    assert open_bills("2026-10") == {part, stranger}
    assert open_bills("2026-09") == {whole}  # of which two hours are known
    bills.wait_for_estimate(BillKey(part, "2026-10"), 1, "of another bill")
    assert open_bills("2026-10") == {part, stranger}
    missing = items.bill_of(kept.bills[BillKey(part, "2026-10")]).intervals.missing
    bills.wait_for_estimate(BillKey(part, "2026-10"), missing, "nothing to go by")
    assert open_bills("2026-10") == {stranger}
    assert open_bills("2026-10", waiting=True) == {part, stranger}
    assert [one.reason for one in bills.waiting("2026-10") if one.meter_id == part] == ["nothing to go by"]


def register(store: Store, *meters: str) -> None:
    tariff = {"tariff_id": {"S": "tou"}, "document": {"S": json.dumps(TIME_OF_USE)}}
    store.client.put_item(TableName="TariffsTable", Item=tariff)
    for meter in meters:
        texts = {"meter_id": meter, "feeder": "F1", "class": "home", "tariff_id": "tou", "timezone": "Europe/Berlin"}
        item = {name: {"S": text} for name, text in texts.items()} | {"lat": {"N": "51.5"}, "lon": {"N": "9.9"}}
        store.client.put_item(TableName="MetersTable", Item=item)


def test_meters_beyond_one_batch_are_all_looked_up(store: Store, meter: str) -> None:
    meters = [f"{meter}-{number}" for number in range(230)]
    register(store, *meters[::2])
    assert list(registry(store).services_of(meters)) == meters[::2]
    known = {one.meter_id: one for one in Reader(store.stack).meters()}
    assert known.keys() >= {*meters[::2]}
    assert Reader(store.stack).meter(meters[0]) == known[meters[0]]


def test_days_are_read_one_by_one_by_meter_and_by_the_newest(store: Store, meter: str) -> None:
    meters = [f"{meter}-{number}" for number in range(130)]
    keep(store, *(upload(meter_id=one, day=DAY - timedelta(back), wh=[7 + back]) for one in meters for back in (0, 1)))
    reader = Reader(store.stack)
    assert sorted(reader.day_of_each([*meters, "nobody"], DAY)) == sorted(meters)
    assert {day.latest.wh for day in reader.newest_days(meters[:20]).values()} == {7}
    assert [day.latest.wh for day in reader.days(meters[0], DAY - timedelta(9), DAY)] == [8, 7]
    assert [day.latest.wh for day in tables(store).days_between(meters[0], DAY - timedelta(9), DAY)] == [8, 7]


def test_the_largest_days_are_far_from_the_size_of_an_item_and_come_back_over_several_pages(
    store: Store, meter: str
) -> None:
    memory = keep(store, *days_of_minutes(meter, 100), rate=MANY_RUNS)
    sizes = [_size(item) for item in (*memory.windows.values(), *memory.bills.values())]
    assert max(sizes) < 400_000 / 10
    assert sum(sizes) > 1 << 20  # what a page holds
    days = Reader(store.stack).days(meter, date(2026, 10, 1), date(2027, 1, 8))
    assert [day.pack() for day in days] == [item["readings"]["B"] for _, item in sorted(memory.windows.items())]


def _size(item: items.Item) -> int:
    """Bytes of names and values, as DynamoDB counts them."""
    return sum(len(name) + len(next(iter(value.values()))) for name, value in item.items())


def test_suspects_beyond_a_page_of_a_megabyte_are_all_read_and_replaced(store: Store) -> None:
    forecasts = Forecasts(store.client, "ForecastsTable")
    some = [_suspect(f"{number:05}-{'x' * 50}") for number in range(5000)]
    now = datetime(2026, 11, 24, tzinfo=UTC)
    forecasts.replace_suspects([], some, now)
    first_page = store.client.query(
        TableName="ForecastsTable",
        KeyConditionExpression="series = :series",
        ExpressionAttributeValues={":series": {"S": "suspects"}},
    )
    assert "LastEvaluatedKey" in first_page
    assert forecasts.suspects() == some
    # MiniStack reads the whole partition for each meter's query: so these are few.
    forecasts.replace_suspects([one.meter_id for one in some[-40:]], some[-1:], now)
    assert forecasts.suspects() == [*some[:-40], some[-1]]


def _suspect(meter: str) -> Suspect:
    fields = {"meter_id": meter, "kind": "high", "start": 1_790_000_000, "end": 1_790_003_600, "low": 0, "high": 1}
    known = {name: fields.get(name, 0) for name in Suspect.__struct_fields__}
    return msgspec.convert(known, Suspect, strict=False)


def changes_of(meter: str, count: int, day: date = DAY) -> list[Change]:
    """What `count` meters' first uploads change: a day and a bill each."""
    memory = MemoryTables()
    taken: list[Change] = []

    def commit(changes: Any, *, alone: bool) -> set[str]:
        taken.extend(changes)
        return set()

    memory.commit = commit  # type: ignore[method-assign]
    sent = [upload(meter_id=f"{meter}-{number}", day=day) for number in range(count)]
    ingest_uploads(sent, memory, FixedServices(lambda meters: dict.fromkeys(meters, TARIFF)), lambda _: None)
    return taken


def test_changes_beyond_one_transaction_are_all_stored(laptop: Store, meter: str) -> None:
    changes = changes_of(meter, 130)
    assert sum(len(change.days) + len(change.bills) for change in changes) > 2 * WRITE_AT_ONCE
    assert tables(laptop).commit(changes, alone=False) == set()
    assert len(Reader(laptop.stack).day_of_each([change.owner for change in changes], DAY)) == 130


def test_a_transaction_that_one_meter_loses_stores_none_of_it_and_alone_the_others_hold(
    laptop: Store, meter: str
) -> None:
    changes = changes_of(meter, 5)
    loser = changes[3].owner
    assert tables(laptop).commit([changes[3]], alone=False) == set()
    assert tables(laptop).commit(changes, alone=False) == {change.owner for change in changes}
    assert Reader(laptop.stack).day_of_each([change.owner for change in changes], DAY).keys() == {loser}
    assert tables(laptop).commit(changes, alone=True) == {loser}
    assert len(Reader(laptop.stack).day_of_each([change.owner for change in changes], DAY)) == 5


def test_a_write_on_a_mark_that_was_overtaken_is_lost_and_names_its_reason(laptop: Store, meter: str) -> None:
    (change,) = changes_of(meter, 1)
    assert tables(laptop).commit([change], alone=True) == set()
    stored_days, _ = tables(laptop).read([(change.owner, DAY)], [])
    mark = stored_days[change.owner, DAY].mark
    right, wrong = (Change(change.owner, days=[(change.days[0][0], one)]) for one in (mark, "another's"))
    assert tables(laptop).commit([wrong], alone=True) == {change.owner}
    assert tables(laptop).commit([right], alone=True) == set()
    with pytest.raises(ClientError) as fault:
        laptop.client.transact_write_items(TransactItems=tables(laptop)._actions(wrong))
    assert [reason["Code"] for reason in fault.value.response["CancellationReasons"]] == ["ConditionalCheckFailed"]


def test_the_largest_change_of_a_meter_fits_a_transaction(laptop: Store, meter: str) -> None:
    """A head-end's month of minutes: DAYS_AT_ONCE days and their bills at a time."""
    tariff = tariff_from_urdb(MANY_RUNS)
    month = list(days_of_minutes(meter, 31))
    outcome = ingest_uploads(month, tables(laptop), FixedServices(lambda meters: dict.fromkeys(meters, tariff)), pause)
    assert (outcome.failed, outcome.changed) == (frozenset(), 31 * 1440)
    memory = keep(laptop, *month, rate=MANY_RUNS)
    assert WRITE_AT_ONCE * max(map(_size, (*memory.windows.values(), *memory.bills.values()))) < 4 << 20


def test_writers_on_one_meter_at_once_lose_no_reading_and_bill_none_twice(laptop: Store, meter: str) -> None:
    parts = [upload(meter_id=meter, day=DAY - timedelta(n % 2), wh=[100 + n], first=n) for n in range(24)]

    def ingest(part: Upload) -> frozenset[str]:
        return ingest_uploads(
            [part], tables(laptop), FixedServices(lambda meters: dict.fromkeys(meters, TARIFF)), pause
        ).failed

    with ThreadPoolExecutor(8) as pool:
        failed = list(pool.map(ingest, parts))
    for part in [part for part, lost in zip(parts, failed, strict=True) if lost]:
        ingest(part)  # as the stream hands back what lost too often
    memory = MemoryTables()
    ingest_uploads(parts, memory, FixedServices(lambda meters: dict.fromkeys(meters, TARIFF)), lambda _: None)
    reader = Reader(laptop.stack, lambda: AFTER_NOVEMBER)
    assert [day.pack() for day in reader.days(meter, DAY - timedelta(1), DAY)] == [
        items.stored_day(item).day.pack() for _, item in sorted(memory.windows.items())
    ]
    bill = reader.bill(meter, "2026-11")
    assert bill
    assert bill == items.bill_of(memory.bills[BillKey(meter, "2026-11")])
    assert bill.energy_kwh == Decimal(sum(range(100, 124))) / 1000
