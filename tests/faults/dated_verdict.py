"""The expected bills of a seed with dated master data, by the registry as it is at the end.

The reference is a run with that registry from the beginning and every upload once and in order. Where an agreement has
lost all readings of a cycle, the reference has no bill; then ours must equal a bill without readings, or owe nothing if
the agreement no longer has a day in the cycle.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date
from typing import NamedTuple

from electrocloud.aws.store.dynamodb_items import Item, bill_of, stored_bill
from electrocloud.domain.billing.bill import Bill, rate
from electrocloud.domain.billing.gaps import plan_determinants
from electrocloud.domain.billing.service import PlannedBill, Service
from electrocloud.domain.local_time import day_of
from electrocloud.domain.readings.meter_day import Interval
from electrocloud.domain.registry.records import Registry
from electrocloud.services.registry import services_in
from tests.faults.table import ParquetRow

Key = tuple[str, ...]


class _Day(NamedTuple):
    """A meter's UTC day, from rows of the lake."""

    day: date
    rows: list[Interval]

    def intervals(self) -> list[Interval]:
        return self.rows


def services_of(registry: Registry) -> dict[str, Service]:
    """The services by their agreement."""
    return {one.terms.agreement_id: one for one in services_in(registry, registry.service_points.keys())}


def without_readings(key: Key, services: Mapping[str, Service]) -> Bill | None:
    """The bill of a cycle that has no readings; None where the agreement has no day in it."""
    service = services.get(key[0])
    planned = service.bill_of_cycle(key[1]) if service else None
    if planned is None:
        return None
    plan = planned.plan
    return rate(plan, [{} for _ in plan.spans], plan.spans[-1].meter_id if plan.spans else "")


def determinants_that_differ(ours: dict[Key, Item], theirs: dict[Key, Item]) -> Iterator[str]:
    """The stored determinants decide what later changes make of a bill, so they must be the same too."""
    for key in sorted(key for key in ours.keys() & theirs.keys() if "#" not in key[1]):
        one, other = stored_bill(ours[key]).billed, stored_bill(theirs[key]).billed
        found = [
            (billed.fingerprint, billed.shape, [dict(own) for own in billed.days if own]) for billed in (one, other)
        ]
        if found[0] != found[1]:
            yield f"bill {' '.join(key)} has other determinants"


def bills_of_rows(rows: Iterable[ParquetRow], registry: Registry) -> Iterator[tuple[Key, Bill]]:
    """The bills that the Parquet rows alone make, of every cycle that has a reading."""
    days: dict[str, dict[date, list[Interval]]] = defaultdict(lambda: defaultdict(list))
    for meter_id, start, seconds, wh, *_ in rows:
        instant = int(start.replace(tzinfo=UTC).timestamp())
        days[meter_id][day_of(instant)].append(Interval(instant, seconds, wh))
    for agreement_id, service in services_of(registry).items():
        planned: dict[str, PlannedBill] = {}
        for meter_id in {one.meter_id for one in service.installations}:
            for day in days.get(meter_id, ()):
                planned.update((bill.key.cycle, bill) for bill in service.bills_of_utc_day(day))
        for cycle, bill in planned.items():
            own = {meter: [_Day(day, found) for day, found in days[meter].items()] for meter in bill.meter_ids}
            spans = plan_determinants(bill.plan, own, {}, fill=False)  # type: ignore[arg-type]
            if any(spans):
                yield (agreement_id, cycle), rate(bill.plan, spans, bill.plan.spans[-1].meter_id)


def current(items: dict[Key, Item]) -> dict[Key, Bill]:
    """The current bills by key."""
    return {key: bill_of(item) for key, item in items.items() if "#" not in key[1]}
