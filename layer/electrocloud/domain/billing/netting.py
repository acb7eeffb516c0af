"""Net metering: delivered less received energy of each energy period, and credits in kWh from month to month."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from fractions import Fraction
from typing import NamedTuple

from electrocloud.domain.billing import line_text
from electrocloud.domain.billing.charges import PricedSegment
from electrocloud.domain.billing.credit_account import NetPeriod
from electrocloud.domain.billing.determinants import Run
from electrocloud.domain.money import exact
from electrocloud.domain.tariffs.tariff import Tariff

_SAM_HOURS = (0, 5, 11, 17)


class Netted(NamedTuple):
    """A segment after netting: the energy to bill, what export exceeded it by (Wh by period), and the sums of both."""

    runs: list[Run]
    surplus: dict[int, int]
    periods: list[NetPeriod]


def net_segment(priced: PricedSegment, bought: Sequence[Run], sold: Sequence[Run], credit: Mapping[int, int]) -> Netted:
    """A segment's runs netted, each energy period by itself, less the `credit` (Wh by period) that it begins with."""
    delivered, received = wh_by_period(bought), wh_by_period(sold)
    estimated = wh_by_period(run for run in bought if run.estimated)
    names = line_text.energy_names(priced.tariff, priced.segment)
    netted = Netted([], {}, [])
    for period in sorted({*delivered, *received, *credit}):
        used, sent, opening = (by.get(period, 0) for by in (delivered, received, credit))
        net = used - sent - opening
        billed, surplus = max(net, 0), max(-net, 0)
        if guessed := billed * estimated.get(period, 0) // used if used else 0:
            netted.runs.append(Run(period, guessed, True))
        if billed - guessed:
            netted.runs.append(Run(period, billed - guessed, False))
        if surplus:
            netted.surplus[period] = surplus
        name = names.get(period, "").removeprefix(", ") or "Energy"
        kwh = [exact(Fraction(wh, 1000)) for wh in (used, sent, opening, billed, surplus)]
        netted.periods.append(NetPeriod(priced.number, period, name, *kwh))
    return netted


def moved_credit(credit: Mapping[int, int], tariff: Tariff, last_day: date, first_day: date) -> dict[int, int]:
    """A credit (Wh by period) after `last_day` in the periods that hold on `first_day`'s month at the same time of day.

    The hour is the first of SAM's (0, 5, 11 and 17) at which the period held on weekdays, or else its first hour on
    weekdays or at the weekend.
    """
    found: dict[int, int] = {}
    for period, wh in credit.items():
        if wh:
            target = _at_same_hour(tariff, period, last_day, first_day.month)
            found[target] = found.get(target, 0) + wh
    return found


def wh_by_period(runs: Iterable[Run]) -> dict[int, int]:
    """The energy (Wh) of runs by period."""
    found: dict[int, int] = {}
    for run in runs:
        found[run.period] = found.get(run.period, 0) + run.wh
    return found


def _at_same_hour(tariff: Tariff, period: int, last_day: date, month: int) -> int:
    """The period of a month in the place of one that held by `last_day`, in that month or the last before that had it.

    A period that the tariff does not have any more, after a change of prices, is that of midnight.
    """
    schedule = tariff.energy_schedule
    for _ in range(12):
        for table in (schedule.weekday, schedule.weekend):
            row = table[last_day.month - 1]
            for hour in (*_SAM_HOURS, *range(24)):
                if row[hour] == period:
                    target: int = table[month - 1][hour]
                    return target
        last_day = last_day.replace(day=1) - timedelta(days=1)
    return schedule.weekday[month - 1][0]
