"""What a bill gets when it is issued: its number and dates, and use per day beside that of other periods.

A bill is issued when it becomes final, and once more with each new version. A version has an issue date and a due date
of its own, and keeps the first version's number, followed by its version.
"""

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

import msgspec

from electrocloud.domain.billing.bill_document import Bill

PAYMENT_DAYS = 21


def issue(
    bill: Bill,
    issued_on: date,
    *,
    payment_days: int = PAYMENT_DAYS,
    before: Bill | None = None,
    last_year: Bill | None = None,
    replaced: Bill | None = None,
) -> Bill:
    """The bill with its number, its issue date, and its due date `payment_days` later.

    `before` and `last_year` are the bills of the period before and of the same period of the year before, whose energy
    per served day (kWh, to three decimals) stands beside this one's. `replaced` is the version before this one.
    """
    return msgspec.structs.replace(
        bill,
        number=bill_number(bill, replaced),
        issued_on=issued_on,
        due_on=issued_on + timedelta(days=payment_days),
        daily_kwh=daily_kwh(bill),
        daily_kwh_before=before and daily_kwh(before),
        daily_kwh_last_year=last_year and daily_kwh(last_year),
    )


def issue_late(bill: Bill, *, payment_days: int, replaced: Bill | None) -> Bill:
    """A final bill that was stored before bills were issued, with the number and dates that it would have had.

    When it became final is not known. The day on which a person replaced a version stands for it, or else the first day
    after the period, before which no bill is final.
    """
    end = bill.period_end or (date.fromisoformat(f"{bill.month}-01") + timedelta(days=31)).replace(day=1)
    issued_on = bill.changed_at.astimezone(ZoneInfo(bill.zone)).date() if bill.changed_at else end
    return issue(bill, issued_on, payment_days=payment_days, replaced=replaced)


def unissued(bill: Bill) -> Bill:
    """The bill as it was rated. All else depends on when it was issued, and on which versions came before it."""
    return msgspec.structs.replace(
        bill,
        status="final",
        version=1,
        adjustment=None,
        reason="",
        changed_by="",
        changed_at=None,
        number="",
        issued_on=None,
        due_on=None,
        daily_kwh=None,
        daily_kwh_before=None,
        daily_kwh_last_year=None,
    )


def bill_number(bill: Bill, replaced: Bill | None = None) -> str:
    """`A-1001-20260716`: the agreement and the first day; with `-2` a second version.

    A later version keeps the number of the first one, also where its agreement now begins on another day.
    """
    suffix = f"-{replaced.version}" if replaced and replaced.version > 1 else ""
    number = (replaced.number.removesuffix(suffix) if replaced else "") or _first_number(bill)
    return f"{number}-{bill.version}" if bill.version > 1 else number


def daily_kwh(bill: Bill) -> Decimal | None:
    """Energy per day of service, kWh; None where there was none, or where the bill was stored before it had dates."""
    if not bill.served_days:
        return None
    return Decimal(round(Fraction(bill.energy_kwh) * 1000 / bill.served_days)).scaleb(-3)


def _first_number(bill: Bill) -> str:
    owner = bill.agreement_id or bill.meter_id
    first = f"{bill.period_start:%Y%m%d}" if bill.period_start else bill.month.replace("-", "") + "01"
    return f"{owner}-{first}" if owner else first
