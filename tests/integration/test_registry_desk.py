"""The registry in tables, index and lake, on AWS in memory."""

import io
import time
from datetime import date, timedelta
from decimal import Decimal

import msgspec
import pyarrow.parquet as pq
import pytest

from electrocloud.aws.stack import Stack
from electrocloud.aws.store.dynamodb_items import bill_of
from electrocloud.aws.store.reader import Reader
from electrocloud.domain.billing.bill import Bill
from electrocloud.domain.billing.service import BillKey
from electrocloud.domain.errors import RegistryError
from electrocloud.domain.registry import events
from electrocloud.domain.registry.records import Account, Installation, Registry
from electrocloud.services.ingest import ingest_uploads
from electrocloud.services.registry import plan_change
from registry.desk import RegistryDesk
from tests.integration.conftest import REGION, Aws
from tests.kits.billing_kit import document, instant
from tests.kits.examples import upload
from tests.kits.registry_kit import AGREEMENT, METER, POINT, STATION, TRANSFORMER, ZONE, registry


def stack_on(aws: Aws) -> Stack:
    """The parts of a stack that the registry uses."""
    names = dict.fromkeys(Stack.__struct_fields__, "-") | {
        "accounts_table": "accounts", "service_points_table": "service_points", "meters_table": "meters",
        "tariffs_table": "tariffs", "forecasts_table": "forecasts",
        "windows_table": "windows", "bills_table": "bills", "bucket": aws.bucket, "region": REGION, "endpoint": None,
        "payment_days": 21,
    }  # fmt: skip
    return Stack(**names)


@pytest.fixture
def desk(aws: Aws) -> RegistryDesk:
    desk = RegistryDesk(stack_on(aws))
    desk.apply(registry(), "test", _nobody)
    return desk


def _nobody(count: int) -> None:
    """Nobody looks at the progress."""


def test_applied_records_are_read_back_unchanged(desk: RegistryDesk) -> None:
    assert desk.store.load() == registry()
    assert desk.store.points_of_meters(["M-1", "M-9"]) == {"M-1": ("SP-1",)}


def test_ratings_are_read_back_with_later_ones_beside_them_and_touch_no_bill(desk: RegistryDesk) -> None:
    old = msgspec.structs.replace(TRANSFORMER, end=date(2026, 7, 1))
    new = msgspec.structs.replace(TRANSFORMER, rating_kva=50.0, first=date(2026, 7, 1))
    feeders = [
        msgspec.structs.replace(TRANSFORMER, equipment_id=f"F {number} <b>", kind="feeder") for number in range(200)
    ]
    for records in ([TRANSFORMER, *feeders], [old], [new]):
        plan, rated = desk.apply(Registry(equipment={one.key: one for one in records}), "test", _nobody)
        assert (plan.touched, rated.bills) == (set(), 0)
    assert desk.store.load() == registry(old, new, *feeders)
    assert desk.store.equipment.load() == registry(old, new, *feeders).equipment


def test_stations_are_read_back_and_moved_without_touching_a_bill(desk: RegistryDesk) -> None:
    others = [msgspec.structs.replace(STATION, station_id=f"S-{number}") for number in range(9)]
    moved = msgspec.structs.replace(STATION, latitude=33.5)
    for records in ([STATION, *others], [moved]):
        plan, rated = desk.apply(Registry(stations={one.key: one for one in records}), "test", _nobody)
        assert (plan.touched, rated.bills) == (set(), 0)
    assert desk.store.load() == registry(moved, *others)
    assert desk.store.stations.load() == registry(moved, *others).stations


def test_stations_are_in_the_lake_and_stay_there_when_a_service_point_changes(desk: RegistryDesk, aws: Aws) -> None:
    desk.apply(Registry(stations={STATION.key: STATION}), "test", _nobody)
    desk.change(["SP-1"], [], "test", lambda part: events.move_out(part, "SP-1", date(2026, 7, 16)))
    body = aws.s3.get_object(Bucket=aws.bucket, Key="registry/weather_stations/weather_stations.parquet")["Body"].read()
    assert pq.read_table(io.BytesIO(body)).to_pylist() == [msgspec.structs.asdict(STATION)]


def test_overlapping_ratings_of_one_transformer_are_refused(desk: RegistryDesk) -> None:
    later = msgspec.structs.replace(TRANSFORMER, first=date(2026, 7, 1))
    with pytest.raises(RegistryError, match="overlaps T-1@2026-01-01"):
        desk.apply(Registry(equipment={one.key: one for one in (TRANSFORMER, later)}), "test", _nobody)


def test_a_meter_is_found_with_the_transformer_of_its_service_point(desk: RegistryDesk, aws: Aws) -> None:
    point = msgspec.structs.replace(POINT, transformer="T-1")
    desk.apply(Registry(service_points={point.key: point}), "test", _nobody)
    (meter,) = Reader(stack_on(aws)).meters()
    assert (meter.meter_id, meter.transformer) == ("M-1", "T-1")


def test_applying_twice_changes_nothing(desk: RegistryDesk) -> None:
    version = desk.store.state.version()
    assert desk.apply(registry(), "test", _nobody)[0].changes == []
    assert desk.store.state.version() == version == 1


def test_a_contradiction_leaves_the_registry_as_it_was(desk: RegistryDesk) -> None:
    wrong = Registry(agreements={"AG-2@2026-05-01": msgspec.structs.replace(AGREEMENT, agreement_id="AG-2")})
    with pytest.raises(RegistryError, match="overlaps AG-1@2026-01-01"):
        desk.apply(wrong, "test", _nobody)
    assert desk.store.load() == registry()


@pytest.mark.parametrize("text", ["gomez", "1 elm", "A-1", "m-1", "F-7", "SP-1"])
def test_a_service_point_is_found_by_any_part_of_what_a_clerk_knows(desk: RegistryDesk, text: str) -> None:
    (found,) = desk.search(text)
    assert (found.service_point_id, found.name, found.meter_ids) == ("SP-1", "Maria Gomez", ("M-1",))


def test_a_customer_who_moved_out_is_no_longer_found_there(desk: RegistryDesk) -> None:
    day = date(2026, 7, 16)
    desk.change(["SP-1"], [], "test", lambda part: events.move_out(part, "SP-1", day))
    desk.change(
        ["SP-1"],
        [],
        "test",
        lambda part: events.move_in(part, Account(account_id="A-2", name="Li"), "SP-1", "flat", day),
    )
    assert [entry.name for entry in desk.search("SP-1")] == ["Li"]
    assert desk.search("gomez") == []
    assert [entry.former_account_ids for entry in desk.search("A-1")] == [("A-1",)]


def test_the_lake_has_agreements_and_no_names(desk: RegistryDesk, aws: Aws) -> None:
    desk.change(["SP-1"], [], "test", lambda part: events.exchange_meter(part, "SP-1", "M-2", 1_790_000_000))
    tables = {}
    for name in ("agreements", "installations", "tariff_versions", "service_points"):
        body = aws.s3.get_object(Bucket=aws.bucket, Key=f"registry/{name}/{name}.parquet")["Body"].read()
        assert b"Gomez" not in body
        tables[name] = pq.read_table(io.BytesIO(body)).to_pylist()
    assert [row["meter_id"] for row in tables["installations"]] == ["M-1", "M-2"]
    assert tables["installations"][0]["end"] == tables["installations"][1]["start"]
    assert [row["tariff_id"] for row in tables["agreements"]] == ["flat"]
    assert len(tables["tariff_versions"]) == len(tables["service_points"]) == 1


def test_concurrent_changes_of_the_registry_are_rejected(desk: RegistryDesk) -> None:
    with (
        desk.store.state.lock(int(time.time())),
        pytest.raises(RegistryError, match="somebody else is changing the registry"),
    ):
        desk.apply(registry(msgspec.structs.replace(POINT, feeder="F-8")), "test", _nobody)
    desk.apply(registry(msgspec.structs.replace(POINT, feeder="F-8")), "test", _nobody)
    assert desk.search("F-8")


def test_an_abandoned_lock_expires(desk: RegistryDesk) -> None:
    with desk.store.state.lock(1_000), desk.store.state.lock(10_000):
        assert desk.store.state.version() == 1


def test_a_tariff_from_before_there_were_dates_has_always_been_in_force(desk: RegistryDesk, aws: Aws) -> None:
    aws.dynamodb.put_item(TableName="tariffs", Item={"tariff_id": {"S": "old"}, "document": {"S": '{"a": 1}'}})
    assert desk.store.load().tariffs["old@always"].document == {"a": 1}


def _bills(desk: RegistryDesk) -> list[tuple[str, str, int, str, str]]:
    items = desk._tables._client.scan(TableName="bills")["Items"]
    bills = [(item["meter_id"]["S"], item["bill"]["S"], bill_of(item)) for item in items]
    return sorted((one, cycle, bill.version, bill.reason, str(bill.total_rounded)) for one, cycle, bill in bills)


@pytest.fixture
def billed(desk: RegistryDesk) -> RegistryDesk:
    """June and July 2026 of the meter, 100 Wh an hour at $0.10/kWh: both bills are final."""
    days = [date(2026, 6, 1) + timedelta(days=number) for number in range(62)]
    uploads = [upload(meter_id="M-1", day=day, wh=[100] * 24, interval_s=3600) for day in days]
    ingest_uploads(uploads, desk._tables, desk._services, lambda attempt: None)
    return desk


def test_a_price_from_july_on_changes_july_alone_with_its_reason(billed: RegistryDesk) -> None:
    changed = events.change_price(billed.store.load(), "flat", document(0.20), date(2026, 7, 1))
    _, rated = billed.apply(changed, "price corrected", _nobody)
    found = {(cycle, version): (reason, total) for _, cycle, version, reason, total in _bills(billed)}
    assert found["2026-06", 1] == ("", "7.20")
    assert found["2026-07", 2] == ("price corrected", "14.88")
    assert found["2026-07#v001", 1] == ("", "7.44")
    assert rated.changed >= 1


def test_an_upload_that_comes_again_after_a_price_change_changes_nothing(billed: RegistryDesk) -> None:
    changed = events.change_price(billed.store.load(), "flat", document(0.20), date(2026, 7, 1))
    billed.apply(changed, "price corrected", _nobody)
    before = _bills(billed)
    again = [upload(meter_id="M-1", day=date(2026, 6, 10), wh=[100] * 24, interval_s=3600)]
    assert ingest_uploads(again, billed._tables, billed._services, lambda attempt: None).bills == 0
    assert _bills(billed) == before


def test_a_correction_of_a_closed_month_is_rated_at_the_prices_of_its_own_days(aws: Aws) -> None:
    desk = RegistryDesk(stack_on(aws))
    desk.apply(registry(msgspec.structs.replace(POINT, time_zone="UTC")), "test", _nobody)
    days = [date(2026, 3, 1) + timedelta(days=number) for number in range(42)]
    uploads = [upload(meter_id="M-1", day=day, wh=[1_000] * 24, interval_s=3600) for day in days]
    ingest_uploads(uploads[:41], desk._tables, desk._services, lambda attempt: None)
    dearer = events.change_price(desk.store.load(), "flat", document(0.20), date(2026, 4, 11))
    desk.apply(dearer, "price changed", _nobody)
    corrected = upload(meter_id="M-1", day=date(2026, 3, 15), wh=[1_001], interval_s=3600, revision=1, first=12)
    ingest_uploads([uploads[41], corrected], desk._tables, desk._services, lambda attempt: None)

    march, april = _bill(desk, "2026-03"), _bill(desk, "2026-04")
    assert (march.version, str(march.total_rounded), march.reason) == (2, "74.40", "reading corrected")
    assert march.adjustment
    assert march.adjustment.amount_rounded == 0
    assert str(april.total_rounded) == "28.80"  # 10 days at $0.10 and one at $0.20


def test_who_moves_out_on_the_16th_pays_until_then_and_who_moves_in_from_then_on(billed: RegistryDesk) -> None:
    day = date(2026, 7, 16)
    billed.change(["SP-1"], [], "moved out", lambda part: events.move_out(part, "SP-1", day))
    other = Account(account_id="A-2", name="Li")
    billed.change(["SP-1"], [], "moved in", lambda part: events.move_in(part, other, "SP-1", "flat", day))
    found = {(agreement, cycle): total for agreement, cycle, *_, total in _bills(billed)}
    assert found["AG-1", "2026-07"] == "3.60"
    assert found["SP-1-20260716", "2026-07"] == "3.84"


def test_a_preview_says_how_many_bills_would_change_by_how_much_and_stores_nothing(billed: RegistryDesk) -> None:
    before = _bills(billed)
    stored = billed.store.load()
    plan = plan_change(stored, events.change_price(stored, "flat", document(0.20), date(2026, 7, 1)))
    preview = billed.preview(plan)
    assert not preview.sampled
    assert preview.bills == 2
    assert preview.amounts == {"USD": Decimal("7.44") + Decimal("0.17")}  # July, and 17 hours of August
    assert _bills(billed) == before


def test_a_bill_whose_agreement_ends_before_it_is_withdrawn(billed: RegistryDesk) -> None:
    billed.change(["SP-1"], [], "never lived there", lambda part: events.move_out(part, "SP-1", date(2026, 7, 1)))
    found = {(cycle, version): (reason, total) for _, cycle, version, reason, total in _bills(billed)}
    assert found["2026-07", 2] == ("never lived there", "0.00")


def test_an_agreement_that_was_entered_by_mistake_is_void_and_can_be_entered_again(billed: RegistryDesk) -> None:
    day = date(2026, 7, 16)
    billed.change(["SP-1"], [], "moved out", lambda part: events.move_out(part, "SP-1", day))
    wrong = Account(account_id="A-2", name="Li")
    billed.change(["SP-1"], [], "moved in", lambda part: events.move_in(part, wrong, "SP-1", "flat", day))
    billed.change(["SP-1"], [], "entered by mistake", lambda part: events.move_out(part, "SP-1", day))

    found = {(agreement, cycle): (total, reason) for agreement, cycle, _, reason, total in _bills(billed)}
    assert found["SP-1-20260716", "2026-07"] == ("0.00", "entered by mistake")
    assert found["SP-1-20260716", "2026-07#v001"][0] == "3.84"
    assert found["SP-1-20260716", "2026-08"][0] == "0.00"
    assert found["AG-1", "2026-07"][0] == "3.60"
    (entry,) = billed.search("SP-1")
    assert (entry.account_id, entry.former_account_ids) == ("A-1", ("A-2",))

    right = Account(account_id="A-3", name="Kim")
    billed.change(["SP-1"], [], "moved in", lambda part: events.move_in(part, right, "SP-1", "flat", day))
    bill = _bill(billed, "2026-07", "SP-1-20260716")
    assert (bill.version, bill.account_id, str(bill.total_rounded)) == (3, "A-3", "3.84")
    assert [one.name for one in billed.search("SP-1")] == ["Kim"]


def test_an_exchange_that_was_entered_by_mistake_is_taken_back(billed: RegistryDesk) -> None:
    instant_ = instant("2026-07-11T12:00", ZONE)
    billed.change(["SP-1"], [], "exchanged", lambda part: events.exchange_meter(part, "SP-1", "M-2", instant_))
    assert _bill(billed, "2026-07").intervals.missing == 492

    void = Installation(meter_id="M-2", service_point_id="SP-1", start=instant_, end=instant_)
    billed.apply(Registry(installations={METER.key: METER, void.key: void}), "entered by mistake", _nobody)

    bill = _bill(billed, "2026-07")
    assert (bill.intervals.missing, str(bill.total_rounded)) == (0, "7.44")
    assert [one.meter_ids for one in billed.search("SP-1")] == [("M-1",)]


def test_a_final_bill_of_the_wrong_account_gets_a_version_for_the_right_one(billed: RegistryDesk) -> None:
    right = Account(account_id="A-2", name="Li")
    corrected = msgspec.structs.replace(AGREEMENT, account_id="A-2")
    billed.apply(
        Registry(accounts={right.key: right}, agreements={corrected.key: corrected}), "account corrected", _nobody
    )

    bill = _bill(billed, "2026-07")
    assert (bill.version, bill.account_id, bill.reason) == (2, "A-2", "account corrected")
    assert bill.adjustment
    assert bill.adjustment.amount_rounded == 0


def test_a_tax_is_not_owed_by_who_is_exempt_from_it(billed: RegistryDesk) -> None:
    taxed = document(0.10, taxes=[{"name": "State tax", "percent": 5}, {"name": "City tax", "percent": 1}])
    billed.apply(events.change_price(billed.store.load(), "flat", taxed, date(2026, 7, 1)), "tax", _nobody)
    assert str(_bill(billed, "2026-07").tax) == "0.4464"

    exempt = msgspec.structs.replace(AGREEMENT, exemptions="State tax; Another tax")
    billed.apply(Registry(agreements={exempt.key: exempt}), "exempt", _nobody)
    assert str(_bill(billed, "2026-07").tax) == "0.0744"


def test_both_meters_of_an_exchange_in_one_batch_are_one_bill(desk: RegistryDesk) -> None:
    noon = instant("2026-07-11T12:00", ZONE)
    desk.change(["SP-1"], [], "meter exchanged", lambda part: events.exchange_meter(part, "SP-1", "M-2", int(noon)))
    days = {"M-1": date(2026, 7, 10), "M-2": date(2026, 7, 12)}
    uploads = [upload(meter_id=meter, day=day, wh=[100] * 24, interval_s=3600) for meter, day in days.items()]
    assert ingest_uploads(uploads, desk._tables, desk._services, lambda attempt: None).failed == frozenset()
    item = desk._tables._client.get_item(TableName="bills", Key={"meter_id": {"S": "AG-1"}, "bill": {"S": "2026-07"}})
    assert bill_of(item["Item"]).intervals.read == 48


def _bill(desk: RegistryDesk, cycle: str, agreement_id: str = "AG-1") -> Bill:
    key = BillKey(agreement_id, cycle)
    _, stored = desk._tables.read([], [key])
    return stored[key].billed.bill


def test_bills_of_read_days_are_found_by_the_month_in_which_their_cycle_begins(billed: RegistryDesk, aws: Aws) -> None:
    gone = msgspec.structs.replace(AGREEMENT, end=AGREEMENT.first)
    billed.apply(Registry(agreements={gone.key: gone}), "entered by mistake", _nobody)
    again = msgspec.structs.replace(AGREEMENT, agreement_id="AG-2", cycle_day=16, first=date(2026, 6, 20))
    billed.apply(Registry(agreements={again.key: again}), "read on the 16th", _nobody)

    reader = Reader(stack_on(aws))
    ((_, june),) = reader.versions("AG-2", "2026-06")
    assert (june.month, june.period_start, june.period_end) == ("", date(2026, 6, 20), date(2026, 7, 16))
    assert {bill.agreement_id for _, bill in reader.versions("M-1", "2026-06")} == {"AG-1", "AG-2"}


def test_a_final_bill_is_issued_and_due_by_the_terms(billed: RegistryDesk) -> None:
    june, july = _bill(billed, "2026-06"), _bill(billed, "2026-07")

    assert [june.number, july.number] == ["AG-1-20260601", "AG-1-20260701"]
    assert july.issued_on
    assert july.due_on == july.issued_on + timedelta(days=21)
    assert (july.daily_kwh, july.daily_kwh_before) == (Decimal("2.4"), Decimal("2.4"))
    assert june.daily_kwh_before is None


def test_a_new_version_is_issued_under_the_same_number(billed: RegistryDesk) -> None:
    earlier = events.change_price(billed.store.load(), "flat", document(0.20), date(2026, 7, 1))
    billed.apply(earlier, "price corrected", _nobody)

    assert _bill(billed, "2026-06").number == "AG-1-20260601"
    assert _bill(billed, "2026-07").number == "AG-1-20260701-2"


def test_an_open_bill_has_no_number_and_no_dates(desk: RegistryDesk) -> None:
    one_day = upload(meter_id="M-1", day=date(2026, 7, 1), wh=[100] * 24, interval_s=3600)
    ingest_uploads([one_day], desk._tables, desk._services, lambda attempt: None)
    bill = _bill(desk, "2026-07")

    assert (bill.status, bill.number, bill.issued_on, bill.due_on) == ("provisional", "", None, None)
