"""`electrocloud forget METER`: one meter's data out of tables, Parquet, quarantine and errors, old versions too."""

from rich.console import Console
from rich.table import Table

from analytics.erasure import StoredData, erase_meter
from electrocloud.aws.stack import find_stack


def forget(meter: str, *, really: bool) -> None:
    """Delete all that is kept of a meter, for good. Say it twice and the second time finds nothing."""
    console = Console()
    found = erase_meter(find_stack(), meter, really=really)
    console.print(_table(meter, found, really))
    if really:
        console.print(
            "The stream keeps what it has until StreamRetentionHours are over, and the tables' point-in-time backups "
            "keep 35 days; say it once more after the meter's last uploads have left the stream."
        )


def _table(meter: str, found: StoredData, really: bool) -> Table:
    table = Table(title=f"{meter}: {'deleted' if really else 'would be deleted (--really does it)'}", show_header=False)
    table.add_row("Registry", f"{found.registered} entries")
    table.add_row("Windows", f"{found.days} meter-days")
    table.add_row("Bills", f"{found.bills} bills, with those that were replaced")
    table.add_row("Month-ends", f"{found.month_ends} forecasts")
    table.add_row("Parquet", f"{found.rows:,} rows of {found.files} files, which are written anew without them")
    table.add_row("Quarantine and errors", f"{found.refused} objects")
    table.add_row("Old versions", f"{found.versions} of these files and objects")
    return table
