"""A tariff comparison as text for a terminal."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Protocol

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from electrocloud.domain.billing.comparison import NotAvailable, Offer
from presentation.invoice_text import money, percent


class Comparison(Protocol):
    """Ranked tariffs, tariffs without a price, the number hidden, and the days outside complete billing periods."""

    @property
    def ranked(self) -> Sequence[Offer]:
        """Tariffs by what they would cost."""

    @property
    def not_available(self) -> Sequence[NotAvailable]:
        """Tariffs without a price for the days of the load."""

    @property
    def hidden(self) -> int:
        """How many tariffs are not for this customer."""

    @property
    def left_out(self) -> Sequence[tuple[date, date]]:
        """Days in no whole billing period, as (first, end) with the end exclusive."""


def print_comparison(console: Console, found: Comparison) -> None:
    """Print what a load costs on each tariff, cheapest first, and the savings of the best one."""
    ranked = found.ranked
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("")
    table.add_column("Tariff")
    for name in ("Periods", "Cost", "Savings", "Peak energy", "Peak cost"):
        table.add_column(name, justify="right")
    for place, offer in enumerate(ranked, start=1):
        shares = [percent(share) if share else "-" for share in (offer.peak_energy_share, offer.peak_bill_share)]
        saving = money(offer.saving, offer.currency, sign=True) if offer.saving else ""
        name = escape(offer.tariff_name) + (
            "" if offer.suitable else f" [yellow](not suitable: {escape(offer.why)})[/]"
        )
        table.add_row(str(place), name, str(offer.months), money(offer.total, offer.currency), saving, *shares)
    console.print(table)
    for missing in found.not_available:
        console.print(f"Not available: {escape(missing.why)}.")
    for offer in filter(_leaves_credit, ranked):
        left = money(offer.credit, offer.currency) if offer.credit else f"{offer.credit_kwh:,.1f} kWh"
        console.print(f"{escape(offer.tariff_name)} leaves a credit of {left} for export, not counted as cost.")
    if found.hidden:
        are = "tariff is" if found.hidden == 1 else "tariffs are"
        console.print(f"{found.hidden} {are} not for this customer; use --all to show them.")
    if found.left_out:
        days = ", ".join(f"{first} to {end - timedelta(days=1)}" for first, end in found.left_out)
        console.print(f"Left out, not in a complete billing period: {days}.")
    best = next(offer for offer in ranked if offer.suitable)
    if best.saving > 0:
        part = percent(best.saving / (best.total + best.saving))
        saving = money(best.saving, best.currency)
        console.print(f"[bold]{escape(best.tariff_name)}[/] would save {saving}, {part} of the current cost.")
    else:
        console.print("The current tariff is the cheapest of these.")


def _leaves_credit(offer: Offer) -> bool:
    return bool(offer.credit or offer.credit_kwh)
