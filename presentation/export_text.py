"""What a bill says of export: how it was credited, and why the credit is what it is."""

from collections.abc import Iterator
from decimal import Decimal

from rich.markup import escape

from electrocloud.domain.billing.bill import Bill
from electrocloud.domain.billing.credit import Credit
from electrocloud.domain.billing.credit_account import CreditAccount
from electrocloud.domain.billing.line_text import price
from electrocloud.domain.forecast import MonthEnd
from presentation.money_text import money

BEFORE_EXPORT = " The amount is before the credit for export."
BEFORE_CREDIT = " Export is credited; a credit left by earlier bills is not taken off."
BEFORE_RATCHET = " Demand is as expected this month; an earlier peak may be billed in its place."


def forecast_notes(end: MonthEnd) -> str:
    """What a month-end forecast's amount leaves out, as sentences with a space before; "" for nothing."""
    return (BEFORE_CREDIT if end.before_credit else "") + (BEFORE_RATCHET if end.before_ratchet else "")


_RULE = {
    "net-metering": "net metering: what is left of it is a credit in kWh for later bills, in its own period",
    "net-metering-dollars": "net metering: what is left of it is a credit in $ that pays for energy",
    "net-billing": "net billing: it is sold at the sell rate",
    "net-billing-carryover": "net billing: what it earns is a credit that pays for energy of later bills",
    "buy-all-sell-all": "buy all, sell all: it is sold at the sell rate, apart from what is used",
}


def export_notes(bill: Bill) -> Iterator[str]:
    """Notes on export, as Rich markup: the energy in both directions, the netting by period, the credit's account."""
    account = bill.credit
    if account is None:
        return
    both = f"Imported {bill.energy_kwh:,.3f} kWh, exported {bill.received_kwh:,.3f} kWh"
    yield f"{both}. Export is credited by {_RULE.get(account.metering, account.metering)}."
    for one in account.periods:
        opening = f" - {one.opening_kwh:,.3f} credit" if one.opening_kwh else ""
        yield (
            f"{escape(one.name)}: {one.delivered_kwh:,.3f} imported - {one.received_kwh:,.3f} exported{opening} = "
            + (f"{one.billed_kwh:,.3f} kWh billed." if not one.closing_kwh else f"{one.closing_kwh:,.3f} kWh left.")
        )
    yield from _dollars(account, bill.currency)
    yield f"Credit for later bills: {credit_text(account.closing, bill.currency)}.{_kept(account)}"


def credit_text(credit: Credit, currency: str) -> str:
    """`$12.30`, `120.000 kWh`, `$12.30 and 120.000 kWh`, or `none`."""
    kwh = Decimal(sum(credit.wh.values())) / 1000
    parts = [money(round(credit.dollars, 2), currency)] if credit.dollars else []
    parts += [f"{kwh:,.3f} kWh"] if kwh else []
    return " and ".join(parts) or "none"


def _dollars(account: CreditAccount, currency: str) -> Iterator[str]:
    """The account in $, of cents that add up: what rounding adds or takes is in what was earned."""
    for line in account.earnings:
        rate = price(line.unit_rate, 4, currency)
        earned_here = money(line.amount_rounded, currency)
        yield f"{escape(line.explanation)}: {line.quantity:,.3f} kWh at {rate}/kWh earn {earned_here}."
    amounts = (account.opening.dollars, account.used, account.paid_out, account.expired, account.closing.dollars)
    opening, used, paid, lost, closing = (round(amount, 2) for amount in amounts)
    earned = closing + used + paid + lost - opening
    if any((opening, earned, used, paid, lost)):
        gained = f"{money(opening, currency)} from the bill before + {money(earned, currency)} earned"
        gone = ((used, "used"), (paid, "paid out"), (lost, "expired"))
        taken = "".join(f" - {money(amount, currency)} {what}" for amount, what in gone if amount)
        yield f"Credit: {gained}{taken} = {money(closing, currency)}."


def _kept(account: CreditAccount) -> str:
    return " The true-up ended the credit of the year." if account.true_up and not account.closing else ""
