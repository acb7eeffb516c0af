"""`electrocloud suspects`: list the suspect readings found by the latest forecast run."""

from collections.abc import Iterable
from datetime import UTC, datetime

from cli.choices import Output
from cli.rows import Rows, print_rows
from electrocloud.aws.stack import find_stack
from electrocloud.aws.store.forecasts import Forecasts
from electrocloud.domain.forecast import Suspect
from electrocloud.domain.local_time import HOUR_S
from presentation.suspects_text import MEANINGS

COLUMNS = ("meter", "start_utc", "hours", "likely cause", "expected_from_wh", "expected_to_wh")
EMPTY = "No suspect readings. (Only meters with over four weeks of readings are checked.)"


def suspects(output: Output | None) -> None:
    """List the suspect readings of the last week. None is dropped from a bill."""
    stack = find_stack()
    print_rows(suspect_rows(Forecasts(stack.client("dynamodb"), stack.forecasts_table).suspects()), output)


def suspect_rows(found: Iterable[Suspect]) -> Rows:
    """One row per suspect: its start, its hours, its likely cause, and the energy (Wh) expected in its first hour."""
    rows = [
        (one.meter_id, datetime.fromtimestamp(one.start, UTC), (one.end - one.start) // HOUR_S, MEANINGS[one.kind],
         round(one.low), round(one.high))
        for one in found
    ]  # fmt: skip
    return Rows(COLUMNS, rows, "Suspect readings", empty=EMPTY)
