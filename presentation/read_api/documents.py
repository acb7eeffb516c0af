"""Bills and forecasts as the read API answers them."""

from datetime import UTC, datetime
from decimal import Decimal

from electrocloud.aws.store.bill_outbox import IssuedBill
from electrocloud.domain import forecast as domain
from electrocloud.domain.billing.credit_account import CreditAccount
from presentation.bill_versions import bill_days
from presentation.invoice_documents import remarks
from presentation.read_api.models import (
    BillDocument,
    BillLine,
    BillSummary,
    DayAheadForecast,
    ExportCredit,
    ForecastDay,
    ForecastRow,
    MonthForecast,
    Range,
)


def bill_summary(one: IssuedBill) -> BillSummary:
    """A version of a bill in one row."""
    bill = one.bill
    start, end = bill_days(bill)
    return BillSummary(
        agreement_id=one.key.agreement_id,
        cycle=one.key.cycle,
        version=bill.version,
        status=bill.status,
        number=bill.number,
        meter_id=bill.meter_id,
        tariff=bill.tariff_name,
        period_start=str(start),
        period_end=str(end),
        issued_on=str(bill.issued_on) if bill.issued_on else None,
        due_on=str(bill.due_on) if bill.due_on else None,
        currency=bill.currency,
        energy_kwh=_text(bill.energy_kwh),
        received_kwh=_text(bill.received_kwh),
        demand_kw=_text(bill.demand_kw),
        amount_due=str(bill.total_rounded),
        adjustment=str(bill.adjustment.amount_rounded) if bill.adjustment else None,
        reason=bill.reason,
    )


def bill_document(one: IssuedBill) -> BillDocument:
    """A version of a bill with its lines."""
    bill = one.bill
    return BillDocument(
        bill=bill_summary(one),
        lines=[
            BillLine(
                kind=line.kind,
                description=line.explanation,
                quantity=_text(line.quantity),
                unit=line.unit,
                rate=_text(line.unit_rate),
                amount=str(line.amount_rounded),
                estimated_share=_text(line.estimated_share),
            )
            for line in bill.lines
        ],
        credit=_credit(bill.credit) if bill.credit else None,
        intervals_read=bill.intervals.read,
        intervals_estimated=bill.intervals.estimated,
        intervals_missing=bill.intervals.missing,
        notes=list(remarks(bill)),
    )


def month_forecast(end: domain.MonthEnd) -> MonthForecast:
    """A meter's month-end."""
    made = datetime.fromtimestamp(end.made_at, UTC)
    return MonthForecast(
        meter_id=end.meter_id,
        month=end.month,
        made_at=_moment(made),
        energy_kwh=_range(end.energy_kwh),
        amount=_range(end.total),
        currency=end.currency,
        before_credit=end.before_credit,
        before_ratchet=end.before_ratchet,
    )


def day_ahead(found: domain.Forecast) -> DayAheadForecast:
    """A forecast of the fleet or a feeder, in whole Wh."""
    days = [_day(one) for one in found.days]
    until = _moment(found.readings_until) if found.readings_until else None
    rows = [_hour(row) for row in found.rows]
    return DayAheadForecast(found.series, _moment(found.made_at), found.model, found.note, until, days, rows)


def _day(day: domain.ForecastDay) -> ForecastDay:
    energy, peak = (
        (round(interval.low), round(interval.high)) if interval else (None, None)
        for interval in (day.energy_interval, day.peak_interval)
    )
    return ForecastDay(f"{day.day}", day.hours, round(day.energy), _hour(day.peak), day.lead, *energy, *peak)


def _hour(row: domain.ForecastHour) -> ForecastRow:
    return ForecastRow(_moment(row.timestamp), round(row.value), round(row.low), round(row.high))


def _credit(account: CreditAccount) -> ExportCredit:
    opening, closing = (Decimal(sum(credit.wh.values())) / 1000 for credit in (account.opening, account.closing))
    return ExportCredit(
        metering=account.metering,
        opening=_text(account.opening.dollars),
        earned=_text(account.earned),
        used=_text(account.used),
        paid_out=_text(account.paid_out),
        expired=_text(account.expired),
        closing=_text(account.closing.dollars),
        opening_kwh=_text(opening),
        closing_kwh=_text(closing),
    )


def _range(found: domain.Range) -> Range:
    return Range(_text(found.value), _text(found.low), _text(found.high))


def _text(number: Decimal) -> str:
    """Without an exponent."""
    return f"{number:f}"


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
