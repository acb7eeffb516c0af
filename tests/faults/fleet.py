"""A seed's fleet with its tariffs, and the tables where they are registered."""

from collections.abc import Collection, Iterable

import msgspec

from analytics.template import ROOT
from electrocloud.aws.store.registry_state import REGISTRY_ITEM
from producers.fleet.fleet import Fleet, Meter, make_fleet
from registry.folder import read_tariffs
from tests.faults.dynamo import MemoryDynamo
from tests.faults.plan import Plan
from tests.kits.gateway_kit import HEAD_END as HEAD_ENDS

NEVER_CHANGED = {"changes": {"N": "0"}}
TARIFFS = read_tariffs(ROOT / "tariffs")
HEAD_END = HEAD_ENDS["HEADEND"].arn  # every meter's


def fleet_of(plan: Plan) -> Fleet:
    """A small fleet that has every kind of customer."""
    return make_fleet(plan.meters, plan.seed, shops=0.3)


def tables() -> MemoryDynamo:
    """The tables, with the tariffs in them."""
    dynamo = MemoryDynamo(
        {
            "windows": ("meter_id", "day"),
            "bills": ("meter_id", "bill"),
            "meters": ("meter_id",),
            "tariffs": ("tariff_id",),
            "service_points": ("service_point_id",),
            "accounts": ("account_id",),
        }
    )
    for tariff_id, document in TARIFFS.items():
        text = msgspec.json.encode(document).decode()
        dynamo.put_item(TableName="tariffs", Item={"tariff_id": {"S": tariff_id}, "document": {"S": text}})
    return dynamo


def register(dynamo: MemoryDynamo, meters: Iterable[Meter]) -> None:
    for meter in meters:
        item = {"meter_id": {"S": meter.meter_id}, "tariff_id": {"S": meter.tariff_id}, "head_end": {"S": HEAD_END}}
        dynamo.put_item(TableName="meters", Item=item)
    changes = int(dynamo.items["service_points"].get((REGISTRY_ITEM,), NEVER_CHANGED)["changes"]["N"]) + 1
    counted = {"service_point_id": {"S": REGISTRY_ITEM}, "changes": {"N": str(changes)}}
    dynamo.put_item(TableName="service_points", Item=counted)


def head_ends_of(dynamo: MemoryDynamo, meter_ids: Collection[str]) -> dict[str, str]:
    """The head-ends of registered meters."""
    return {meter: HEAD_END for meter in meter_ids if (meter,) in dynamo.items["meters"]}
