"""Bills from windows: the determinants of a bill's spans, whole or replaced by the day, and the bill's versions."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple

import msgspec

from electrocloud.domain.billing.bill import rate, reissue, without_charges
from electrocloud.domain.billing.counting import count_intervals, unread_since
from electrocloud.domain.billing.determinants import DayDeterminants, day_determinants, with_local_days
from electrocloud.domain.billing.estimation import WEEKS
from electrocloud.domain.billing.gaps import plan_determinants
from electrocloud.domain.billing.plan import PeriodPlan, ServiceSpan
from electrocloud.domain.billing.service import BillKey, PlannedBill
from electrocloud.domain.local_time import day_of
from electrocloud.domain.readings.meter_day import DayReadings, MeterDay
from electrocloud.services.carry_forward import begins_with, carried
from electrocloud.services.issuing import NOTHING_KNOWN, KnownBills, issue_bill
from electrocloud.services.store import (
    WITHDRAWN,
    BillChange,
    BilledPeriod,
    Change,
    MeterDays,
    ReplacedBill,
    SpanDays,
    StoredBill,
    Tables,
)

DaysByMeter = Mapping[str, Iterable[DayReadings]]


class VersionReason(NamedTuple):
    """Why a final bill is replaced; `by` and `at` where a person did it."""

    reason: str
    by: str = ""
    at: datetime | None = None


READING_CORRECTED = VersionReason("reading corrected")
EXPORT_RECEIVED = VersionReason("export received later")


def add_bill(
    change: Change,
    planned: PlannedBill,
    days: Sequence[SpanDays],
    before: StoredBill | None,
    tables: Tables,
    why: VersionReason = READING_CORRECTED,
    known: KnownBills = NOTHING_KNOWN,
) -> None:
    """Rate a bill and put it into the change, in place of `before`; a final bill that differs gets a new version.

    A bill that becomes final, and each new version, is issued; bills that are `known` are not read again for that.
    """
    plan = planned.plan
    begins = begins_with(change, planned, before, tables, known)
    bill = rate(
        plan,
        days,
        plan.spans[-1].meter_id if plan.spans else "",
        history=begins.peaks,
        opening=begins.credit,
        opening_is_open=begins.is_open,
    )
    carries = carried(planned, bill, days, begins)
    if before and before.billed.bill.status == "final" and not _never_issued(before.billed):
        bill = reissue(before.billed.bill, bill)
        if bill.version > before.billed.bill.version:
            change.replaced.append(ReplacedBill(planned.key, before.billed.bill, before.in_outbox))
            if why == READING_CORRECTED and bill.received_kwh and not before.billed.bill.received_kwh:
                why = EXPORT_RECEIVED
            bill = msgspec.structs.replace(bill, reason=why.reason, changed_by=why.by, changed_at=why.at)
            bill = issue_bill(planned.key, bill, before.billed.bill, tables, known)
    elif bill.status == "final":
        bill = issue_bill(planned.key, bill, None, tables, known)
    meters = [span.meter_id for span in plan.spans]
    unread = unread_since(plan, days) if bill.intervals.missing and bill.status == "provisional" else ()
    begun = begins if carries else None
    billed = BilledPeriod(plan.fingerprint, days, bill, meters, plan.shape, begun, carries, unread)
    change.bills.append(BillChange(planned.key, billed, before.mark if before else None))


def withdraw_bill(change: Change, key: BillKey, before: StoredBill, tables: Tables, why: VersionReason) -> None:
    """Put a bill that owes nothing into the change, in place of `before`, unless it owes nothing already.

    One that was final gets a new version. One that was not has never been issued, and leaves no trace of it.
    """
    if before.billed.fingerprint == WITHDRAWN:
        return
    bill = without_charges(before.billed.bill)
    if before.billed.bill.status == "final":
        bill = reissue(before.billed.bill, bill)
        change.replaced.append(ReplacedBill(key, before.billed.bill, before.in_outbox))
        bill = msgspec.structs.replace(bill, reason=why.reason, changed_by=why.by, changed_at=why.at)
        bill = issue_bill(key, bill, before.billed.bill, tables)
    change.bills.append(BillChange(key, BilledPeriod(WITHDRAWN, (), bill), before.mark))


def _never_issued(billed: BilledPeriod) -> bool:
    return billed.fingerprint == WITHDRAWN and billed.bill.version == 1


def read_determinants(planned: PlannedBill, tables: MeterDays) -> list[dict[date, DayDeterminants]]:
    """The determinants of all of a bill's readings, by span."""
    return replaced_days(planned.plan, [{} for _ in planned.plan.spans], meter_days(planned, tables))


def replaced_days(plan: PeriodPlan, spans: Sequence[SpanDays], days: DaysByMeter) -> list[dict[date, DayDeterminants]]:
    """The determinants of a bill's spans, with those of some meters' days in place of what was there."""
    found = [dict(own) for own in spans] + [{} for _ in plan.spans[len(spans) :]]
    for meter_id, own in days.items():
        for day in own:
            for number, span in plan.spans_of(meter_id, day.day):
                determinants = _of_span(plan, span, day)
                if determinants is None:
                    found[number].pop(day.day, None)
                else:
                    found[number][day.day] = determinants
    return found


def estimated_determinants(
    planned: PlannedBill, tables: Tables, changed: DaysByMeter | None = None
) -> list[dict[date, DayDeterminants]]:
    """The determinants of a bill with its gaps estimated from the service point's readings, its own and those before.

    What these say nothing of is estimated from the mean profile of the customer's class, if there is one of the month
    in which the cycle begins. `changed` are days that are about to be stored: they count in place of what is there.
    """
    own = {meter_id: {day.day: day for day in days} for meter_id, days in meter_days(planned, tables).items()}
    for meter_id, days in (changed or {}).items():
        own.setdefault(meter_id, {}).update((day.day, day) for day in days)
    first = day_of(planned.plan.period.start)
    before = {
        meter_id: tables.days_between(meter_id, first - timedelta(weeks=WEEKS, days=1), first - timedelta(days=1))
        for meter_id in planned.meter_ids
    }
    plan, read = planned.plan, {meter: [*days.values()] for meter, days in own.items()}
    found = plan_determinants(plan, read, before, fill=True)
    if plan.terms.customer_class and count_intervals(plan, found).missing:
        profile = tables.class_profile(plan.terms.customer_class, planned.key.month)
        if profile:
            return plan_determinants(plan, read, before, fill=True, profile=profile)
    return found


def stored_determinants(
    planned: PlannedBill, before: StoredBill | None, tables: Tables, *, trust: bool
) -> list[dict[date, DayDeterminants]]:
    """The determinants of a bill as it is now: with `trust`, those it was stored with where they have the plan's shape;
    else from its readings, with the estimates that it had.
    """
    if trust and before and before.billed.shape == planned.plan.shape:
        return replaced_days(planned.plan, before.billed.days, {})
    if before and has_estimates(before.billed.days):
        return estimated_determinants(planned, tables)
    return read_determinants(planned, tables)


def is_rated(planned: PlannedBill, meter_id: str, day: MeterDay, stored: StoredBill | None) -> bool:
    """Whether a stored bill has a meter's day as it is. It has not where the plan has changed since it was rated."""
    plan = planned.plan
    known = stored.billed if stored and stored.billed.is_of(plan) else None
    for number, span in plan.spans_of(meter_id, day.day):
        found = _of_span(plan, span, day)
        entry = known.days[number].get(day.day) if known and number < len(known.days) else None
        if found and (entry is None or (entry != found and not _differ_by_estimates(entry, found))):
            return False
        if found is None and entry is not None and entry.count:
            return False
    return stored is not None or not has_voids(planned, meter_id, day)


def has_voids(planned: PlannedBill, meter_id: str, day: MeterDay) -> bool:
    """Whether readings of a meter's day that a bill would have are voided.

    They alone make a bill too: or it would depend on whether the readings or the operator came first.
    """
    spans = [span for _, span in planned.plan.spans_of(meter_id, day.day)]
    return any(span.start <= start < span.end for start in day.voided() for span in spans)


def has_estimates(days: Sequence[SpanDays]) -> bool:
    """Whether some of a bill's readings were estimated."""
    return any(day.estimated for own in days for day in own.values())


def meter_days(planned: PlannedBill, tables: MeterDays) -> dict[str, Sequence[DayReadings]]:
    """The stored days of the meters that served in a bill's period."""
    period = planned.plan.period
    first, last = day_of(period.start), day_of(period.end - 1)
    meters = dict.fromkeys(span.meter_id for span in planned.plan.spans)
    return {meter_id: tables.days_between(meter_id, first, last) for meter_id in meters}


def same_bill(one: BilledPeriod, other: BilledPeriod) -> bool:
    """Whether two billed periods have the same plan, bill and days, begin alike and carry the same forward."""
    length = max(len(one.days), len(other.days))
    days = [[*(dict(own) for own in each.days), *({} for _ in range(length - len(each.days)))] for each in (one, other)]
    compared = [(each.fingerprint, each.shape, each.bill, each.begins, each.carries) for each in (one, other)]
    return compared[0] == compared[1] and days[0] == days[1]


def _of_span(plan: PeriodPlan, span: ServiceSpan, day: DayReadings) -> DayDeterminants | None:
    """A day's determinants for a span; None where none of its readings is in the span."""
    tariff = plan.tariff_of(span)
    intervals = with_local_days(day.intervals(), tariff.zone)
    received = with_local_days(day.intervals("received"), tariff.zone) if tariff.metering else []
    if not intervals and not received:
        return None
    spread = plan.terms.spread == "even"
    reactive = with_local_days(day.reactive(), tariff.zone) if tariff.reactive else ()
    found = day_determinants(tariff, span, intervals, spread=spread, received=received, reactive=reactive)
    return found if found.count or found.received else None


def _differ_by_estimates(entry: DayDeterminants, found: DayDeterminants) -> bool:
    """Whether a stored day has the readings of `found`, and estimates beside them."""
    read_wh, found_wh = sum(run.wh for run in entry.runs if not run.estimated), sum(run.wh for run in found.runs)
    return entry.estimated > 0 and (entry.count, read_wh, entry.received, entry.reactive) == (
        found.count,
        found_wh,
        found.received,
        found.reactive,
    )
