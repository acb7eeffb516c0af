"""What the read API answers. Energies and amounts that can have fractions are decimals as text."""

from dataclasses import dataclass
from typing import Literal

ReadingQuality = Literal["measured", "edited", "substituted", "estimated", "questionable"]


@dataclass(frozen=True)
class UsageRow:
    """Energy (Wh) over `seconds` from `start`, which is local time with its offset.

    `readings` is how many readings it sums, and `quality` that of the least certain of them; an operator made an edited
    one. Time without readings has no row, and a sum over it lacks them.
    """

    start: str
    seconds: int
    wh: int
    quality: ReadingQuality
    readings: int


@dataclass(frozen=True)
class UsagePage:
    """A page of a meter's usage. `next` is what the next page is asked for with; it is null on the last page."""

    meter_id: str
    time_zone: str
    direction: Literal["delivered", "received"]
    resolution: Literal["interval", "hour", "day", "month"]
    rows: list[UsageRow]
    next: str | None


@dataclass(frozen=True)
class BillSummary:
    """The newest version of a bill. `period_end` is exclusive; what a reissued bill adds is its `adjustment`."""

    agreement_id: str
    cycle: str
    version: int
    status: Literal["provisional", "final"]
    number: str
    meter_id: str
    tariff: str
    period_start: str
    period_end: str
    issued_on: str | None
    due_on: str | None
    currency: str
    energy_kwh: str
    received_kwh: str
    demand_kw: str
    amount_due: str
    adjustment: str | None
    reason: str


@dataclass(frozen=True)
class BillList:
    """Bills, the newest period first."""

    bills: list[BillSummary]


@dataclass(frozen=True)
class BillLine:
    """A line: `quantity` of `unit` at `rate` comes to `amount`, rounded to the cent."""

    kind: str
    description: str
    quantity: str
    unit: str
    rate: str
    amount: str
    estimated_share: str


@dataclass(frozen=True)
class ExportCredit:
    """What a bill did to the customer's credit for export: opening + earned = used + paid_out + expired + closing.

    Amounts are in the bill's currency; `opening_kwh` and `closing_kwh` are credits in energy, of all periods together.
    `metering` is how export is credited.
    """

    metering: str
    opening: str
    earned: str
    used: str
    paid_out: str
    expired: str
    closing: str
    opening_kwh: str
    closing_kwh: str


@dataclass(frozen=True)
class BillDocument:
    """A version of a bill with its lines, which add up to `amount_due`, and the readings that it is made of.

    `credit` is null without export and credit.
    """

    bill: BillSummary
    lines: list[BillLine]
    credit: ExportCredit | None
    intervals_read: int
    intervals_estimated: int
    intervals_missing: int
    notes: list[str]


@dataclass(frozen=True)
class Range:
    """An expected value, and the bounds that hold it in four of five cases."""

    value: str
    low: str
    high: str


@dataclass(frozen=True)
class MonthForecast:
    """What a meter's billing month is expected to come to, as seen at `made_at`: kWh, and the amount of the bill.

    `before_credit`: the bill credits export, and the amount is without a credit that earlier bills may have left.
    `before_ratchet`: the tariff bills at least a part of earlier peaks, and the amount is without these.
    """

    meter_id: str
    month: str
    made_at: str
    energy_kwh: Range
    amount: Range
    currency: str
    before_credit: bool
    before_ratchet: bool


@dataclass(frozen=True)
class ForecastRow:
    """An hour ahead: its start (UTC), the energy expected in it (Wh), and the bounds that hold it in four of five."""

    start: str
    wh: int
    low: int
    high: int


@dataclass(frozen=True)
class ForecastDay:
    """A local day of a forecast: how many of its hours are forecast, their energy (Wh), and its peak hour (UTC).

    lead: how many days it is after the day of the last reading. low, high: the bounds of the energy, and peak_low,
    peak_high those of the day's highest hour, at whatever time it comes. What is not known is null.
    """

    day: str
    hours: int
    wh: int
    peak: ForecastRow
    lead: int | None
    low: int | None
    high: int | None
    peak_low: int | None
    peak_high: int | None


@dataclass(frozen=True)
class DayAheadForecast:
    """The newest forecast of the fleet or a feeder: the rest of the day in which the readings end, and a week."""

    series: str
    made_at: str
    model: str
    note: str
    readings_until: str | None
    days: list[ForecastDay]
    rows: list[ForecastRow]


@dataclass(frozen=True)
class Problem:
    """Why a call got no answer, and what to do."""

    message: str
