"""Why a bill cannot be final yet although its readings may be in: days without a price, readings that nobody shared."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec

from electrocloud.domain.billing.credit import NO_CREDIT, Credit
from electrocloud.domain.billing.determinants import DayDeterminants
from electrocloud.domain.billing.export import credits_export, has_export, lacks_sell_rate
from electrocloud.domain.billing.plan import PeriodPlan
from electrocloud.domain.billing.spreading import Crossing
from electrocloud.domain.local_time import HOUR_S

NOT_CREDITED = "the credit for export that the bill before left is not known, so export is not credited"
EARLIER_OPEN = (
    "the bill of the period before is missing or not complete, so the credit for export that this one begins with may "
    "change; complete that one, or state the credit in the registry (opening_credit of the agreement)"
)


class OpenReason(msgspec.Struct, frozen=True):
    """`text` says it to a person, without a period; `at` is the start of the reading (s since 1970 UTC)."""

    kind: Literal[
        "no price",
        "long reading",
        "no system peak",
        "no hourly price",
        "no sell rate",
        "no reactive energy",
        "export not credited",
        "earlier bill open",
    ]
    text: str
    at: int | None = None


def open_reasons(
    plan: PeriodPlan,
    days: Sequence[Sequence[DayDeterminants]],
    opening: Credit | None = NO_CREDIT,
    *,
    opening_is_open: bool = False,
) -> tuple[OpenReason, ...]:
    """The reasons that a period's plan and its segments' determinants give.

    `opening` is the credit for export that the bill before left (None: not known), which may change while it is open.
    """
    found = _missing_prices(plan, days)
    if plan.terms.needs_reactive and _lacks_reactive(plan, days):
        text = "reactive energy is charged, and no reading has it although the registry says that it is metered"
        found.append(OpenReason("no reactive energy", text))
    if opening is None and has_export(plan, days):
        found.append(OpenReason("export not credited", NOT_CREDITED))
    elif lacks_sell_rate(plan, days):
        name = plan.tariff_name or "the tariff"
        found.append(OpenReason("no sell rate", f"{name} credits export in $ and has no sell rate"))
    if opening_is_open and (has_export(plan, days) or (opening and credits_export(plan))):
        found.append(OpenReason("earlier bill open", EARLIER_OPEN))
    longest = HOUR_S if plan.terms.spread == "start" else 0
    crossings = [one for own in days for day in own if (one := day.crossing) and one.seconds > longest]
    if crossings:
        first = min(crossings, key=lambda crossing: crossing.start)
        found.append(OpenReason("long reading", _crossing_text(first, plan), first.start))
    return tuple(found)


def _missing_prices(plan: PeriodPlan, days: Sequence[Sequence[DayDeterminants]]) -> list[OpenReason]:
    """What of the tariff is not known: prices of days or hours, and when the system had its peaks."""
    found = []
    if unpriced := plan.unpriced_days:
        when = " and ".join(days_text(*span) for span in unpriced)
        text = f"{plan.tariff_name or 'the tariff'} has no price {when}: its prices hold {plan.price_dates}"
        found.append(OpenReason("no price", text))
    if _lacks_system_peak(plan):
        text = (
            f"no system peak is known {days_text(plan.period.first_day, plan.period.end_day)}, whose demand is charged"
        )
        found.append(OpenReason("no system peak", text))
    series = any(segment.tariff.series for segment in plan.segments if segment.tariff)
    parts = [part for own in days for day in own for part in day.series] if series else []
    if gaps := [part.unpriced for part in parts if part.unpriced is not None]:
        since = datetime.fromtimestamp(min(gaps), UTC).astimezone(ZoneInfo(plan.period.zone))
        found.append(OpenReason("no hourly price", f"there is no price for the energy from {since.isoformat()} on"))
    return found


def _lacks_reactive(plan: PeriodPlan, days: Sequence[Sequence[DayDeterminants]]) -> bool:
    """Whether a tariff charges for reactive power in a segment that has readings, and none has reactive energy."""
    charged = [
        own for segment, own in zip(plan.segments, days, strict=True) if segment.tariff and segment.tariff.reactive
    ]
    return any(charged) and not any(day.reactive for own in charged for day in own)


def _lacks_system_peak(plan: PeriodPlan) -> bool:
    charges = [segment.tariff.coincident for segment in plan.segments if segment.tariff and segment.tariff.coincident]
    return bool(charges) and not any(charge.between(plan.period.start, plan.period.end) for charge in charges)


def days_text(first: date, end: date) -> str:
    """`on 2026-07-11`, `from 2026-07-11 to 2026-07-31`; the end is exclusive, and is said inclusive."""
    last = end - timedelta(days=1)
    return f"on {first}" if first == last else f"from {first} to {last}"


def _crossing_text(crossing: Crossing, plan: PeriodPlan) -> str:
    start = datetime.fromtimestamp(crossing.start, UTC).astimezone(ZoneInfo(plan.period.zone))
    minutes = crossing.seconds / 60
    length = f"{minutes / 60:g}-hour" if minutes >= 60 else f"{minutes:g}-minute"
    what = crossing.what
    if what == "bills" and crossing.start + crossing.seconds <= plan.period.end:
        what = "prices"
    return f"the {length} reading from {start.isoformat()} spans two {what}, and nothing says how to share it"
