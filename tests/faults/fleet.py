"""A seed's fleet with its tariffs, and the tables where they are registered."""

from collections.abc import Collection, Iterable
from dataclasses import replace

import msgspec

from analytics.template import ROOT
from electrocloud.aws.store.registry_state import REGISTRY_ITEM
from producers.fleet.fleet import Fleet, Meter, make_fleet
from registry.folder import read_tariffs
from tests.faults.dynamo import MemoryDynamo
from tests.faults.plan import Plan
from tests.kits.gateway_kit import HEAD_END as HEAD_ENDS

NEVER_CHANGED = {"changes": {"N": "0"}}
BUNDLED = read_tariffs(ROOT / "tariffs")
TRUE_UP = {"ur_nm_credit_month": 2, "ur_nm_yearend_sell_rate": 0.04}  # March is one of the harness's months
CREDITING = {
    "net-metering": {**BUNDLED["residential-tou"], "dgrules": "Net Metering", **TRUE_UP},
    "net-billing": {
        **BUNDLED["residential-tiered"], "dgrules": "Net Billing Hourly", "ur_metering_option": 3, "sell_rate": 0.07
    },
}  # fmt: skip
RATCHET = {"commercial-ratchet": {**BUNDLED["commercial-demand"], "lookbackpercent": 80, "lookbackrange": 11}}
TARIFFS = {**BUNDLED, **CREDITING, **RATCHET}
HEAD_END = HEAD_ENDS["HEADEND"].arn  # every meter's


def fleet_of(plan: Plan) -> Fleet:
    """A small fleet that has every kind of customer, of whom those that export are at tariffs that credit it."""
    fleet = make_fleet(plan.meters, plan.seed, shops=0.3)
    return replace(fleet, meters=tuple(map(_at_own_tariff, fleet.meters)))


def _at_own_tariff(meter: Meter) -> Meter:
    number = int(meter.meter_id[-1], 16)
    if exports(meter.meter_id):
        return meter._replace(tariff_id=[*CREDITING][number // 2 % len(CREDITING)])
    return meter._replace(tariff_id=next(iter(RATCHET))) if meter.kind == "shop" else meter


def exports(meter_id: str) -> bool:
    """Whether a meter measures energy received, as every second one does."""
    return meter_id[-1] in "02468"


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
