"""The commands that put back what was set aside, make again what was lost, and delete what must go."""

from typing import Annotated

import typer

from cli.choices import Source


def redrive(
    reason: Annotated[
        list[str] | None, typer.Option(help="Only what was set aside for this reason; again for each.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go back.")] = False,
) -> None:
    """Put quarantined uploads and dead-letter batches back into the stream, once the cause is fixed."""
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
    """Make windows and bills again from what was sent; what is there already stays as it is."""
    from cli.recover import replay

    replay(since, source)


def forget(
    meter: Annotated[str, typer.Argument(help="The meter_id.")],
    really: Annotated[
        bool, typer.Option("--really", help="Do it; without this it only says what it would do.")
    ] = False,
) -> None:
    """Delete all that is kept of a meter, for good. Say it twice and the second time finds nothing."""
    from cli.forget import forget

    forget(meter, really=really)
