"""`electrocloud suspects`: list the suspect readings found by the latest forecast run."""

from collections.abc import Iterable
from datetime import UTC, datetime

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from electrocloud.aws.stack import find_stack
from electrocloud.aws.store.forecasts import Forecasts
from electrocloud.domain.forecast import Suspect
from electrocloud.domain.local_time import HOUR_S
from presentation.suspects_text import MEANINGS


def suspects() -> None:
    """List the suspect readings of the last week. None is dropped from a bill."""
    stack = find_stack()
    found = Forecasts(stack.client("dynamodb"), stack.forecasts_table).suspects()
    if found:
        Console().print(suspects_table(found))
    else:
        print("No suspect readings. (Only meters with over four weeks of readings are checked.)")


def suspects_table(found: Iterable[Suspect]) -> Table:
    """One row per suspect: its start, its hours, its likely cause, and the energy expected in its first hour."""
    table = Table(box=SIMPLE_HEAD, title="Suspect readings", title_justify="left")
    for heading in ("meter", "start (UTC)", "hours", "likely cause", "expected Wh"):
        table.add_column(heading, justify="right" if heading in ("hours", "expected Wh") else "left")
    for one in found:
        since, hours = datetime.fromtimestamp(one.start, UTC), (one.end - one.start) // HOUR_S
        expected = f"{one.low:,.0f} to {one.high:,.0f}"
        table.add_row(one.meter_id, f"{since:%m-%d %H:%M}", str(hours), MEANINGS[one.kind], expected)
    return table
