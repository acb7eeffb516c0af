"""Issued bills and their lines as the lake's tables `bills` and `bill_lines`: a row per version, and one per line."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa

from electrocloud.aws.store.bill_outbox import IssuedBill
from electrocloud.domain.billing.bill import Bill
from electrocloud.domain.billing.bill_document import BilledSegment
from electrocloud.domain.billing.charges import Line
from electrocloud.domain.billing.credit_account import CreditAccount

CENTS = pa.decimal128(18, 2)  # of the bill's currency
AMOUNT = pa.decimal128(28, 10)  # before it is rounded to the cent
RATE = pa.decimal128(28, 15)
ENERGY = pa.decimal128(18, 3)  # kWh
POWER = pa.decimal128(18, 9)  # kW

_VERSION = [
    ("agreement_id", pa.string()),
    ("cycle", pa.string()),
    ("version", pa.int32()),
    ("meter_id", pa.string()),
    ("tariff_id", pa.string()),
    ("currency", pa.string()),
]
BILLS = pa.schema(
    [
        *_VERSION,
        ("number", pa.string()),
        ("account_id", pa.string()),
        ("time_zone", pa.string()),
        ("period_start", pa.date32()),
        ("period_end", pa.date32()),
        ("days", pa.int32()),
        ("served_days", pa.int32()),
        ("full_days", pa.int32()),
        ("read_from", pa.date32()),
        ("read_until", pa.date32()),
        ("issued_on", pa.date32()),
        ("due_on", pa.date32()),
        ("energy_kwh", ENERGY),
        ("demand_kw", POWER),
        ("energy_charge", AMOUNT),
        ("demand_charge", AMOUNT),
        ("fixed_charge", AMOUNT),
        ("minimum_charge", AMOUNT),
        ("rider_charge", AMOUNT),
        ("tax", AMOUNT),
        ("amount_due", CENTS),
        ("adjustment", CENTS),
        ("intervals_read", pa.int32()),
        ("intervals_estimated", pa.int32()),
        ("reason", pa.string()),
        ("received_kwh", ENERGY),
        ("export_credit", AMOUNT),
        ("opening_credit", AMOUNT),
        ("closing_credit", AMOUNT),
        ("opening_credit_kwh", ENERGY),
        ("closing_credit_kwh", ENERGY),
        ("published_at", pa.timestamp("ms")),
        ("intervals_missing", pa.int32()),
        ("intervals_outside_service", pa.int32()),
    ]
)
BILL_LINES = pa.schema(
    [
        *_VERSION,
        ("line", pa.int32()),
        ("kind", pa.string()),
        ("segment_start", pa.date32()),
        ("segment_end", pa.date32()),
        ("period", pa.int32()),
        ("tier", pa.int32()),
        ("quantity", RATE),
        ("unit", pa.string()),
        ("rate", RATE),
        ("amount", AMOUNT),
        ("amount_rounded", CENTS),
        ("estimated_share", RATE),
        ("description", pa.string()),
        ("published_at", pa.timestamp("ms")),
    ]
)
TABLES = {"bills": BILLS, "bill_lines": BILL_LINES}


def issue_day(bill: Bill) -> date:
    """The partition `dt` of a bill: its issue date. Bills that were stored before they had any: their period's end."""
    return bill.issued_on or bill.period_end or date.fromisoformat(f"{bill.month}-01")


def bill_tables(issued: Iterable[IssuedBill], now: datetime) -> dict[str, pa.Table]:
    """The rows of issued bills, by table; `now` is when they are published."""
    bills, lines = [], []
    for one in issued:
        own = _version(one) | {"published_at": now.astimezone(UTC).replace(tzinfo=None)}
        bills.append(own | _bill_row(one.bill))
        lines += [own | _line_row(one.bill, number, line) for number, line in enumerate(one.bill.lines, 1)]
    return {
        "bills": pa.Table.from_pylist(bills, schema=BILLS),
        "bill_lines": pa.Table.from_pylist(lines, schema=BILL_LINES),
    }


def _version(issued: IssuedBill) -> dict[str, Any]:
    key, bill = issued
    return {
        "agreement_id": key.agreement_id,
        "cycle": key.cycle,
        "version": bill.version,
        "meter_id": bill.meter_id,
        "tariff_id": bill.tariff,
        "currency": bill.currency,
    }


def _bill_row(bill: Bill) -> dict[str, Any]:
    plain = ("number", "account_id", "period_start", "period_end", "days", "served_days", "full_days", "reason")
    dates = ("read_from", "read_until", "issued_on", "due_on")
    charges = ("energy_charge", "demand_charge", "fixed_charge", "rider_charge", "tax")
    return {
        **{name: getattr(bill, name) for name in (*plain, *dates)},
        **{name: _to(AMOUNT, getattr(bill, name)) for name in charges},
        "time_zone": bill.zone,
        "energy_kwh": _to(ENERGY, bill.energy_kwh),
        "demand_kw": _to(POWER, bill.demand_kw),
        "minimum_charge": _to(AMOUNT, bill.minimum_top_up),
        "amount_due": bill.total_rounded,
        "adjustment": bill.adjustment and bill.adjustment.amount_rounded,
        "intervals_read": bill.intervals.read,
        "intervals_estimated": bill.intervals.estimated,
        "intervals_missing": bill.intervals.missing,
        "intervals_outside_service": bill.intervals.outside_service,
        "received_kwh": _to(ENERGY, bill.received_kwh),
        "export_credit": _to(AMOUNT, bill.export_credit),
        **_credits(bill.credit),
    }


def _credits(account: CreditAccount | None) -> dict[str, Decimal]:
    """The credit for export that a bill begins with and leaves, in $ and in kWh of all periods; none without export."""
    sides = {"opening": account.opening, "closing": account.closing} if account else {}
    return {
        name: amount
        for side, credit in sides.items()
        for name, amount in (
            (f"{side}_credit", _to(AMOUNT, credit.dollars)),
            (f"{side}_credit_kwh", _to(ENERGY, Decimal(sum(credit.wh.values())) / 1000)),
        )
    }


def _line_row(bill: Bill, number: int, line: Line) -> dict[str, Any]:
    segment = _segment(bill, line)
    return {
        "line": number,
        "kind": line.kind,
        "segment_start": segment.first_day if segment else bill.period_start,
        "segment_end": segment.end_day if segment else bill.period_end,
        "period": line.period,
        "tier": line.tier,
        "quantity": _to(RATE, line.quantity),
        "unit": line.unit,
        "rate": _to(RATE, line.unit_rate),
        "amount": _to(AMOUNT, line.amount),
        "amount_rounded": line.amount_rounded,
        "estimated_share": _to(RATE, line.estimated_share),
        "description": line.explanation,
    }


def _segment(bill: Bill, line: Line) -> BilledSegment | None:
    return bill.segments[line.segment] if line.segment is not None and bill.segments else None


def _to(kind: pa.Decimal128Type, number: Decimal) -> Decimal:
    found: Decimal = round(number, kind.scale)
    return found
