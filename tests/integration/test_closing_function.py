"""The closing function's own handler, on tables in memory."""

import importlib
import json
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace

import pytest

from cli import waiting_bills
from cli.choices import Output
from electrocloud.aws.store.bills_to_finalize import WAITING, DynamoOpenBills
from electrocloud.aws.store.dynamodb_items import bill_key, bill_of
from electrocloud.aws.store.registry_state import LOCK_S
from electrocloud.aws.store.store import open_store
from electrocloud.domain.billing.service import BillKey
from electrocloud.domain.errors import UsageError
from electrocloud.domain.local_time import BillingMonth
from electrocloud.domain.tariffs.urdb import tariff_from_urdb
from electrocloud.services.class_profiles import LEAST_METERS
from electrocloud.services.closing import FindBills, FindUnbilled, find_unbilled
from electrocloud.services.ingest import ingest_uploads
from electrocloud.services.rating import VersionReason
from registry.desk import RegistryDesk
from tests.integration.test_registry_desk import stack_on
from tests.kits.examples import TIME_OF_USE, upload
from tests.kits.memory import TABLES
from tests.kits.queue_kit import MemoryQueue
from tests.kits.registry_kit import ZONE, street
from tests.kits.services_kit import all_at

TARIFF = {**TIME_OF_USE, "timezone": "UTC"}


def context(left_ms):
    return SimpleNamespace(
        function_name="closing",
        memory_limit_in_mb=1024,
        invoked_function_arn="arn",
        aws_request_id="r-1",
        get_remaining_time_in_millis=lambda: left_ms,
    )


@pytest.fixture
def queue(aws, monkeypatch):
    queue = MemoryQueue()
    queue.set_environment(monkeypatch)
    return queue


@pytest.fixture
def app(aws, queue, monkeypatch):
    for name in ("windows", "bills", "meters", "tariffs", "service_points"):
        monkeypatch.setenv(f"{name.upper()}_TABLE", name)
    monkeypatch.setenv("ESTIMATE_AFTER_HOURS", "1")
    monkeypatch.setenv("PAYMENT_DAYS", "14")
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "closing")
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "ElectroCloud")
    monkeypatch.setenv("POWERTOOLS_TRACE_DISABLED", "true")
    aws.dynamodb.put_item(TableName="tariffs", Item={"tariff_id": {"S": "tou"}, "document": {"S": json.dumps(TARIFF)}})
    for name in ("m-1", "m-2"):
        aws.dynamodb.put_item(TableName="meters", Item={"meter_id": {"S": name}, "tariff_id": {"S": "tou"}})
    from consumers.closing import app

    return importlib.reload(app)


@pytest.fixture
def last_month(aws):
    """The meter m-1 whose last month lacks its twentieth day, and m-2 that came on its twentieth."""
    this = BillingMonth.at(int(datetime.now(UTC).timestamp()), "UTC")
    month = BillingMonth.at(this.start - 1, "UTC")
    first = date(month.year, month.month, 1)
    days = [first + timedelta(days=number) for number in range(month.days) if number != 19]
    tables = open_store(aws.dynamodb, TABLES, lambda attempt: None).tables
    tariff = tariff_from_urdb(TARIFF)
    uploads = [upload(day=day, wh=[100] * 24, interval_s=3600) for day in days]
    uploads += [upload(meter_id="m-2", day=day, wh=[100] * 24, interval_s=3600) for day in days[20:]]
    ingest_uploads(uploads, tables, all_at(tariff), lambda attempt: None)
    return month


@pytest.fixture
def silent_neighbor(aws):
    """A street of which all meters but M-1 were read in the last month."""
    desk = RegistryDesk(stack_on(aws))
    houses = LEAST_METERS + 1
    desk.apply(street(houses), "test", lambda count: None)
    this = BillingMonth.at(int(datetime.now(UTC).timestamp()), ZONE)
    month = BillingMonth.at(this.start - 1, ZONE)
    days = [date(month.year, month.month, 1) + timedelta(days=number) for number in range(month.days)]
    uploads = [
        upload(meter_id=f"M-{number}", day=day, wh=[300] * 24, interval_s=3600)
        for number in range(2, houses + 1)
        for day in days
    ]
    tables, registry = open_store(aws.dynamodb, TABLES, lambda attempt: None)
    ingest_uploads(uploads, tables, registry, lambda attempt: None)
    return month


def item(aws, month, meter_id="m-1"):
    return aws.dynamodb.get_item(TableName="bills", Key=bill_key(BillKey(meter_id, str(month))))["Item"]


def test_after_the_grace_time_gaps_are_estimated_and_the_bill_is_final(app, aws, queue, last_month):
    assert bill_of(item(aws, last_month)).status == "provisional"
    searches = app.handler({}, context(300_000))["WorkItemsSent"]  # of the months whose grace time is over
    assert searches
    assert searches % 8 == 0
    counts = queue.drain(app.handler, context(300_000))
    assert (counts["BillsClosed"], counts["ReadingsEstimated"]) == (1, 24)
    bill = bill_of(item(aws, last_month))
    assert (bill.status, bill.intervals.missing, bill.intervals.estimated) == ("final", 0, 24)
    app.handler({}, context(300_000))
    assert queue.drain(app.handler, context(300_000))["BillsClosed"] == 0


def test_a_bill_that_lacks_its_end_can_wait_unless_it_has_changed(aws):
    tables = open_store(aws.dynamodb, TABLES, lambda attempt: None).tables
    uploads = [upload(day=date(2026, 9, 3), wh=[100] * 24, interval_s=3600)]
    ingest_uploads(uploads, tables, all_at(tariff_from_urdb(TARIFF)), lambda attempt: None)
    bills, key = DynamoOpenBills(aws.dynamodb, "bills"), BillKey("m-1", "2026-09")

    bills.wait_for_estimate(key, 695, "another number")
    assert bills.waiting("2026-09") == []
    bills.wait_for_estimate(key, 696, "no history")
    (waiting,) = bills.waiting("2026-09")
    assert (waiting.missing, waiting.reason) == (696, "no history")


def test_an_item_that_is_delivered_twice_closes_once(app, aws, queue, last_month):
    app.handler({}, context(300_000))
    counts = queue.drain(app.handler, context(300_000), deliveries=2)
    assert (counts["BillsClosed"], counts["ReadingsEstimated"]) == (1, 24)
    assert bill_of(item(aws, last_month)).version == 1


def test_within_the_grace_time_nothing_is_closed(app, aws, queue, last_month, monkeypatch):
    monkeypatch.setenv("ESTIMATE_AFTER_HOURS", str(24 * 100))
    late = importlib.reload(app)
    late.handler({}, context(300_000))
    assert queue.drain(late.handler, context(300_000)).get("BillsClosed", 0) == 0


def test_what_the_time_does_not_suffice_for_goes_back_as_an_item(app, aws, queue, last_month):
    app.handler({}, context(300_000))
    while "find-bills" in (event := queue.take())["Records"][0]["body"]:
        app.handler(event, context(300_000))
    assert app.handler(event, context(1_000)) == {
        "BillsClosed": 0, "ReadingsEstimated": 0, "BillsWaitingForEstimate": 0, "BillsRerated": 0,
        "WorkItemsSent": 1,
    }  # fmt: skip
    assert queue.drain(app.handler, context(300_000))["BillsClosed"] == 1


def test_items_of_the_round_before_are_left_over(app, aws, queue, last_month):
    sent = app.handler({}, context(300_000))["WorkItemsSent"]
    queue.client.send_message(QueueUrl=queue.dead_letters_url, MessageBody="{}")
    assert app.handler({}, context(300_000))["ClosingLeftOver"] == sent + 1


def test_a_bill_that_nothing_can_be_estimated_from_waits_with_its_reason_until_it_changes(app, aws, queue, last_month):
    app.handler({}, context(300_000))
    assert queue.drain(app.handler, context(300_000))["BillsWaitingForEstimate"] == 1
    waiting, month = DynamoOpenBills(aws.dynamodb, "bills"), str(last_month)
    (found,) = waiting.waiting(month)
    stored = item(aws, last_month, "m-2")
    assert (found.meter_id, found.missing) == ("m-2", int(stored["missing"]["N"]))
    assert "no reading of the same hours" in found.reason
    assert stored["status"]["S"] == WAITING
    assert bill_of(stored).status == "provisional"
    fresh = [FindBills(month, part, waiting=False) for part in range(8)]
    assert not [key for one in fresh for page in waiting.pages(one) for key in page]
    again = [FindBills(month, part, waiting=True) for part in range(8)]
    assert [key for one in again for page in waiting.pages(one) for key in page] == [BillKey("m-2", month)]
    tables, tariff = open_store(aws.dynamodb, TABLES, lambda attempt: None).tables, tariff_from_urdb(TARIFF)
    late = upload(meter_id="m-2", day=date(last_month.year, last_month.month, 1), wh=[100] * 24, interval_s=3600)
    ingest_uploads([late], tables, all_at(tariff), lambda attempt: None)
    assert item(aws, last_month, "m-2")["status"]["S"] == "provisional"
    assert waiting.waiting(month) == []


def test_a_bill_that_changed_meanwhile_is_not_marked_as_waiting(aws, last_month):
    open_bills = DynamoOpenBills(aws.dynamodb, "bills")
    missing = int(item(aws, last_month)["missing"]["N"])
    open_bills.wait_for_estimate(BillKey("m-1", str(last_month)), missing - 1, "of before")
    assert item(aws, last_month)["status"]["S"] == "provisional"
    assert open_bills.waiting(str(last_month)) == []


def test_a_search_of_the_index_goes_on_after_a_bill(aws, last_month):
    open_bills = DynamoOpenBills(aws.dynamodb, "bills")
    for part in range(8):
        keys = [key for page in open_bills.pages(FindBills(str(last_month), part, waiting=True)) for key in page]
        for after in keys:
            rest = open_bills.pages(FindBills(str(last_month), part, waiting=True, after=after))
            assert [key for page in rest for key in page] == [key for key in keys if key > after]


def test_the_command_lists_the_bills_that_wait_and_why(app, aws, queue, last_month, monkeypatch, capsys):
    stack = SimpleNamespace(client=lambda service: aws.dynamodb, bills_table="bills")
    monkeypatch.setattr(waiting_bills, "find_stack", lambda: stack)
    waiting_bills.show_waiting(str(last_month), Output.table)
    assert capsys.readouterr().out == f"No bills of {last_month} wait for an estimate.\n"
    app.handler({}, context(300_000))
    queue.drain(app.handler, context(300_000))
    capsys.readouterr()
    waiting_bills.show_waiting(str(last_month), Output.table)
    shown = " ".join(capsys.readouterr().out.split())
    assert "m-2" in shown
    assert "m-1" not in shown
    assert "no reading of the same hours" in shown
    with pytest.raises(UsageError, match="give one such as 2026-10"):
        waiting_bills.show_waiting("October", Output.table)


def test_a_change_that_a_killed_command_left_is_rated_in_the_next_round(app, aws, queue):
    now = int(datetime.now(UTC).timestamp())
    state = app.state
    with state.lock(now - 2 * LOCK_S):
        state.begin(["SP-1", "SP-2"], VersionReason("price corrected", "a clerk"))
        assert state.abandoned(now - 2 * LOCK_S) == []
    version = state.version()
    app.handler({}, context(300_000))
    assert state.version() == version + 1
    queue.drain(app.handler, context(300_000))
    assert state.abandoned(now) == []
    pending = state.pending(now)
    assert [part.rated for part in state.parts(pending.parts)] == [True]


def test_a_meter_that_was_silent_all_month_is_estimated_from_its_class_exactly_once(app, aws, queue, silent_neighbor):
    for _ in range(2):
        app.queue.send([FindUnbilled(str(silent_neighbor), 0, 1)])
        queue.drain(app.handler, context(300_000))
    bill = bill_of(item(aws, silent_neighbor, "AG-1"))
    assert (bill.status, bill.version, bill.intervals.read, bill.intervals.missing) == ("final", 1, 0, 0)
    assert bill.intervals.from_profile == bill.intervals.expected == bill.days * 24
    assert bill.energy_kwh * 1000 == bill.days * 24 * 300


def test_a_search_for_agreements_without_bills_goes_on_after_a_service_point(app, aws, queue, silent_neighbor):
    search = FindUnbilled(str(silent_neighbor), 0, 1)
    found = [*find_unbilled(search, app.registry, app.bills, int(datetime.now(UTC).timestamp()), lambda: True)]
    closing, rest = found
    assert closing.meters == {"AG-1": "M-1"}
    assert rest.after
    assert [*app.registry.services_in(0, 1, rest.after)] == []
