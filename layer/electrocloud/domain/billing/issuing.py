"""What a bill gets when it is issued: its number and dates, and use per day beside that of other periods."""

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

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
) -> Bill:
    """The bill with its number, its issue date, and its due date `payment_days` later.

    `before` and `last_year` are the bills of the period before and of the same period of the year before, whose energy
    per served day (kWh, to three decimals) stands beside this one's.
    """
    return msgspec.structs.replace(
        bill,
        number=bill_number(bill),
        issued_on=issued_on,
        due_on=issued_on + timedelta(days=payment_days),
        daily_kwh=daily_kwh(bill),
        daily_kwh_before=before and daily_kwh(before),
        daily_kwh_last_year=last_year and daily_kwh(last_year),
    )


def bill_number(bill: Bill) -> str:
    """`A-1001-20260716`, and with `-2` a second version. It depends on the bill alone."""
    owner = bill.agreement_id or bill.meter_id
    first = f"{bill.period_start:%Y%m%d}" if bill.period_start else bill.month.replace("-", "") + "01"
    version = f"-{bill.version}" if bill.version > 1 else ""
    return f"{owner}-{first}{version}" if owner else first + version


def daily_kwh(bill: Bill) -> Decimal | None:
    """Energy per day of service, kWh; None where there was none, or where the bill was stored before it had dates."""
    if not bill.served_days:
        return None
    return Decimal(round(Fraction(bill.energy_kwh) * 1000 / bill.served_days)).scaleb(-3)
