"""The commands that start, watch and stop the system on this laptop."""

from typing import Annotated

import typer

from cli.commands.output_option import JsonOption, OutputOption, TextOutputOption, chosen


def up(
    meters: Annotated[int, typer.Option(min=0, help="Simulated meters; 0 for none.")] = 60,
    speed: Annotated[
        float, typer.Option(min=0.001, help="Speed at which the fleet replays yesterday, until it reaches the present.")
    ] = 60.0,
    interval: Annotated[int, typer.Option(help="Interval length in seconds: 60, 300, 600, 900, 1800 or 3600.")] = 900,
    seed: Annotated[int, typer.Option(help="The same seed gives the same fleet.")] = 1,
    headless: Annotated[bool, typer.Option("--headless", help="Do not start the dashboard.")] = False,
    seconds: Annotated[float | None, typer.Option("--for", min=0, help="Stop after this many seconds.")] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port of the laptop's cloud; 0 for any free port.")] = 0,
    fresh: Annotated[bool, typer.Option("--fresh", help="Delete the data of the last run, and start empty.")] = False,
) -> None:
    """Start the whole system on this laptop.

    This includes the cloud, the stack, the gateway, the delivery, simulated meters and the dashboard. The data of the
    last run are kept unless it was killed.
    """
    from cli.up import up
    from laptop.run import RunOptions

    up(RunOptions(meters, seed, speed, interval, port, dashboard=not headless, fresh=fresh), seconds)


def down() -> None:
    """Stop what `electrocloud up` started on this laptop."""
    from cli.up import down

    down()


def status(output: TextOutputOption = None, as_json: JsonOption = False) -> None:
    """Show the addresses and state of the system on this laptop.

    Exits with status 1 if uploads are stuck in the stream or a function cannot be imported.
    """
    from cli.up import status

    status(chosen(output, as_json=as_json))


def doctor(output: OutputOption = None, as_json: JsonOption = False) -> None:
    """Check what this machine has and lacks."""
    from cli.doctor import doctor

    doctor(chosen(output, as_json=as_json))
