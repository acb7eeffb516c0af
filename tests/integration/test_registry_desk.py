"""The registry in tables, index and lake, on AWS in memory."""

import io
import time
from datetime import date

import msgspec
import pyarrow.parquet as pq
import pytest

from electrocloud.aws.stack import Stack
from electrocloud.domain.errors import RegistryError
from electrocloud.domain.registry import events
from electrocloud.domain.registry.records import Account, Registry
from registry.desk import RegistryDesk
from tests.integration.conftest import REGION, Aws
from tests.kits.registry_kit import AGREEMENT, POINT, registry


@pytest.fixture
def desk(aws: Aws) -> RegistryDesk:
    names = dict.fromkeys(Stack.__struct_fields__, "-") | {
        "accounts_table": "accounts", "service_points_table": "service_points", "meters_table": "meters",
        "tariffs_table": "tariffs", "bucket": aws.bucket, "region": REGION, "endpoint": None,
    }  # fmt: skip
    desk = RegistryDesk(Stack(**names))
    desk.apply(registry(), _nobody)
    return desk


def _nobody(count: int) -> None:
    """Nobody looks at the progress."""


def test_what_was_applied_is_what_is_read(desk: RegistryDesk) -> None:
    assert desk.store.load() == registry()
    assert desk.store.points_of_meters(["M-1", "M-9"]) == {"M-1": ("SP-1",)}


def test_applying_twice_changes_nothing(desk: RegistryDesk) -> None:
    version = desk.store.version()
    assert desk.apply(registry(), _nobody).changes == []
    assert desk.store.version() == version == 1


def test_a_contradiction_leaves_the_registry_as_it_was(desk: RegistryDesk) -> None:
    wrong = Registry(agreements={"AG-2@2026-05-01": msgspec.structs.replace(AGREEMENT, agreement_id="AG-2")})
    with pytest.raises(RegistryError, match="overlaps AG-1@2026-01-01"):
        desk.apply(wrong, _nobody)
    assert desk.store.load() == registry()


@pytest.mark.parametrize("text", ["gomez", "1 elm", "A-1", "m-1", "F-7", "SP-1"])
def test_a_service_point_is_found_by_any_part_of_what_a_clerk_knows(desk: RegistryDesk, text: str) -> None:
    (found,) = desk.search(text)
    assert (found.service_point_id, found.name, found.meter_ids) == ("SP-1", "Maria Gomez", ("M-1",))


def test_who_moved_out_is_no_longer_found_there(desk: RegistryDesk) -> None:
    day = date(2026, 7, 16)
    desk.change(["SP-1"], [], lambda part: events.move_out(part, "SP-1", day))
    desk.change(
        ["SP-1"], [], lambda part: events.move_in(part, Account(account_id="A-2", name="Li"), "SP-1", "flat", day)
    )
    assert [entry.name for entry in desk.search("SP-1")] == ["Li"]
    assert desk.search("gomez") == []


def test_the_lake_has_agreements_and_no_names(desk: RegistryDesk, aws: Aws) -> None:
    desk.change(["SP-1"], [], lambda part: events.exchange_meter(part, "SP-1", "M-2", 1_790_000_000))
    tables = {}
    for name in ("agreements", "installations", "tariff_versions", "service_points"):
        body = aws.s3.get_object(Bucket=aws.bucket, Key=f"registry/{name}/{name}.parquet")["Body"].read()
        assert b"Gomez" not in body
        tables[name] = pq.read_table(io.BytesIO(body)).to_pylist()
    assert [row["meter_id"] for row in tables["installations"]] == ["M-1", "M-2"]
    assert tables["installations"][0]["end"] == tables["installations"][1]["start"]
    assert [row["tariff_id"] for row in tables["agreements"]] == ["flat"]
    assert len(tables["tariff_versions"]) == len(tables["service_points"]) == 1


def test_two_cannot_change_the_registry_at_once(desk: RegistryDesk) -> None:
    with (
        desk.store.lock(int(time.time())),
        pytest.raises(RegistryError, match="somebody else is changing the registry"),
    ):
        desk.apply(registry(msgspec.structs.replace(POINT, feeder="F-8")), _nobody)
    desk.apply(registry(msgspec.structs.replace(POINT, feeder="F-8")), _nobody)
    assert desk.search("F-8")


def test_a_lock_that_somebody_left_behind_ends_by_itself(desk: RegistryDesk) -> None:
    with desk.store.lock(1_000), desk.store.lock(10_000):
        assert desk.store.version() == 1


def test_a_tariff_from_before_there_were_dates_has_always_been_in_force(desk: RegistryDesk, aws: Aws) -> None:
    aws.dynamodb.put_item(TableName="tariffs", Item={"tariff_id": {"S": "old"}, "document": {"S": '{"a": 1}'}})
    assert desk.store.load().tariffs["old@always"].document == {"a": 1}
