"""The commands that audit the data, return rejected records to the stream, rebuild data, and erase a meter."""

from typing import Annotated

import typer

from cli.choices import Source
from cli.commands.output_option import JsonOption, OutputOption, TextOutputOption, chosen


def redrive(
    reason: Annotated[list[str] | None, typer.Option(help="Only items rejected for this reason. Repeatable.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be put back.")] = False,
    output: OutputOption = None,
    as_json: JsonOption = False,
) -> None:
    """Put rejected uploads back into the stream.

    Run it once the cause is fixed. It covers quarantined uploads and dead-letter batches, and is safe to run again.
    """
    from cli.recover import redrive

    redrive(reason or [], chosen(output, as_json=as_json), dry_run=dry_run)


def replay(
    since: Annotated[
        str, typer.Option("--from", help="ISO 8601, UTC without an offset: 2026-11-24 or 2026-11-24T06:00+01:00.")
    ],
    source: Annotated[
        Source, typer.Option(help="The stream's records since then, or Parquet from that UTC day on.")
    ] = Source.stream,
) -> None:
    """Rebuild windows and bills from the uploads sent. Existing data is kept."""
    from cli.recover import replay

    replay(since, source)


def erase(
    meter: Annotated[str | None, typer.Argument(help="The meter ID.")] = None,
    account: Annotated[str | None, typer.Option(help="Instead of a meter: the account ID of a customer.")] = None,
    confirm: Annotated[
        bool, typer.Option("--confirm", help="Delete. Without it, only list what would be deleted.")
    ] = False,
) -> None:
    """Permanently delete a meter's data, or a customer's identity.

    It is safe to run again. Of a customer, name, mailing address, e-mail and language are erased; bills keep the
    account's ID.
    """
    from cli.erase import erase, erase_customer
    from electrocloud.domain.errors import UsageError

    if (meter is None) == (account is None):
        raise UsageError("name a meter, or give --account with the ID of a customer")
    if account is not None:
        erase_customer(account, confirm=confirm)
    elif meter is not None:
        erase(meter, confirm=confirm)


def audit(
    month: Annotated[str | None, typer.Option(help="Month of UTC days, YYYY-MM; by default the last 31 days.")] = None,
    meter: Annotated[str | None, typer.Option(help="Meter ID; by default all meters.")] = None,
    wait: Annotated[float, typer.Option(min=0, help="Seconds to wait for readings on their way to Parquet.")] = 90.0,
    output: TextOutputOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check that windows, Parquet, bills and the lake agree.

    Compares each meter's number of readings and Wh per day, the stored bills with those of the engine over the raw
    readings, and the lake's bills with the stored ones. Names each difference, and exits with 1 if there is one. A
    difference that disappears within --wait was on its way; it is counted as waiting.
    """
    from cli.audit import audit

    audit(month, meter, wait, chosen(output, as_json=as_json))
