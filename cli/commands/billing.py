"""The commands that rate loads and show bills."""

from pathlib import Path
from typing import Annotated

import typer

from electrocloud.domain.errors import UsageError

app = typer.Typer(invoke_without_command=True)

TARIFF = typer.Option("--tariff", help="Tariff file in URDB JSON.", show_default=False)
USAGE = typer.Option("--usage", help="Readings in CSV or Parquet, with the columns start and wh.", show_default=False)
AS_JSON = typer.Option("--json", help="Print JSON only.")
FILL = typer.Option("--estimate", help="Estimate missing intervals from the same hours of the weeks before.")


@app.callback()
def bill(
    context: typer.Context,
    tariff: Annotated[Path | None, TARIFF] = None,
    usage: Annotated[Path | None, USAGE] = None,
    as_json: Annotated[bool, AS_JSON] = False,
    fill: Annotated[bool, FILL] = False,
) -> None:
    """Bill a load on a tariff, month by month."""
    if context.invoked_subcommand:
        return
    if tariff is None or usage is None:
        raise UsageError("a bill needs --tariff T.json and --usage U.csv; see electrocloud bill --help")
    from cli.bill import bill

    bill(tariff, usage, as_json=as_json, fill=fill)


@app.command()
def batch(
    tariff: Annotated[Path, TARIFF],
    usage: Annotated[Path, USAGE],
    out: Annotated[Path, typer.Option(help="Output file: .csv, or else one line of JSON per bill.")],
    fill: Annotated[bool, FILL] = False,
) -> None:
    """Bill the loads of many meters (column meter_id), using all cores."""
    from cli.bill import batch

    batch(tariff, usage, out, fill=fill)


@app.command()
def history(
    meter: Annotated[str, typer.Argument(help="Meter ID, such as US-000001.", show_default=False)],
    as_json: Annotated[bool, AS_JSON] = False,
) -> None:
    """List every version of a meter's bills in the deployed stack."""
    from cli.history import history

    history(meter, as_json=as_json)


def compare(
    tariffs: Annotated[list[Path], typer.Argument(help="Tariff files in URDB JSON; the first is the current tariff.")],
    usage: Annotated[Path, USAGE],
    as_json: Annotated[bool, AS_JSON] = False,
) -> None:
    """Rank tariffs by what a load costs on each.

    Shows what the cheapest one would save compared with the first one.
    """
    from cli.bill import compare

    compare(tariffs, usage, as_json=as_json)
