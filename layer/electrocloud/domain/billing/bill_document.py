"""The bill as a document: what is stored, printed and sent."""

from datetime import date, datetime
from decimal import Decimal
from typing import Literal

import msgspec

from electrocloud.domain.billing.charges import Line
from electrocloud.domain.billing.counting import Intervals
from electrocloud.domain.billing.credit_account import CreditAccount
from electrocloud.domain.billing.open_reasons import OpenReason

Status = Literal["provisional", "final"]


class BilledSegment(msgspec.Struct, frozen=True):
    """Local days of a bill, from `first_day` to before `end_day`, at one version of the prices; "" without a price."""

    first_day: date
    end_day: date
    days: int
    tariff: str
    tariff_name: str
    tariff_fingerprint: str
    energy_kwh: Decimal


class Bill(msgspec.Struct, frozen=True):
    """What one agreement owes for one billing period, in `currency`.

    `total` is exact: energy + demand + fixed charges + the minimum-bill charge + riders + taxes + `export_credit`. This
    is what export takes off, and so at most 0; `credit` says where it comes from. `energy_kwh` is the energy delivered,
    and `received_kwh` what was received from the customer. `total_rounded` is
    the amount due: the sum of the lines' rounded amounts. A bill is provisional until every interval was read or
    estimated, and while there is a reason in `open_reasons`. The peak shares, 0 to 1, are of the energy and of `total`,
    in the periods with the month's highest first-tier rate. `adjustment` is what this version owes more (or less) than
    the one before it, and no part of the total.

    The period is the local days from `period_start` to before `period_end` (`days`), of which `served_days` had a
    meter, of a cycle of `full_days`. `month` is YYYY-MM where the cycle is the calendar month, and else "".
    A version that replaced another says why (`reason`) and, where a person changed the registry, who and when.
    `tariff` is that of the last segment. Bills that were stored before periods had dates have none of these.
    """

    meter_id: str
    month: str
    zone: str
    tariff: str
    tariff_name: str
    tariff_fingerprint: str
    status: Status
    version: int
    energy_kwh: Decimal
    demand_kw: Decimal
    energy_charge: Decimal
    demand_charge: Decimal
    fixed_charge: Decimal
    minimum_top_up: Decimal
    total: Decimal
    total_rounded: Decimal
    lines: tuple[Line, ...]
    intervals: Intervals
    peak_energy_share: Decimal
    peak_bill_share: Decimal
    adjustment: Line | None = None
    agreement_id: str = ""
    account_id: str = ""
    period_start: date | None = None
    period_end: date | None = None
    days: int = 0
    served_days: int = 0
    full_days: int = 0
    segments: tuple[BilledSegment, ...] = ()
    open_reasons: tuple[OpenReason, ...] = ()
    rider_charge: Decimal = Decimal(0)
    tax: Decimal = Decimal(0)
    currency: str = "USD"
    reason: str = ""
    changed_by: str = ""
    changed_at: datetime | None = None
    number: str = ""
    issued_on: date | None = None
    due_on: date | None = None
    read_from: date | None = None
    read_until: date | None = None
    daily_kwh: Decimal | None = None
    daily_kwh_before: Decimal | None = None
    daily_kwh_last_year: Decimal | None = None
    received_kwh: Decimal = Decimal(0)
    export_credit: Decimal = Decimal(0)
    credit: CreditAccount | None = None
