"""The audit of bills: against the engine over the raw rows, and against the lake."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from analytics import books
from analytics.audit import DayRange
from analytics.books import read_findings
from electrocloud.aws.athena import Answer
from electrocloud.aws.stack import Stack
from electrocloud.aws.store.bill_outbox import BillOutbox
from electrocloud.aws.store.dynamodb_items import bill_item, stored_bill
from electrocloud.domain.billing.service import BillKey
from electrocloud.domain.registry import events
from registry.desk import RegistryDesk
from tests.integration.conftest import REGION, Aws
from tests.integration.test_bill_publishing import lake_of, publish
from tests.integration.test_registry_desk import billed, desk  # noqa: F401  fixtures
from tests.kits.billing_kit import document, load
from tests.kits.sql_kit import Lake, readings_of, translated

NAMES = {"windows_table": "windows", "bills_table": "bills", "meters_table": "meters", "tariffs_table": "tariffs"}


@pytest.fixture
def asked(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Athena, over the raw readings of the meter and what has been published. `rows` may be changed."""
    readings = [row for number in range(62) for row in _day(date(2026, 6, 1) + timedelta(days=number))]
    state: dict[str, Any] = {"rows": readings}

    def ask(_: object, __: object, sql: str) -> Answer:
        lake = Lake(state["rows"]).duckdb
        for table, found in lake_of(aws).items():
            lake.unregister(table)
            lake.register(table, found)
        return Answer((), lake.execute(translated(sql)).fetchall(), None, 0.0)

    monkeypatch.setattr(books, "ask", ask)
    return state


def _day(day: date) -> list[dict[str, Any]]:
    return readings_of("M-1", load(f"{day}T00:00", [100] * 24))


def audited(aws: Aws, month: str, meter: str | None = None) -> list[str]:
    names = dict.fromkeys(Stack.__struct_fields__, "-") | NAMES | {
        "service_points_table": "service_points", "bucket": aws.bucket, "region": REGION, "endpoint": None,
        "payment_days": 21,
    }  # fmt: skip
    first = date.fromisoformat(f"{month}-01")
    wanted = DayRange(first, (first + timedelta(days=31)).replace(day=1), meter)
    return [str(one) for one in read_findings(Stack(**names), wanted, lambda _: None).bills.differences]


def test_bills_that_agree_everywhere_have_no_difference(billed: RegistryDesk, aws: Aws, asked: dict[str, Any]):  # noqa: F811
    publish(aws, BillOutbox(aws.dynamodb, "bills"))

    assert audited(aws, "2026-06") == []
    assert audited(aws, "2026-07") == []


def test_a_bill_that_is_not_published_is_named(billed: RegistryDesk, aws: Aws, asked: dict[str, Any]):  # noqa: F811
    publish(aws, BillOutbox(aws.dynamodb, "bills"))
    changed = events.change_price(billed.store.load(), "flat", document(0.20), date(2026, 7, 1))
    billed.apply(changed, "price corrected", lambda count: None)

    assert audited(aws, "2026-07") == ["AG-1 2026-07 v2: version: stored 14.88 USD, not in the lake"]


def test_a_reading_that_parquet_has_otherwise_is_named_by_its_bill(
    billed: RegistryDesk,  # noqa: F811
    aws: Aws,
    asked: dict[str, Any],
):
    publish(aws, BillOutbox(aws.dynamodb, "bills"))
    asked["rows"][-100]["wh"] += 10_000  # in July

    found = audited(aws, "2026-07")
    assert found[1] == "AG-1 2026-07 v1: energy: stored 74.4 kWh, engine 84.4 kWh"
    assert found[0] == "AG-1 2026-07 v1: amount due: stored 7.44 USD, engine 8.44 USD"
    assert audited(aws, "2026-07", "M-1") == found
    assert audited(aws, "2026-07", "M-2") == []
    assert audited(aws, "2026-06") == []


def test_a_stored_bill_that_was_changed_by_hand_differs_from_engine_and_lake(
    billed: RegistryDesk,  # noqa: F811
    aws: Aws,
    asked: dict[str, Any],
):
    publish(aws, BillOutbox(aws.dynamodb, "bills"))
    key = BillKey("AG-1", "2026-07")
    item = aws.dynamodb.get_item(TableName="bills", Key={"meter_id": {"S": "AG-1"}, "bill": {"S": "2026-07"}})["Item"]
    kept = stored_bill(item).billed
    wrong = msgspec.structs.replace(kept.bill, total_rounded=kept.bill.total_rounded + Decimal("0.01"))
    aws.dynamodb.put_item(TableName="bills", Item=bill_item(key, kept._replace(bill=wrong, meters=["M-1"])))

    assert audited(aws, "2026-07") == [
        "AG-1 2026-07 v1: amount due: stored 7.45, lake 7.44",
        "AG-1 2026-07 v1: amount due: stored 7.45 USD, engine 7.44 USD",
    ]
