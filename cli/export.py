"""`electrocloud export`: a meter's usage and bills as files that other software reads."""

import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from rich.console import Console

from electrocloud.aws.stack import find_stack
from electrocloud.aws.store.reader import Reader
from electrocloud.aws.store.store import open_store
from electrocloud.domain.errors import UsageError
from presentation.green_button import green_button
from presentation.meter_usage import THIRTEEN_MONTHS, usage_of


def export_green_button(meter_id: str, first: str | None, end: str | None, out: Path | None) -> None:
    """Write the Green Button file of a meter to `out`, or to stdout."""
    now = datetime.now(UTC)
    until = _day("--to", end) if end else now.date() + timedelta(days=1)
    since = _day("--from", first) if first else until - THIRTEEN_MONTHS
    if since >= until:
        raise UsageError(f"--from {since} is not before --to {until}")
    stack = find_stack()
    services = open_store(stack.client("dynamodb"), stack).registry.services_of([meter_id])
    usage = usage_of(Reader(stack), meter_id, since, until, services.get(meter_id, ()))
    feed = green_button(usage, now)
    if out is None:
        sys.stdout.buffer.write(feed)
        return
    out.write_bytes(feed)
    count = sum(map(len, usage.readings.values()))
    Console(stderr=True).print(
        f"{count:,} readings and {len(usage.bills)} bills of {meter_id} in {out}", highlight=False
    )


def _day(option: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{option} is {text!r}; write a day like 2026-11-01") from None
