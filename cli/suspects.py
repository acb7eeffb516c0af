"""`electrocloud suspects`: the readings that the last run of the forecasts found far outside of what was expected."""

from collections.abc import Iterable
from datetime import UTC, datetime

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from electrocloud.aws.forecasts import Forecasts
from electrocloud.aws.stack import find_stack
from electrocloud.domain.forecast import Suspect

MEANS = {
    "high": "spiking register, or a theft that ended",
    "zero": "outage, or a bypass",
    "stuck": "register that repeats a reading",
    "silent": "nothing read for a day and more",
}


def suspects() -> None:
    """List the readings of the last week that are suspect; none is dropped."""
    stack = find_stack()
    found = Forecasts(stack.client("dynamodb"), stack.forecasts_table).suspects()
    if found:
        Console().print(suspects_table(found))
    else:
        print("Nothing is suspect, of meters with over four weeks of readings.")


def suspects_table(found: Iterable[Suspect]) -> Table:
    """A row for each, in UTC."""
    table = Table(box=SIMPLE_HEAD, title="Suspect readings", title_justify="left")
    for heading in ("meter", "from (UTC)", "until", "what", "perhaps"):
        table.add_column(heading)
    table.add_column("expected, Wh an hour", justify="right")
    for one in found:
        start, end = (f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M}" for at in (one.start, one.end))
        expected = f"{one.low:,.0f} to {one.high:,.0f}"
        table.add_row(one.meter_id, start, end, one.kind, MEANS[one.kind], expected)
    return table
