"""Bills side by side: a column for each, a row for each of their figures."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import NamedTuple

from electrocloud.domain.billing.bill_document import Bill
from electrocloud.domain.billing.charges import LineKind
from electrocloud.domain.currency import written
from presentation.daily_use import daily_kwh, days_so_far
from presentation.invoice_text import period
from presentation.money_text import money

NAME = "Bill"  # the title of the column that names the rows
NONE = "–"
TEMPERATURE = "Average temperature"


class ChargeRow(NamedTuple):
    """A row of charges: the kinds of lines that it adds up."""

    name: str
    kinds: frozenset[LineKind]


# Every kind of line that counts in a total, once.
CHARGES = (
    ChargeRow("Energy charge", frozenset({"energy"})),
    ChargeRow("Demand charges", frozenset({"demand", "flat demand", "coincident", "reactive"})),
    ChargeRow("Fixed charges", frozenset({"fixed"})),
    ChargeRow("Minimum-bill charge", frozenset({"minimum"})),
    ChargeRow("Riders", frozenset({"rider"})),
    ChargeRow("Credit for export", frozenset({"export"})),
    ChargeRow("Taxes", frozenset({"tax"})),
)


def columns(
    bills: Sequence[Bill], differences: Sequence[Decimal | None], temperature: Callable[[Bill], str] = lambda _: ""
) -> list[dict[str, str]]:
    """The rows, each as texts by the title of their column; NAME names the row.

    The charges are sums of the lines' rounded amounts, so that they add up to the total. Charges that no bill has make
    no row, and neither does the `temperature` where none is known. `differences` are each bill's to the one before;
    None where they are not compared.
    """
    titles = _titles(bills)

    def row(name: str, text: Callable[[Bill], str]) -> dict[str, str]:
        return {NAME: name} | {title: text(bill) or NONE for title, bill in zip(titles, bills, strict=True)}

    found = [
        row("Days", days_so_far),
        row("Energy, kWh", lambda bill: f"{bill.energy_kwh:,.1f}"),
        row("kWh per day", _daily),
        row(TEMPERATURE, temperature),
        row("Average energy price per kWh", _price),
        *(row(charge.name, lambda bill, kinds=charge.kinds: _amount(bill, kinds)) for charge in CHARGES),  # type: ignore[misc]
        row("Total", lambda bill: money(bill.total_rounded, bill.currency)),
        {NAME: "Difference from the bill before"}
        | {
            title: NONE if change is None else money(change, bill.currency, sign=True)
            for title, bill, change in zip(titles, bills, differences, strict=True)
        },
        row("Estimated readings", _estimated),
        row("State", lambda bill: bill.status),
    ]
    optional = {charge.name for charge in CHARGES} | {TEMPERATURE, "Estimated readings"}
    return [one for one in found if one[NAME] not in optional or any(one[title] != NONE for title in titles)]


def _titles(bills: Sequence[Bill]) -> list[str]:
    """The period of each bill; with its agreement where two bills have the same one."""
    periods = [period(bill) for bill in bills]
    return [
        f"{name}, {bill.agreement_id or bill.meter_id}" if periods.count(name) > 1 else name
        for name, bill in zip(periods, bills, strict=True)
    ]


def _daily(bill: Bill) -> str:
    use = daily_kwh(bill)
    return "" if use is None else f"{use:,.2f}"


def _price(bill: Bill) -> str:
    return written(bill.energy_charge / bill.energy_kwh, 4, bill.currency) if bill.energy_kwh else ""


def _amount(bill: Bill, kinds: frozenset[LineKind]) -> str:
    amounts = [line.amount_rounded for line in bill.lines if line.kind in kinds]
    return money(sum(amounts, Decimal()), bill.currency) if amounts else ""


def _estimated(bill: Bill) -> str:
    counts = bill.intervals
    return f"{counts.estimated:,} of {counts.expected:,}" if counts.estimated else ""
