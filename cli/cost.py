"""`electrocloud cost`: what a fleet would cost per month in an AWS account, by service."""

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
        print_rows(Rows(COLUMNS, [(one.service, one.quantity, one.what, one.dollars) for one in entries]), output)
