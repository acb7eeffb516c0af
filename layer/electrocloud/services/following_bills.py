"""The bills after one that has changed, where they depend on it: rated again in order, in the same transaction."""

from collections.abc import Callable, Collection

from electrocloud.domain.billing.carry_forward import CarryForward, opening
from electrocloud.domain.billing.service import BillKey, PlannedBill
from electrocloud.services.carry_forward import NOT_STORED, carries
from electrocloud.services.rating import VersionReason, add_bill, stored_determinants
from electrocloud.services.store import Change, RegistryChangedError, StoredBill, Tables

MOST_ITEMS = 90  # of a change: a transaction holds 100, and a bill is up to two, with the two that it rests on

CREDIT_CHANGED = "credit of the bill before changed"
PEAK_CHANGED = "earlier peak changed"

RegistryChanged = Callable[[], bool]
"""Whether the registry has changed since the plans were made; they are made again then."""


def never() -> bool:
    """Of a registry that nobody changes."""
    return False


def rate_following(
    change: Change,
    planned: PlannedBill,
    before: StoredBill | None,
    tables: Tables,
    why: VersionReason,
    registry_changed: RegistryChanged = never,
    *,
    except_for: Collection[BillKey] = (),
) -> None:
    """Rate the bills that follow one of a change, in order, for as long as what they begin with has changed.

    `before` is what the change's bill replaces, and `why` it does. Bills in `except_for` are rated by the caller, who
    goes on from them. `RegistryChangedError` where a bill was rated by a newer registry than the plans are of.
    """
    while (billed := change.billed(planned.key)) and billed.carries:
        was, following = carries(before, planned), planned.following
        if billed.carries == was or following is None or following.key in except_for:
            return
        before = tables.read([], [following.key])[1].get(following.key)
        if before is None or before.billed.begins == opening(following.plan, billed.carries):
            change.unchanged[following.key] = before.mark if before else None
            return
        if not before.billed.is_of(following.plan) and registry_changed():
            raise RegistryChangedError("the registry has changed; the bills are rated again")
        days = stored_determinants(following, before, tables, trust=True)
        reason = VersionReason(_reason(was, billed.carries), why.by, why.at)
        if change.size >= MOST_ITEMS:
            change.tail = change = Change(change.owner)
        add_bill(change, following, days, before, tables, reason, {planned.key: StoredBill(billed, NOT_STORED)})
        planned = following


def _reason(was: CarryForward, now: CarryForward) -> str:
    return PEAK_CHANGED if was.credit == now.credit and was.peaks != now.peaks else CREDIT_CHANGED
