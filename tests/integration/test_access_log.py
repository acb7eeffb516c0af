"""The access log: what is read of a customer is stored before it is given, each quarter of an hour, by ID alone."""

import inspect
from datetime import UTC, datetime

import msgspec
import pytest
from botocore.exceptions import ClientError

from dashboard import data
from dashboard.access import access_log, guard, subjects
from dashboard.access.access_log import AGAIN_S, AccessLog, Subject
from dashboard.access.guard import needs
from dashboard.access.roles import Data
from dashboard.access.visitor import RefusedError, Visitor, acting_for
from dashboard.forecast import forecast_data
from electrocloud.aws.store.search_index import SearchEntry
from tests.kits.clock_kit import Clock
from tools.glue_catalog import ACCESS_LOG

ANN = Visitor("ann@example.com", ("clerk", "agent"))
NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)
METER = Subject(meter_id="m-1")
OF_NO_CUSTOMER = {Data.FLEET, Data.PIPELINE}
AGGREGATES = {"newest", "series_load", "network", "questions_of_user"}  # of feeders and transformers; names


@pytest.fixture
def clock() -> Clock:
    return Clock(NOON.timestamp())


@pytest.fixture
def log(aws, clock, monkeypatch) -> AccessLog:
    made = AccessLog(aws.s3, "bucket", clock)
    monkeypatch.setattr(guard, "access_log", lambda: made)
    return made


def stored(aws) -> list[dict[str, str]]:
    objects = aws.s3.list_objects_v2(Bucket="bucket", Prefix="access_log/").get("Contents", [])
    bodies = [aws.s3.get_object(Bucket="bucket", Key=one["Key"])["Body"].read() for one in objects]
    return [msgspec.json.decode(line) for body in bodies for line in body.splitlines()]


def test_an_entry_says_who_looked_at_what_and_when(aws, log):
    log.record(ANN, "view", Data.BILLS, [Subject("A-1", "AG-1", "m-1", "2026-11")])

    (line,) = stored(aws)
    assert line == {
        "accessed_at": "2026-11-26 12:00:00.000",
        "user_name": "ann@example.com",
        "roles": "clerk,agent",
        "action": "view",
        "data_kind": "bills",
        "account_id": "A-1",
        "agreement_id": "AG-1",
        "meter_id": "m-1",
        "detail": "2026-11",
    }
    assert [*line] == [*ACCESS_LOG]
    (one,) = aws.s3.list_objects_v2(Bucket="bucket", Prefix="access_log/")["Contents"]
    assert one["Key"].startswith("access_log/dt=2026-11-26/120000-")


def test_the_same_view_is_one_entry_in_a_quarter_of_an_hour_and_each_export_or_change_is_one(aws, log, clock):
    for _ in range(3):
        log.record(ANN, "view", Data.USAGE, [METER])
        log.record(ANN, "export", Data.USAGE, [METER])
    assert [line["action"] for line in stored(aws)].count("view") == 1
    assert [line["action"] for line in stored(aws)].count("export") == 3
    log.record(ANN, "view", Data.BILLS, [METER])
    log.record(ANN._replace(name="ben"), "view", Data.USAGE, [METER])
    clock.now += AGAIN_S + 1
    log.record(ANN, "view", Data.USAGE, [METER])
    assert [line["action"] for line in stored(aws)].count("view") == 4


def test_what_the_log_remembers_is_bounded(log, monkeypatch):
    monkeypatch.setattr(access_log, "MOST_SEEN", 10)
    log.record(ANN, "view", Data.USAGE, [Subject(meter_id=f"m-{number}") for number in range(100)])
    assert len(log._seen) <= 10


def test_nothing_is_read_if_the_entry_cannot_be_stored(aws, log):
    read = []
    function = needs(Data.USAGE, of=subjects.of_meter)(lambda meter_id: read.append(meter_id))
    log._bucket = "no-such-bucket"
    with acting_for(ANN):
        for _ in range(2):
            with pytest.raises(ClientError):
                function("m-1")
        assert read == []
        log._bucket = "bucket"
        function("m-1")
    assert read == ["m-1"]
    assert [line["meter_id"] for line in stored(aws)] == ["m-1"]


def test_a_refused_user_is_not_said_to_have_looked(aws, log):
    function = needs(Data.PUT_BACK, "change", of=subjects.of_all)(lambda reason: None)
    with acting_for(ANN), pytest.raises(RefusedError):
        function("not-json")
    assert stored(aws) == []


def test_a_search_is_logged_by_the_accounts_found_and_never_by_what_was_typed(aws, log):
    entry = SearchEntry("SP-1", "12 Main St", "F1", "A-1", "Ada Smith", ("m-1",))
    search = needs(Data.CUSTOMERS, found=subjects.of_entries)(lambda text: [entry])
    with acting_for(ANN):
        search("Smith")
    (line,) = stored(aws)
    assert (line["account_id"], line["detail"]) == ("A-1", "SP-1")
    assert not any(word in str(line) for word in ("Smith", "Main"))


@pytest.mark.parametrize("module", [data, forecast_data])
def test_every_function_that_gives_a_customers_data_logs_it(module):
    """Give `@needs(…)` of a new function `of=` or `found=` from dashboard/access/subjects.py."""
    guarded = {name: value for name, value in inspect.getmembers(module) if hasattr(value, "logs")}
    silent = {name for name, value in guarded.items() if not value.logs and value.needs not in OF_NO_CUSTOMER}
    assert silent <= AGGREGATES
