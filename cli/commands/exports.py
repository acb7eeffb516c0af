"""The commands that export a customer's data."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True)


@app.callback()
def export() -> None:
    """Export a customer's usage and bills."""


@app.command("green-button")
def green_button(
    meter: Annotated[str, typer.Argument(help="Meter ID, such as US-000001.", show_default=False)],
    first: Annotated[
        str | None, typer.Option("--from", metavar="DATE", help="First local day. Default: 13 months ago.")
    ] = None,
    end: Annotated[
        str | None, typer.Option("--to", metavar="DATE", help="The day after the last one. Default: tomorrow.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="The file to write. Default: stdout.")] = None,
) -> None:
    """Export a meter's usage and bills as Green Button (ESPI 4.0) XML.

    Only the latest customer's data: usage from before that customer's first bill is left out.
    """
    from cli.export import export_green_button

    export_green_button(meter, first, end, out)
