"""The commands that start, watch and stop the system on this laptop."""

from typing import Annotated

import typer


def up(
    meters: Annotated[int, typer.Option(min=0, help="Simulated meters; 0 for none.")] = 60,
    speed: Annotated[
        float, typer.Option(min=0.001, help="How fast the fleet lives yesterday again; then it goes with the clock.")
    ] = 60.0,
    interval: Annotated[int, typer.Option(help="Seconds a reading: 60, 300, 900, 1800 or 3600.")] = 900,
    seed: Annotated[int, typer.Option(help="The same seed gives the same fleet.")] = 1,
    headless: Annotated[bool, typer.Option("--headless", help="Without the dashboard.")] = False,
    seconds: Annotated[float | None, typer.Option("--for", help="Stop after so many seconds.")] = None,
    port: Annotated[int, typer.Option(help="Of the laptop's cloud; 0 takes a free one.")] = 0,
) -> None:
    """Start the whole system on this laptop.

    Cloud, stack, gateway, delivery, a fleet of meters and the dashboard; Ctrl-C stops all of it.
    """
    from cli.up import up
    from laptop.run import RunOptions

    up(RunOptions(meters, seed, speed, interval, port, dashboard=not headless), seconds)


def down() -> None:
    """Stop what `electrocloud up` started on this laptop."""
    from cli.up import down

    down()


def status() -> None:
    """Show what runs on this laptop, where, and how it stands."""
    from cli.up import status

    status()
