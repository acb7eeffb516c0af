"""`electrocloud erase`: delete all that is stored about a meter, or who a customer is."""

from rich.console import Console
from rich.table import Table

from analytics.erasure import StoredData
from electrocloud.aws.stack import find_stack
from presentation import units
from registry.erasure import erase_account, erase_installed_meter


def erase(meter: str, *, confirm: bool) -> None:
    """Permanently delete everything stored about a meter. It is safe to run again."""
    console = Console()
    found = erase_installed_meter(find_stack(), meter, confirm=confirm)
    console.print(_table(meter, found, confirm))
    if confirm:
        console.print(
            "The stream keeps the meter's records until StreamRetentionHours have passed, and point-in-time recovery "
            "keeps the tables' last 35 days. Run this again once the meter's last uploads have left the stream."
        )


def erase_customer(account: str, *, confirm: bool) -> None:
    """Permanently erase who an account is. Its ID stays in agreements and bills."""
    console = Console()
    found = erase_account(find_stack(), account, confirm=confirm)
    outcome = "erased" if confirm else "would be erased (run with --confirm to erase)"
    table = Table(title=f"{account}: {outcome}", show_header=False)
    table.add_row("Accounts", f"{found.accounts:,}")
    table.add_row("Search index", units.count(found.entries, "entry", "entries"))
    table.add_row("Old versions of the index", units.count(found.versions, "object version"))
    table.add_row("Mailed invoices", units.count(found.mailings, "address", "addresses"))
    table.add_row("Payments", units.count(found.references, "reference"))
    console.print(table)
    if confirm:
        console.print(
            "Agreements and bills keep the account's ID. Point-in-time recovery keeps the table's last 35 days."
        )


def _table(meter: str, found: StoredData, confirm: bool) -> Table:
    outcome = "deleted" if confirm else "would be deleted (run with --confirm to delete)"
    table = Table(title=f"{meter}: {outcome}", show_header=False)
    table.add_row("Registry", units.count(found.registered, "entry", "entries"))
    table.add_row("Windows", units.count(found.days, "meter-day"))
    table.add_row("Bills", f"{units.count(found.bills, 'bill')}, replaced versions included")
    table.add_row("Month-end forecasts", f"{found.month_ends:,}")
    table.add_row("Parquet", f"{units.count(found.rows, 'row')} in {units.count(found.files, 'file')}")
    table.add_row("Quarantine and errors", units.count(found.rejected, "object"))
    table.add_row("Tariff studies", f"{found.studies:,}")
    table.add_row("Old versions", units.count(found.versions, "object version"))
    return table
