"""How many intervals a bill rests on: read, estimated, missing, not yet due, and outside service."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import lru_cache
from typing import NamedTuple

import msgspec

from electrocloud.domain.billing.determinants import DayDeterminants, expected_count
from electrocloud.domain.billing.plan import PeriodPlan, ServiceSpan
from electrocloud.domain.local_time import DAY_S, HOUR_S, day_of, instant_of, midnight_of


class Intervals(msgspec.Struct, frozen=True):
    """The intervals of a bill: `expected` are all that lie in service.

    Of them some were read, some estimated (`from_profile` of these by the mean profile of the customer's class), some
    are missing, and some are `not_yet_due`: they had not ended when the bill was made. `outside_service` are the
    intervals of the full cycle in which no meter served this customer; nothing of them is billed or estimated.
    """

    expected: int
    read: int
    estimated: int
    missing: int
    not_yet_due: int = 0
    outside_service: int = 0
    from_profile: int = 0


class UnreadSpan(NamedTuple):
    """Of the intervals of `seconds` that start from `start` to before `end` (s since 1970 UTC), the last `intervals`
    were neither read nor estimated.
    """

    start: int
    end: int
    seconds: int
    intervals: int


def count_intervals(
    plan: PeriodPlan, days: Sequence[Mapping[date, DayDeterminants]], as_of: int | None = None
) -> Intervals:
    """The intervals of a bill, from the determinants of each of its spans.

    An interval is due once it has ended by `as_of` (s since 1970 UTC); None: all are. A day without
    readings would have had them as long as those of the span's first day, or an hour.
    """
    zone, usual = plan.period.zone, HOUR_S
    read = estimated = missing = not_yet_due = from_profile = 0
    for span, own in zip(plan.spans, days, strict=True):
        usual = own[min(own)].interval_s if own else usual
        read += sum(day.count for day in own.values())
        estimated += sum(day.estimated for day in own.values())
        from_profile += sum(day.profiled for day in own.values())
        by_day = _expected(span.start, span.end, usual, zone)
        lacking = {day: expected for day, expected in by_day.items() if day not in own}
        lacking |= {day: one.missing for day, one in own.items() if one.missing and day in by_day}
        missing += sum(lacking.values())
        if as_of is not None:
            later = sum(
                min(lacks, _due_after(as_of, day, span, own[day].interval_s if day in own else usual, zone))
                for day, lacks in lacking.items()
            )
            missing -= later
            not_yet_due += later
    expected = read + estimated + missing + not_yet_due
    outside = 0 if plan.is_plain else _outside(plan, usual)
    return Intervals(expected, read, estimated, missing, not_yet_due, outside, from_profile)


@lru_cache(maxsize=4_096)  # many bills have spans of the same instants
def _expected(start: int, end: int, seconds: int, zone: str) -> dict[date, int]:
    """How many intervals of a span are on each UTC day."""
    midnights = range(start // DAY_S * DAY_S, end, DAY_S)
    return {day_of(one): expected_count(max(one, start), min(one + DAY_S, end), seconds, zone) for one in midnights}


def _due_after(as_of: int, day: date, span: ServiceSpan, seconds: int, zone: str) -> int:
    """How many of a UTC day's intervals in a span end after an instant."""
    midnight = instant_of(day)
    low, high = max(midnight, span.start), min(midnight + DAY_S, span.end)
    return expected_count(max(low, as_of - seconds + 1), high, seconds, zone)


def unread_since(plan: PeriodPlan, days: Sequence[Mapping[date, DayDeterminants]]) -> list[UnreadSpan]:
    """What a bill lacks from its last day with a reading on, in order of time.

    A stored bill counts all of it as missing, so that it does not depend on when it was rated. `not_yet_due` says how
    much of that is not due yet when somebody looks at it.
    """
    lengths, usual = [], HOUR_S
    for own in days:
        usual = own[min(own)].interval_s if own else usual
        lengths.append(usual)
    found: list[UnreadSpan] = []
    for span, own, seconds in reversed([*zip(plan.spans, days, lengths, strict=False)]):
        last = max(own) if own else None
        start = max(span.start, instant_of(last) + DAY_S) if last else span.start
        if start < span.end:
            count = expected_count(start, span.end, seconds, plan.period.zone)
            found.append(UnreadSpan(start, span.end, seconds, count))
        if last:
            midnight, day = instant_of(last), own[last]
            if day.missing:
                low, high = max(midnight, span.start), min(midnight + DAY_S, span.end)
                found.append(UnreadSpan(low, high, day.interval_s, day.missing))
            break
    return found[::-1]


def not_yet_due(unread: Iterable[UnreadSpan], now: int, zone: str) -> int:
    """How many unread intervals have not ended by `now` (s since 1970 UTC)."""
    return sum(
        min(span.intervals, expected_count(max(span.start, now - span.seconds + 1), span.end, span.seconds, zone))
        for span in unread
    )


def as_of(intervals: Intervals, unread: Iterable[UnreadSpan], now: int, zone: str) -> Intervals:
    """A stored bill's intervals as they are by `now` (s since 1970 UTC): what is not due yet is not missing."""
    later = not_yet_due(unread, now, zone)
    return (
        msgspec.structs.replace(intervals, missing=intervals.missing - later, not_yet_due=later) if later else intervals
    )


def _outside(plan: PeriodPlan, seconds: int) -> int:
    zone = plan.period.zone
    first, end = (midnight_of(day, zone) for day in (plan.period.cycle_first, plan.period.cycle_end))
    served = sum(expected_count(span.start, span.end, seconds, zone) for span in plan.spans)
    return max(0, expected_count(first, end, seconds, zone) - served)
