"""The commands that prove that nothing is lost, put back what was set aside, and erase what must go."""

from typing import Annotated

import typer

from cli.choices import Source


def redrive(
    reason: Annotated[
        list[str] | None, typer.Option(help="Only what was set aside for this reason; again for each.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go back.")] = False,
) -> None:
    """Return quarantined uploads and dead letters to the stream.

    Do it once the cause is fixed. It is safe to run again.
    """
    from cli.recover import redrive

    redrive(reason or [], dry_run=dry_run)


def replay(
    since: Annotated[
        str, typer.Option("--from", help="ISO 8601, UTC without an offset: 2026-11-24 or 2026-11-24T06:00+01:00.")
    ],
    source: Annotated[
        Source, typer.Option(help="What the stream took in since then, or Parquet's days from that day on.")
    ] = Source.stream,
) -> None:
    """Rebuild windows and bills from the stream or Parquet.

    What is there already stays as it is. It is safe to run again, and while meters send.
    """
    from cli.recover import replay

    replay(since, source)


def erase(
    meter: Annotated[str, typer.Argument(help="The meter ID.")],
    confirm: Annotated[
        bool, typer.Option("--confirm", help="Delete. Without it, only list what would be deleted.")
    ] = False,
) -> None:
    """Permanently delete everything stored about a meter. It is safe to run again."""
    from cli.erase import erase

    erase(meter, confirm=confirm)


def audit(
    month: Annotated[str | None, typer.Option(help="YYYY-MM, of UTC days; without it the last 31 days.")] = None,
    meter: Annotated[str | None, typer.Option(help="One meter's id; without it all meters.")] = None,
    wait: Annotated[float, typer.Option(min=0, help="Seconds to wait for readings on their way to Parquet.")] = 90.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Prove that windows, Parquet and bills agree.

    Compares the count and the Wh of the readings of each meter and day. Exits with 1 where they differ.
    A difference that goes away within --wait was on its way; it is counted as waiting.
    """
    from cli.audit import audit

    audit(month, meter, wait, as_json=as_json)
