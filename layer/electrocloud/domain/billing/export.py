"""Export on a bill: what received energy is worth by the tariff's metering option, and what becomes of credits.

A credit in $ pays for energy alone: not for demand, fixed charges, minimums, riders or taxes.
"""

from collections.abc import Sequence
from datetime import timedelta
from fractions import Fraction
from typing import NamedTuple

from electrocloud.domain.billing import charges
from electrocloud.domain.billing.charges import Charge, PricedSegment, plain_line
from electrocloud.domain.billing.credit import Credit
from electrocloud.domain.billing.credit_account import CreditAccount, NetPeriod
from electrocloud.domain.billing.determinants import DayDeterminants, Run
from electrocloud.domain.billing.netting import moved_credit, net_segment, wh_by_period
from electrocloud.domain.billing.plan import PeriodPlan
from electrocloud.domain.money import exact
from electrocloud.domain.tariffs.metering import Metering

Runs = Sequence[Sequence[Run]]  # by segment


class Exported(NamedTuple):
    """What export does to a bill before its charges are added up.

    `runs` is the energy to bill of each segment, and `netted` says whether it was netted. `sales` are lines of the
    bill, with amounts below 0; `earnings` are those that become a credit. `credit` is what is left, without what was
    earned in $.
    """

    metering: Metering
    runs: list[Sequence[Run]]
    netted: list[bool]
    sales: list[Charge]
    earnings: list[Charge]
    periods: list[NetPeriod]
    credit: Credit


class Credited(NamedTuple):
    """The lines that credits make, below 0: those that pay for energy, and what the true-up pays out."""

    used: list[Charge]
    paid_out: list[Charge]
    account: CreditAccount


def exported(
    plan: PeriodPlan,
    priced: Sequence[PricedSegment],
    by_segment: Sequence[Sequence[DayDeterminants]],
    limits_kw: Sequence[Fraction],
    opening: Credit | None,
) -> Exported | None:
    """Export by the metering option of each segment, the last of which says what becomes of credits.

    None where no received energy is metered and no credit is open, the tariff has no metering option, or the opening
    credit is not known.
    """
    sold = [[run for day in own for run in day.received] for own in by_segment]
    metering = priced[-1].tariff.metering if priced else None
    if metering is None or opening is None or not (opening or any(sold)):
        return None
    bought = [[run for day in own for run in day.runs] for own in by_segment]
    runs: list[Sequence[Run]] = [*bought]
    found = Exported(metering, runs, [False] * len(runs), [], [], [], opening)
    credit, last_day = dict(opening.wh), plan.period.first_day - timedelta(days=1)
    for one, kw in zip(priced, limits_kw, strict=True):
        credit = moved_credit(credit, one.tariff, last_day, one.segment.first_day)
        last_day = one.segment.end_day - timedelta(days=1)
        credit = _add_segment(found, one, kw, bought[one.number], sold[one.number], credit)
    net_wh = opening.net_wh + _total(sold) - _total(bought)
    kept = Credit(opening.dollars, credit, max(net_wh, 0)) if metering.in_kwh else Credit(opening.dollars)
    return found._replace(credit=kept)


def credited(found: Exported, opening: Credit, energy: Fraction, true_up: bool, is_last: bool) -> Credited:
    """What the credit, with what this bill earns, pays of its `energy` charges ($), and what is left of it.

    At a `true_up` it is paid out, kept or lost, as the metering option says; the last bill keeps nothing.
    """
    metering, credit = found.metering, found.credit
    earned = charges.total(found.earnings)
    kept = metering.rollover and metering.nets and not is_last
    if true_up:
        earned += Fraction(credit.net_wh, 1000) * Fraction(metering.yearend_rate)
        credit = Credit(credit.dollars)
    now = metering.uses_own_month and not (metering.in_kwh and not kept)
    available = Fraction(opening.dollars) + (earned if now else 0)
    used = max(min(available, energy + charges.total(found.sales)), Fraction(0))
    left = Fraction(opening.dollars) + earned - used
    ends = true_up and not kept
    lost = left if ends and metering.expires and not metering.nets else Fraction(0)
    paid = left - lost if ends else Fraction(0)
    account = CreditAccount(
        metering=metering.option,
        opening=opening,
        closing=Credit(exact(left - lost - paid), credit.wh, credit.net_wh),
        earned=exact(earned),
        used=exact(used),
        paid_out=exact(paid),
        expired=exact(lost),
        true_up=true_up,
        earnings=tuple(charge.line for charge in found.earnings),
        periods=tuple(found.periods),
    )
    return Credited(_line(used, "Credit used for energy"), _line(paid, "Credit paid out, true-up"), account)


def is_true_up(plan: PeriodPlan, metering: Metering) -> bool:
    """Whether unused credits are due in a period: that of the true-up month, or the last of its agreement."""
    return plan.period.cycle_first.month == metering.true_up_month or plan.is_last


def _add_segment(
    found: Exported,
    one: PricedSegment,
    kw: Fraction,
    bought: Sequence[Run],
    sold: Sequence[Run],
    credit: dict[int, int],
) -> dict[int, int]:
    """Add a segment's export; the answer is the credit (Wh by period) that it leaves."""
    metering = one.tariff.metering
    if metering is None:
        return credit
    if not metering.nets:
        sign = 1 if metering.in_dollars else -1
        earned = charges.export_charges(one, metering.sell, sold, kw, sign) if metering.sell else []
        (found.earnings if metering.in_dollars else found.sales).extend(earned)
        return credit
    netted = net_segment(one, bought, sold, credit if metering.in_kwh else {})
    found.runs[one.number], found.netted[one.number] = netted.runs, True
    found.periods.extend(netted.periods)
    if metering.in_kwh:
        return netted.surplus
    if metering.sell:
        surplus = [Run(period, wh, False) for period, wh in netted.surplus.items()]
        found.earnings.extend(charges.export_charges(one, metering.sell, surplus, kw, 1, netted=True))
    return credit


def _line(amount: Fraction, text: str) -> list[Charge]:
    if not amount:
        return []
    return [Charge(plain_line("export", None, Fraction(1), "credit", -amount, -amount, text), -amount)]


def _total(runs: Runs) -> int:
    return sum(wh for own in runs for wh in wh_by_period(own).values())


def credits_export(plan: PeriodPlan) -> bool:
    """Whether some prices of a period credit export."""
    return any(segment.tariff and segment.tariff.metering for segment in plan.segments)


def has_export(plan: PeriodPlan, by_segment: Sequence[Sequence[DayDeterminants]]) -> bool:
    """Whether energy was received at a time whose prices credit it."""
    return any(
        segment.tariff is not None and segment.tariff.metering is not None and _received_wh(own) > 0
        for segment, own in zip(plan.segments, by_segment, strict=True)
    )


def lacks_sell_rate(plan: PeriodPlan, by_segment: Sequence[Sequence[DayDeterminants]]) -> bool:
    """Whether energy was received at a time whose prices credit it in $ and give no sell rate."""
    return any(
        segment.tariff is not None
        and segment.tariff.metering is not None
        and not segment.tariff.metering.in_kwh
        and not segment.tariff.metering.sell
        and _received_wh(own) > 0
        for segment, own in zip(plan.segments, by_segment, strict=True)
    )


def _received_wh(days: Sequence[DayDeterminants]) -> int:
    return sum(run.wh for day in days for run in day.received)
