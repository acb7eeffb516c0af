"""Erasing a meter that was exchanged: its readings, installations and bills, not its successor and its customer."""

import io
from datetime import UTC, date, datetime, timedelta

import pyarrow.parquet as pq
import pytest

from electrocloud.aws.store.bill_outbox import BillOutbox
from electrocloud.aws.store.dynamodb_items import key_of_bill
from electrocloud.domain.registry import events
from electrocloud.services.ingest import ingest_uploads
from lake.publishing import Lake, publish_bills
from registry import erasure
from registry.desk import RegistryDesk
from registry.erasure import erase_installed_meter
from tests.integration.conftest import Aws
from tests.integration.test_erase_account import everything
from tests.integration.test_registry_desk import billed, desk, stack_on  # noqa: F401  fixtures
from tests.kits.billing_kit import instant
from tests.kits.examples import upload
from tests.kits.registry_kit import ZONE


@pytest.fixture
def exchanged(billed: RegistryDesk, aws: Aws) -> RegistryDesk:  # noqa: F811
    """M-1 measured June and half of July, M-2 the rest until the end of August; all bills are published."""
    aws.s3.put_bucket_versioning(Bucket=aws.bucket, VersioningConfiguration={"Status": "Enabled"})
    noon = instant("2026-07-11T12:00", ZONE)
    billed.change(["SP-1"], [], "exchanged", lambda part: events.exchange_meter(part, "SP-1", "M-2", noon))
    days = [date(2026, 7, 11) + timedelta(days=number) for number in range(53)]
    uploads = [upload(meter_id="M-2", day=day, wh=[100] * 24, interval_s=3600) for day in days]
    ingest_uploads(uploads, billed._tables, billed._services, lambda attempt: None)
    publish(aws)
    return billed


def publish(aws: Aws) -> None:
    publish_bills(BillOutbox(aws.dynamodb, "bills"), Lake(aws.s3, aws.bucket), datetime.now(UTC), lambda: False)


def cycles(aws: Aws) -> set[str]:
    return {key_of_bill(item).cycle for item in aws.dynamodb.scan(TableName="bills")["Items"]}


def published_cycles(aws: Aws, table: str) -> set[str]:
    keys = [one["Key"] for one in aws.s3.list_objects_v2(Bucket=aws.bucket, Prefix=f"{table}/")["Contents"]]
    bodies = [aws.s3.get_object(Bucket=aws.bucket, Key=key)["Body"].read() for key in keys]
    return {row["cycle"] for body in bodies for row in pq.ParquetFile(io.BytesIO(body)).read().to_pylist()}


def test_what_would_be_erased_is_listed_and_nothing_is_changed(exchanged: RegistryDesk, aws: Aws):
    before = everything(aws)
    found = erase_installed_meter(stack_on(aws), "M-1", confirm=False)

    assert (found.registered, found.days) == (2, 62)
    assert found.bills == len([cycle for cycle in cycles(aws) if cycle < "2026-08"])  # all versions of July too
    assert everything(aws) == before


@pytest.mark.parametrize("interrupted", [False, True])
def test_the_meter_is_nowhere_and_its_successors_bills_stay(
    exchanged: RegistryDesk, aws: Aws, monkeypatch: pytest.MonkeyPatch, *, interrupted: bool
):
    if interrupted:
        with monkeypatch.context() as patch:
            patch.setattr(erasure, "erase_meter", _killed)
            with pytest.raises(KeyboardInterrupt):
                erase_installed_meter(stack_on(aws), "M-1", confirm=True)
    erase_installed_meter(stack_on(aws), "M-1", confirm=True)

    assert b"M-1" not in everything(aws)
    assert cycles(aws) >= {"2026-08"}
    assert not [cycle for cycle in cycles(aws) if cycle < "2026-08"]
    assert published_cycles(aws, "bills") == published_cycles(aws, "bill_lines") == {"2026-08"}
    assert [entry.meter_ids for entry in exchanged.search("Gomez")] == [("M-2",)]
    assert [one.meter_id for one in exchanged.store.load().installations.values()] == ["M-2"]
    again = erase_installed_meter(stack_on(aws), "M-1", confirm=True)
    assert set(again) == {0}


def test_readings_of_the_successor_are_billed_as_before(exchanged: RegistryDesk, aws: Aws):
    erase_installed_meter(stack_on(aws), "M-1", confirm=True)
    late = upload(meter_id="M-2", day=date(2026, 9, 4), wh=[100] * 24, interval_s=3600)
    ingest_uploads([late], exchanged._tables, exchanged._services, lambda attempt: None)

    assert cycles(aws) >= {"2026-08", "2026-09"}


def _killed(*_: object, **__: object) -> None:
    raise KeyboardInterrupt
