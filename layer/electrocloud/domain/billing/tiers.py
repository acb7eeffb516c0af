"""How energy and demand fall into a tariff's tiers: the quantities that its rates are then applied to.

Tiers are marginal, and a limit counts all energy of a segment from zero, in whatever period it was used.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import NamedTuple

from electrocloud.domain.billing.determinants import Run
from electrocloud.domain.tariffs.tariff import Quantity, Tier, Tiers

Bounds = tuple[Quantity, ...]  # where the tiers end, the last excepted, in Wh or W


class Share(NamedTuple):
    """The energy (Wh) of one period in one tier, and what of it was estimated."""

    wh: Quantity
    estimated: Quantity


Shares = dict[tuple[int, int], Share]  # by period and tier


def bounds(tiers: Tiers, days: int, kw: Fraction, full_days: int = 0) -> Bounds:
    """Where all tiers but the last end, in `days` days with a demand of `kw`.

    A limit of the whole cycle counts for its part of the cycle's `full_days`, if these are given. Where limits in kWh
    and in kWh/kW meet (hours-use rates), a tier ends at the next limit if that is lower: with little demand it has no
    part of the use.
    """
    found = [_bound(tier, days, kw, Fraction(days, full_days or days)) for tier in tiers[:-1]]
    if len({"/kW" in tier.unit for tier in tiers[:-1]}) > 1:
        for place in reversed(range(len(found) - 1)):
            found[place] = min(found[place], found[place + 1])
    return tuple(found)


def split(low: Quantity, high: Quantity, limits: Bounds) -> list[tuple[int, Quantity]]:
    """How much of the range from `low` to `high` is in each tier: (tier, amount), of those that have any."""
    tier = bisect_right(limits, low)
    parts: list[tuple[int, Quantity]] = []
    while tier < len(limits) and limits[tier] < high:
        parts.append((tier, limits[tier] - low))
        low = limits[tier]
        tier += 1
    if low < high:
        parts.append((tier, high - low))
    return parts


def chronological(runs: Iterable[Run], limits: Sequence[Bounds]) -> Shares:
    """One running count in time order: each Wh is its own period's, in that period's tier that the count has reached.

    `limits` has each period's bounds.
    """
    used: defaultdict[tuple[int, int], Quantity] = defaultdict(int)
    estimated: defaultdict[tuple[int, int], Quantity] = defaultdict(int)
    count = 0
    for run in runs:
        period, after = run.period, count + run.wh
        ends = limits[period]
        tier = bisect_right(ends, count)
        whole = tier == len(ends) or after <= ends[tier]  # of one tier, as nearly every run is
        for part, wh in [(tier, run.wh)] if whole and run.wh else split(count, after, ends):
            used[period, part] += wh
            if run.estimated:
                estimated[period, part] += wh
        count = after
    return {place: Share(wh, estimated[place]) for place, wh in used.items()}


def prorated(runs: Iterable[Run], limits: Sequence[Bounds]) -> Shares:
    """Each period has of every tier the part that it has of the month's energy.

    `limits` has each period's bounds.
    """
    used: defaultdict[int, int] = defaultdict(int)
    estimated: defaultdict[int, int] = defaultdict(int)
    for run in runs:
        used[run.period] += run.wh
        estimated[run.period] += run.wh * run.estimated
    total = sum(used.values())
    return {
        (period, tier): Share(Fraction(wh * own, total), Fraction(wh * estimated[period], total))
        for period, own in used.items()
        for tier, wh in split(0, total, limits[period])
        if own
    }


def _bound(tier: Tier, days: int, kw: Fraction, part: Fraction) -> Quantity:
    bound = Fraction(tier.limit or 0) * 1000
    bound *= days if "daily" in tier.unit else part
    if "/kW" in tier.unit:
        bound *= kw
    return bound.numerator if bound.denominator == 1 else bound
