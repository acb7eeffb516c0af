"""The commands on stored readings: void them, correct one, and see who did what."""

from typing import Annotated

import typer

from cli.choices import Flow
from cli.commands.output_option import JsonOption, OutputOption, chosen

app = typer.Typer(no_args_is_help=True, help="Void or correct stored readings, and see who did.")

Meter = Annotated[str, typer.Option(help="The meter's id.")]
From = Annotated[str, typer.Option("--from", help="The first start, ISO 8601; UTC without an offset.")]
To = Annotated[str, typer.Option("--to", help="The end; what starts then or later is left alone.")]
Reason = Annotated[str, typer.Option(help="Why, in words; it is kept with the readings.")]


@app.command()
def void(
    meter: Meter,
    since: From,
    until: To,
    reason: Reason,
    direction: Annotated[Flow | None, typer.Option(help="Only the energy of this direction.")] = None,
) -> None:
    """Void a meter's readings, whatever their revision.

    They count as missing and are not billed, and what the meter sends for them later does not count either.
    """
    from cli.readings import void

    void(meter, since, until, reason, direction)


@app.command()
def correct(
    meter: Meter,
    at: Annotated[str, typer.Option(help="The reading's start, ISO 8601; UTC without an offset.")],
    wh: Annotated[int, typer.Option(help="The energy that it should have, in Wh.", min=0)],
    reason: Reason,
    direction: Annotated[Flow, typer.Option(help="Which way the energy flowed.")] = Flow.delivered,
    varh: Annotated[int | None, typer.Option(help="The reactive energy, in varh. Default: as it is.", min=0)] = None,
) -> None:
    """Correct one reading, whatever its revision.

    A voided one counts again.
    """
    from cli.readings import correct

    correct(meter, at, wh, reason, direction, varh)


@app.command()
def history(meter: Meter, since: From, until: To, output: OutputOption = None, as_json: JsonOption = False) -> None:
    """List what operators did to a meter's readings: who, when and why."""
    from cli.readings import history

    history(meter, since, until, chosen(output, as_json=as_json))
