"""The one way to Athena: waiting, pages, types and errors."""

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError
from botocore.stub import Stubber

from electrocloud.aws.athena import Column, Progress, Query, QueryError, run

WHERE = {"WorkGroup": "analysts", "QueryExecutionContext": {"Database": "lake"}}
QUERY = {"QueryExecutionId": "q-1"}


class Clock:
    """Time that passes by sleeping alone."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


class Athena:
    """A client whose answers are laid out before; `ask` asks it."""

    def __init__(self, refusal: str = "") -> None:
        self.client = boto3.client(
            "athena", region_name="eu-central-1", aws_access_key_id="k", aws_secret_access_key="s"
        )
        self.stub = Stubber(self.client)
        self.clock = Clock()
        if refusal:
            self.stub.add_client_error("start_query_execution", "InvalidRequestException", refusal)
        else:
            self.stub.add_response("start_query_execution", QUERY, {"QueryString": "SELECT 1", **WHERE})
        self.stub.activate()

    def state(self, state: str, kind: str = "DML", **status: str) -> None:
        execution = {
            "Status": {"State": state, **status},
            "StatementType": kind,
            "Statistics": {"DataScannedInBytes": 12},
        }
        self.stub.add_response("get_query_execution", {"QueryExecution": execution}, QUERY)

    def page(self, columns: dict[str, str], rows: list[list[str | None]], after: str = "", following: str = "") -> None:
        """A page of the answer, after a token and with the token of the one that follows."""
        info = [{"Name": name, "Type": kind} for name, kind in columns.items()]
        data = [{"Data": [{} if text is None else {"VarCharValue": text} for text in row]} for row in rows]
        page: dict[str, Any] = {"ResultSet": {"Rows": data, "ResultSetMetadata": {"ColumnInfo": info}}}
        request = QUERY | ({"NextToken": after} if after else {})
        self.stub.add_response("get_query_results", page | ({"NextToken": following} if following else {}), request)

    def ask(self, limit_s: float = 300) -> Any:
        return run(
            self.client,
            "SELECT 1",
            work_group="analysts",
            database="lake",
            limit_s=limit_s,
            sleep=self.clock.sleep,
            clock=self.clock,
        )


@pytest.fixture
def athena() -> Iterator[Athena]:
    athena = Athena()
    yield athena
    athena.stub.assert_no_pending_responses()


def test_all_pages_come_as_one_answer_without_the_heading(athena: Athena):
    athena.state("SUCCEEDED")
    athena.page({"n": "bigint"}, [["n"], ["1"], ["2"]], following="more")
    athena.page({"n": "bigint"}, [["3"]], after="more")

    answer = athena.ask()

    assert answer.columns == (Column("n", "bigint"),)
    assert answer.rows == [(1,), (2,), (3,)]
    assert answer.bytes_scanned == 12


def test_values_have_the_types_of_their_columns(athena: Athena):
    columns = {
        "a": "varchar",
        "b": "decimal",
        "c": "timestamp",
        "d": "date",
        "e": "double",
        "f": "boolean",
        "g": "bigint",
    }
    athena.state("SUCCEEDED")
    athena.page(
        columns,
        [
            list(columns),
            ["x", "1.50", "2026-11-24 10:00:00.000", "2026-11-24", "0.5", "true", "7"],
            ["", None, None, None, None, "false", None],
        ],
    )

    assert athena.ask().rows == [
        ("x", Decimal("1.50"), datetime(2026, 11, 24, 10), date(2026, 11, 24), 0.5, True, 7),
        ("", None, None, None, None, False, None),
    ]


def test_a_statement_that_selects_nothing_has_no_heading_to_drop(athena: Athena):
    athena.state("SUCCEEDED", kind="UTILITY")
    athena.page({"tab_name": "string"}, [["readings"]])

    assert athena.ask().rows == [("readings",)]


def test_waits_grow_longer_up_to_a_second(athena: Athena):
    for _ in range(12):
        athena.state("RUNNING")
    athena.state("SUCCEEDED")
    athena.page({"n": "bigint"}, [["n"]])

    athena.ask()

    assert athena.clock.slept == sorted(athena.clock.slept)
    assert athena.clock.slept[0] == 0.05
    assert athena.clock.slept[-1] == 1.0


@pytest.mark.parametrize(("state", "said"), [("FAILED", "the query failed: "), ("CANCELLED", "was cancelled: ")])
def test_a_failed_query_says_why(athena: Athena, state: str, said: str):
    athena.state(state, StateChangeReason="COLUMN_NOT_FOUND: line 1:8")

    with pytest.raises(QueryError, match=f"{said}COLUMN_NOT_FOUND: line 1:8"):
        athena.ask()


def test_a_query_that_takes_too_long_is_stopped(athena: Athena):
    for _ in range(5):
        athena.state("RUNNING")
    athena.stub.add_response("stop_query_execution", {}, QUERY)

    with pytest.raises(QueryError, match=r"took over 0\.3 s and was stopped"):
        athena.ask(limit_s=0.3)


def test_an_interrupted_query_is_stopped(athena: Athena):
    athena.state("RUNNING")
    athena.stub.add_response("stop_query_execution", {}, QUERY)

    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    athena.clock.sleep = interrupt  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        athena.ask()


def test_a_query_whose_state_athena_refuses_to_tell_is_stopped(athena: Athena):
    athena.stub.add_client_error("get_query_execution", "ThrottlingException", "Rate exceeded")
    athena.stub.add_response("stop_query_execution", {}, QUERY)

    with pytest.raises(QueryError, match="Rate exceeded"):
        athena.ask()


def test_athenas_error_message_is_passed_on():
    with pytest.raises(QueryError, match="Athena refused: line 1:1: mismatched input 'SELEKT'"):
        Athena(refusal="line 1:1: mismatched input 'SELEKT'").ask()


def test_an_unreachable_athena_is_reported(monkeypatch: pytest.MonkeyPatch):
    athena = Athena()

    def away(**_: Any) -> None:
        raise EndpointConnectionError(endpoint_url="http://127.0.0.1:9")

    monkeypatch.setattr(athena.client, "start_query_execution", away)
    with pytest.raises(QueryError, match=r"Athena cannot be asked: .*127\.0\.0\.1:9"):
        athena.ask()


def started(athena: Athena) -> Query:
    client, clock = athena.client, athena.clock
    return Query(client, "SELECT 1", work_group="analysts", database="lake", sleep=clock.sleep, clock=clock)


def test_a_query_tells_how_far_it_is_until_it_has_its_rows(athena: Athena):
    athena.state("QUEUED")
    athena.state("RUNNING", StateChangeReason="40% done")
    athena.state("SUCCEEDED")
    athena.page({"n": "bigint"}, [["n"], ["1"]])
    reported: list[Progress] = []

    answer = started(athena).wait(60, reported.append)

    assert reported == [Progress("QUEUED", "", 12, 0), Progress("RUNNING", "40% done", 12, 0.05)]
    assert answer.rows == [(1,)]


def test_who_turns_away_leaves_the_query_running_and_who_comes_back_has_its_answer(athena: Athena):
    def turn_away(_: Progress) -> None:
        raise KeyboardInterrupt

    query = started(athena)
    athena.state("RUNNING")
    with pytest.raises(KeyboardInterrupt):
        query.wait(60, turn_away)
    assert query.is_current(60, 300)

    athena.state("SUCCEEDED")
    athena.page({"n": "bigint"}, [["n"], ["1"]])
    assert query.wait(60).rows == query.wait(60).rows == [(1,)]
    athena.clock.now += 59
    assert query.is_current(60, 300)
    athena.clock.now += 1
    assert not query.is_current(60, 300)


def test_a_stopped_query_and_one_that_nobody_awaited_for_too_long_are_not_current(athena: Athena):
    query = started(athena)
    athena.clock.now += 299
    assert query.is_current(60, 300)
    athena.clock.now += 1
    assert not query.is_current(60, 300)

    athena.clock.now -= 100
    athena.stub.add_response("stop_query_execution", {}, QUERY)
    query.stop()
    assert not query.is_current(60, 300)
