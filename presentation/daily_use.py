"""Days of a bill, and its energy per day; of an open one too."""

from fractions import Fraction

from electrocloud.domain.billing.bill_document import Bill


def daily_kwh(bill: Bill) -> float | None:
    """Energy per day of service that has readings, kWh: of an open bill, its days so far.

    The days are the days of service times the share of the expected intervals that were read or estimated. None where
    there are none, and for bills that were stored before they had dates.
    """
    known = bill.intervals.read + bill.intervals.estimated
    days = bill.served_days or bill.days
    if not days or not known:
        return None
    return float(Fraction(bill.energy_kwh) * bill.intervals.expected / (days * known))


def days_so_far(bill: Bill) -> str:
    """Days of service: `31`; of an open bill those that have readings: `12 of 30`. "" where they are not known."""
    days = bill.served_days or bill.days
    known = bill.intervals.read + bill.intervals.estimated
    if bill.status == "provisional" and days and known < bill.intervals.expected:
        return f"{round(days * known / bill.intervals.expected)} of {days}"
    return str(days or "")
