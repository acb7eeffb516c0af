"""Erasing a customer: nothing that says who it was is left anywhere, and what was billed stays."""

from datetime import UTC, datetime

import pytest

from electrocloud.aws.store.bill_outbox import BillOutbox
from electrocloud.domain.errors import UsageError
from lake.publishing import Lake, publish_bills
from registry.desk import RegistryDesk
from registry.erasure import StoredPerson, erase_account
from tests.integration.conftest import Aws
from tests.integration.test_registry_desk import billed, desk, stack_on  # noqa: F401  fixtures
from tests.kits.registry_kit import ACCOUNT

PERSONAL = [text.encode() for text in (ACCOUNT.name, ACCOUNT.email, ACCOUNT.mailing_address)]


def everything(aws: Aws, *without: str) -> bytes:
    """All items and all versions of all objects."""
    tables = [name for name in aws.dynamodb.list_tables()["TableNames"] if name not in without]
    items = [str(item) for name in tables for item in aws.dynamodb.scan(TableName=name)["Items"]]
    found = "".join(items).encode()
    for version in aws.s3.list_object_versions(Bucket=aws.bucket).get("Versions", []):
        found += aws.s3.get_object(Bucket=aws.bucket, Key=version["Key"], VersionId=version["VersionId"])["Body"].read()
    return found


def test_a_customer_is_erased_from_table_and_index_and_the_bills_keep_the_id(billed: RegistryDesk, aws: Aws):  # noqa: F811
    aws.s3.put_bucket_versioning(Bucket=aws.bucket, VersioningConfiguration={"Status": "Enabled"})
    billed.rerate(["SP-1"], "", lambda count: None)
    publish_bills(BillOutbox(aws.dynamodb, "bills"), Lake(aws.s3, aws.bucket), datetime.now(UTC), lambda: False)
    before = aws.dynamodb.scan(TableName="bills")["Items"]
    assert erase_account(stack_on(aws), "A-1", confirm=False)[:2] == (1, 1)
    assert ACCOUNT.name.encode() in everything(aws)

    assert erase_account(stack_on(aws), "A-1", confirm=True)[:2] == (1, 1)

    assert erase_account(stack_on(aws), "A-1", confirm=False) == StoredPerson(0, 0, 0, 0, 0)
    left = everything(aws, "service_points")  # where the address is that of the premise
    assert not [text for text in (ACCOUNT.name, ACCOUNT.email) if text.encode() in left]
    assert aws.dynamodb.scan(TableName="bills")["Items"] == before
    assert [entry.name for entry in billed.search("SP-1")] == ["erased"]


def test_a_service_point_of_an_erased_customer_can_still_be_changed(billed: RegistryDesk, aws: Aws):  # noqa: F811
    from datetime import date

    from electrocloud.domain.registry import events

    erase_account(stack_on(aws), "A-1", confirm=True)
    billed.change(["SP-1"], [], "moved out", lambda part: events.move_out(part, "SP-1", date(2026, 9, 1)))

    assert billed.account("A-1") is not None


def test_nothing_personal_is_in_the_lake(billed: RegistryDesk, aws: Aws):  # noqa: F811
    import io

    import pyarrow.parquet as pq

    publish_bills(BillOutbox(aws.dynamodb, "bills"), Lake(aws.s3, aws.bucket), datetime.now(UTC), lambda: False)
    keys = [one["Key"] for one in aws.s3.list_objects_v2(Bucket=aws.bucket)["Contents"]]
    tables = [key for key in keys if key.endswith(".parquet")]
    assert {key.split("/")[0] for key in tables} >= {"registry", "bills", "bill_lines", "meters", "tariffs"}
    for key in tables:
        body = aws.s3.get_object(Bucket=aws.bucket, Key=key)["Body"].read()
        rows = str(pq.ParquetFile(io.BytesIO(body)).read().to_pylist())
        assert not [text for text in PERSONAL if text.decode() in rows], key


def test_an_account_that_is_not_there_is_named(desk: RegistryDesk, aws: Aws):  # noqa: F811
    with pytest.raises(UsageError, match="there is no account A-9"):
        erase_account(stack_on(aws), "A-9", confirm=True)
