"""The expected bills of a seed with dated master data, by the registry as it is at the end.

The reference is a run with that registry from the beginning and every upload once and in order. Where an agreement has
lost all readings of a cycle, the reference has no bill; then ours must equal a bill without readings, or owe nothing if
the agreement no longer has a day in the cycle.
"""

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping
from datetime import UTC, date, timedelta
from typing import NamedTuple

from electrocloud.aws.store.dynamodb_items import Item, bill_of, stored_bill
from electrocloud.domain.billing.bill import Bill, rate
from electrocloud.domain.billing.carry_forward import NO_BILL, NOTHING, CarryForward, closing, opening
from electrocloud.domain.billing.demand import past_demand
from electrocloud.domain.billing.gaps import plan_determinants
from electrocloud.domain.billing.service import PlannedBill, Service
from electrocloud.domain.local_time import day_of
from electrocloud.domain.readings.meter_day import Interval
from electrocloud.domain.registry.records import Registry
from electrocloud.services.carry_forward import carries
from electrocloud.services.registry import services_in
from tests.faults.table import ParquetRow

Key = tuple[str, ...]


class _Day(NamedTuple):
    """A meter's UTC day, from rows of the lake."""

    day: date
    rows: dict[str, list[Interval]]  # by direction

    @property
    def received_count(self) -> int:
        return len(self.rows["received"])

    def intervals(self, direction: str = "delivered") -> list[Interval]:
        return self.rows[direction]


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


def bills_of_rows(
    rows: Iterable[ParquetRow], services: Mapping[str, Service], stored: Container[Key]
) -> Iterator[tuple[Key, Bill]]:
    """The bills that the Parquet rows alone make, of every cycle that has a reading or a `stored` bill, each with what
    the one before carries forward.
    """
    days: dict[str, dict[date, dict[str, list[Interval]]]] = defaultdict(lambda: defaultdict(lambda: defaultdict(list)))
    for meter_id, start, seconds, wh, *_, direction, _, _ in rows:
        instant = int(start.replace(tzinfo=UTC).timestamp())
        days[meter_id][day_of(instant)][direction].append(Interval(instant, seconds, wh))
    for agreement_id, service in services.items():
        before: CarryForward | None = None
        for bill in _planned(service, days):
            own = {meter: [_Day(day, found) for day, found in days[meter].items()] for meter in bill.meter_ids}
            spans = plan_determinants(bill.plan, own, {}, fill=False)  # type: ignore[arg-type]
            if not any(spans) and (agreement_id, bill.key.cycle) not in stored:
                before = None
                continue
            begins = opening(bill.plan, before or (NO_BILL if bill.previous else NOTHING))
            rated = rate(
                bill.plan,
                spans,
                bill.plan.spans[-1].meter_id if bill.plan.spans else "",
                history=begins.peaks,
                opening=begins.credit,
                opening_is_open=begins.is_open,
            )
            before = closing(rated, bill.plan, begins, past_demand(bill.plan, spans))
            yield (agreement_id, bill.key.cycle), rated


def _planned(service: Service, days: Mapping[str, Iterable[date]]) -> list[PlannedBill]:
    """The bills from the first to the last of a service's days that have readings, and one more on either side."""
    read = [day for meter in {one.meter_id for one in service.installations} for day in days.get(meter, ())]
    if not read:
        return []
    return service.bills_between(min(read) - timedelta(days=32), max(read) + timedelta(days=32))


def broken_links(items: Mapping[Key, Item], services: Mapping[str, Service]) -> Iterator[str]:
    """The bills that do not begin with what the bill of the period before carries forward."""
    for (agreement_id, cycle), item in items.items():
        service = services.get(agreement_id)
        planned = service.bill_of_cycle(cycle) if service and "#" not in cycle else None
        if service is None or planned is None or planned.plan.lookback is None:
            continue
        billed, previous = stored_bill(item).billed, planned.previous
        there = items.get((agreement_id, previous.key.cycle)) if previous else None
        before = carries(stored_bill(there) if there else None, previous) if previous else NOTHING
        account = billed.bill.credit
        if billed.begins != opening(planned.plan, before):
            yield f"bill {agreement_id} {cycle} begins with other than the bill before carries forward"
        if account and billed.begins and account.opening != billed.begins.credit:
            yield f"bill {agreement_id} {cycle} shows another opening credit than it begins with"
        if account and billed.carries and account.closing != billed.carries.credit:
            yield f"bill {agreement_id} {cycle} carries another credit forward than it shows"


def current(items: dict[Key, Item]) -> dict[Key, Bill]:
    """The current bills by key."""
    return {key: bill_of(item) for key, item in items.items() if "#" not in key[1]}
