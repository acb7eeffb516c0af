"""`electrocloud suspects`: the readings that the last run of the forecasts found far outside of what was expected."""

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
    """List the readings of the last week that are suspect; none is dropped."""
    stack = find_stack()
    found = Forecasts(stack.client("dynamodb"), stack.forecasts_table).suspects()
    if found:
        Console().print(suspects_table(found))
    else:
        print("Nothing is suspect, of meters with over four weeks of readings.")


def suspects_table(found: Iterable[Suspect]) -> Table:
    """A row for each: how many hours, and what the first of them was expected to lie between."""
    table = Table(box=SIMPLE_HEAD, title="Suspect readings", title_justify="left")
    for heading in ("meter", "since (UTC)", "h", "what, and perhaps why", "Wh expected"):
        table.add_column(heading, justify="right" if heading in ("h", "Wh expected") else "left")
    for one in found:
        since, hours = datetime.fromtimestamp(one.start, UTC), (one.end - one.start) // HOUR_S
        expected = f"{one.low:,.0f} to {one.high:,.0f}"
        table.add_row(one.meter_id, f"{since:%m-%d %H:%M}", str(hours), MEANINGS[one.kind], expected)
    return table
