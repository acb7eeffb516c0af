"""`electrocloud cost`: what a fleet would cost per month in an AWS account, by service."""

from decimal import Decimal

from cli.choices import Output
from cli.rows import Rows, print_rows
from cost.estimate import priced, print_document, show
from cost.units import FleetPlan

COLUMNS = ("service", "units_per_month", "unit", "usd_per_month")


def cost(fleet: FleetPlan, output: Output | None) -> None:
    """Print a fleet's monthly cost, most expensive first."""
    if output is Output.json:
        print_document(fleet)
    elif output in (None, Output.table):
        show(fleet)
    else:
        entries, _, _ = priced(fleet)
        rows = [(one.service, _short(one.quantity), one.what, _short(one.dollars)) for one in entries]
        print_rows(Rows(COLUMNS, rows), output)


def _short(number: float) -> Decimal:
    """Six significant digits, without an exponent."""
    return Decimal(f"{Decimal(f'{number:.6g}'):f}")
