"""Since when and until when a meter measured for an account."""

from collections.abc import Iterable
from typing import NamedTuple

from electrocloud.domain.local_time import midnight_of
from electrocloud.domain.registry.records import Agreement, Installation

FOREVER = 1 << 62


class Span(NamedTuple):
    """Instants from `start` to before `end`, in s since 1970 UTC."""

    start: int
    end: int


ALWAYS = (Span(0, FOREVER),)


def spans_of_account(
    account_id: str, meter_id: str, installations: Iterable[Installation], agreements: Iterable[Agreement], zone: str
) -> list[Span]:
    """When a meter was at a service point while the account had an agreement there, in order.

    An agreement's days are local days of the point's `zone`.
    """
    installed = [Span(one.start, one.end or FOREVER) for one in installations if one.meter_id == meter_id]
    served = [
        Span(midnight_of(one.first, zone), midnight_of(one.end, zone) if one.end else FOREVER)
        for one in agreements
        if one.account_id == account_id
    ]
    both = (Span(max(a.start, b.start), min(a.end, b.end)) for a in installed for b in served)
    return sorted(span for span in both if span.start < span.end)
