"""Tariff studies on AWS in memory: read from registry and lake, made, stored, opened again, and erased."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from typer.testing import CliRunner

from analytics.erasure import erase_meter
from analytics.studies import __main__ as process
from analytics.studies import background, inputs
from analytics.studies.study_store import StudyStore, is_lost
from cli import study as command
from cli.main import app as electrocloud
from electrocloud.aws.athena import Answer
from electrocloud.aws.store.dynamodb_items import bill_of
from electrocloud.domain.billing.bill import Bill
from electrocloud.domain.errors import UsageError
from electrocloud.domain.studies.price_change import parse_change
from electrocloud.domain.studies.study import StudyRequest
from tests.integration.conftest import Aws
from tests.integration.test_registry_desk import billed, desk, stack_on  # noqa: F401  fixtures
from tests.kits.billing_kit import document, load
from tests.kits.sql_kit import Lake, readings_of, translated

JUNE = StudyRequest("2026-06", "2026-06", changes=(parse_change("energy=+10%"),))


@pytest.fixture
def lake(monkeypatch: pytest.MonkeyPatch) -> None:
    """Athena, over the readings that the meter's bills were made of."""
    days = [date(2026, 6, 1) + timedelta(days=number) for number in range(62)]
    rows = [row for day in days for row in readings_of("M-1", load(f"{day}T00:00", [100] * 24))]

    def ask(_: object, __: object, sql: str) -> Answer:
        return Answer((), Lake(rows).duckdb.execute(translated(sql)).fetchall(), None, 0.0)

    monkeypatch.setattr(inputs, "ask", ask)


@pytest.fixture
def store(aws: Aws) -> StudyStore:
    return StudyStore(aws.s3, aws.bucket)


def made(aws: Aws, store: StudyStore, request: StudyRequest) -> Any:
    return background.run_study(stack_on(aws), store, background.new_study(store, request, "ann"))


@pytest.mark.usefixtures("billed", "lake")
def test_a_study_says_what_the_stored_bills_say_and_is_opened_again(
    aws: Aws,
    store: StudyStore,
) -> None:
    study = made(aws, store, JUNE)

    (bill,) = (one for one in stored_bills(aws) if one.month == "2026-06")
    assert study.result.total.now == bill.total_rounded
    assert study.result.total.then > study.result.total.now
    assert store.get(study.study_id) == study
    (customer,) = store.customers(study.study_id)
    assert (customer.agreement_id, customer.account_id, customer.meter_ids) == ("AG-1", "A-1", ("M-1",))
    assert [one.study_id for one in store.newest(5)] == [study.study_id]
    assert (study.made_by, study.status) == ("ann", "done")
    assert study.result.neutral.factor == Decimal("0.909091")
    assert {(one.side, one.tariff_id) for one in study.result.tariffs} == {("now", "flat"), ("then", "flat")}
    fingerprints = {one.fingerprint for one in study.result.tariffs}
    assert len(fingerprints) == 2


def stored_bills(aws: Aws) -> list[Bill]:
    items = aws.dynamodb.scan(TableName="bills")["Items"]
    return [bill_of(item) for item in items if "determinants" in item]


@pytest.mark.usefixtures("billed", "lake")
def test_what_cannot_be_studied_fails_with_the_reason(
    aws: Aws,
    store: StudyStore,
) -> None:
    for request, reason in (
        (msgspec.structs.replace(JUNE, customer_class="factory"), "no service point of class factory"),
        (msgspec.structs.replace(JUNE, tariff_id="tou"), "no tariff tou is registered"),
        (msgspec.structs.replace(JUNE, first_month="2025-01", last_month="2025-02"), "no customer has bills"),
    ):
        with pytest.raises(Exception, match=reason):
            made(aws, store, request)
        assert reason in store.newest(1)[0].error
        assert store.newest(1)[0].status == "failed"


def test_two_studies_do_not_run_at_once_but_one_that_died_does_not_block(aws: Aws, store: StudyStore) -> None:
    waiting = background.new_study(store, JUNE, "ann")
    with pytest.raises(UsageError, match=f"{waiting.study_id} of ann is still running"):
        background.new_study(store, JUNE, "bob")

    store.put(msgspec.structs.replace(waiting, made_at=datetime.now(UTC) - timedelta(hours=1)))
    assert is_lost(store.get(waiting.study_id), datetime.now(UTC))
    assert background.new_study(store, JUNE, "bob").made_by == "bob"


@pytest.mark.usefixtures("billed", "lake")
def test_the_process_that_the_page_starts_makes_the_stored_study(
    aws: Aws,
    store: StudyStore,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(process, "find_stack", lambda: stack_on(aws))
    study = background.new_study(store, JUNE, "ann")

    assert process.main(study.study_id) == 0
    assert store.get(study.study_id).status == "done"
    assert process.main("no-such-study") == 1


@pytest.mark.usefixtures("billed", "lake")
def test_a_study_is_made_listed_and_shown_by_command(
    aws: Aws,
    store: StudyStore,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setattr(command, "find_stack", lambda: stack_on(aws))
    tariff = tmp_path / "new.json"
    tariff.write_text(json.dumps(document(0.05)))
    months = ["--from", "2026-06", "--to", "2026-07"]
    files = ["--csv", str(tmp_path / "c.csv"), "--xlsx", str(tmp_path / "c.xlsx")]

    ran = CliRunner().invoke(electrocloud, ["study", "run", "--tariff-file", str(tariff), *months, *files])
    assert ran.exit_code == 0, ran.output
    assert "Of 1 customer, 1 would save and 0 would pay more." in ran.stdout
    assert "Energy prices times" in ran.stdout
    (study,) = store.newest(5)
    assert (
        (tmp_path / "c.csv").read_text("utf-8-sig").splitlines()[1].startswith("AG-1,A-1,M-1,residential,F-7,flat,2,")
    )
    assert (tmp_path / "c.xlsx").read_bytes().startswith(b"PK")

    listed = CliRunner().invoke(electrocloud, ["study", "list", "--output", "json"])
    assert json.loads(listed.stdout)[0]["study"] == study.study_id
    shown = CliRunner().invoke(electrocloud, ["study", "show", study.study_id, "--json"])
    assert json.loads(shown.stdout)["result"]["total"]["customers"] == 1
    nothing = CliRunner().invoke(electrocloud, ["study", "show", "other"])
    assert nothing.exit_code == 1
    assert "there is no study other" in nothing.stderr


@pytest.mark.usefixtures("billed", "lake")
def test_an_erased_meter_is_in_no_study(
    aws: Aws,
    store: StudyStore,
) -> None:
    study = made(aws, store, JUNE)

    assert erase_meter(stack_on(aws), "M-1", confirm=False).studies == 1
    assert len(store.customers(study.study_id)) == 1
    assert erase_meter(stack_on(aws), "M-1", confirm=True).studies == 1
    assert store.customers(study.study_id) == []
    assert store.get(study.study_id) == study
