"""What issued bills take after the metering: publishing them, and a price that is corrected for a year of them.

Counted on the bills of a sample of meters, by running the system's own code on them.
"""

import time
from collections.abc import Mapping
from typing import Any, NamedTuple, cast

import msgspec

from cost.billed_dynamodb import BilledDynamoDB
from electrocloud.aws.store.bill_outbox import BillOutbox
from electrocloud.aws.store.tables import DynamoTables
from electrocloud.domain.billing.service import PlannedBill, service_without_agreement
from electrocloud.domain.tariffs.tariff import Tariff
from electrocloud.domain.tariffs.urdb import tariff_from_urdb
from electrocloud.services.closing import close_bill
from electrocloud.services.rating import VersionReason
from electrocloud.services.replay import rerate_bills
from producers.sending.live import TARIFFS
from registry.folder import read_tariffs

MONTHS = 12


class BillUnits(NamedTuple):
    """Units a bill: to publish it, to rate it again (with publishing the new version), and CPU s of the latter."""

    publish_writes: float
    publish_reads: float
    rerate_writes: float
    rerate_reads: float
    rerate_cpu_s: float


def bill_units(dynamodb: BilledDynamoDB, tariff_of: Mapping[str, Tariff], month: str) -> BillUnits:
    """Make the month's bills of these meters final, publish them, correct their prices, and publish again."""
    tables = DynamoTables(cast("Any", dynamodb), "windows", "bills", time.sleep)
    for planned in _planned(tariff_of, month):
        close_bill(planned, tables, time.sleep)
    dynamodb.counts.clear()
    _publish(dynamodb)
    published = dict(dynamodb.counts)
    dynamodb.counts.clear()
    corrected = _corrected_tariffs()
    planned_again = _planned({meter: corrected[tariff.label] for meter, tariff in tariff_of.items()}, month)
    began, counting = time.process_time(), dynamodb.seconds
    rerate_bills(planned_again, tables, time.sleep, trust_days=True, why=VersionReason("price corrected"))
    cpu_s = time.process_time() - began - (dynamodb.seconds - counting)
    _publish(dynamodb)
    bills = len(planned_again)
    return BillUnits(
        published["write_units"] / bills,
        published["read_units"] / bills,
        dynamodb.counts["write_units"] / bills,
        dynamodb.counts["read_units"] / bills,
        cpu_s / bills,
    )


def _planned(tariff_of: Mapping[str, Tariff], month: str) -> list[PlannedBill]:
    services = [service_without_agreement(meter, tariff_of[meter]) for meter in sorted(tariff_of)]
    return [bill for service in services if (bill := service.bill_of_cycle(month))]


def _publish(dynamodb: BilledDynamoDB) -> None:
    outbox = BillOutbox(cast("Any", dynamodb), "bills")
    for page in outbox.pages():
        outbox.remove(page)


def _corrected_tariffs() -> dict[str, Tariff]:
    found = {}
    for name, document in read_tariffs(TARIFFS).items():
        own: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(document))
        for period in own["energyratestructure"]:
            period[0]["rate"] += 0.01
        found[name] = tariff_from_urdb(own)
    return found
