"""The commands that rate loads and show bills."""

from pathlib import Path
from typing import Annotated

import typer

from electrocloud.domain.errors import UsageError

app = typer.Typer(invoke_without_command=True)

TARIFF = typer.Option("--tariff", help="The tariff: URDB JSON.", show_default=False)
USAGE = typer.Option("--usage", help="Readings: CSV or Parquet with the columns start and wh.", show_default=False)
AS_JSON = typer.Option("--json", help="Print JSON, and nothing else.")
FILL = typer.Option("--estimate", help="Fill gaps like the same hours of the weeks before.")


@app.callback()
def bill(
    context: typer.Context,
    tariff: Annotated[Path | None, TARIFF] = None,
    usage: Annotated[Path | None, USAGE] = None,
    as_json: Annotated[bool, AS_JSON] = False,
    fill: Annotated[bool, FILL] = False,
) -> None:
    """Bill a load by a tariff, month by month."""
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
    out: Annotated[Path, typer.Option(help="Where the bills go: .csv, or else a line of JSON each.")],
    fill: Annotated[bool, FILL] = False,
) -> None:
    """Bill the loads of many meters (column meter_id), on all cores."""
    from cli.bill import batch

    batch(tariff, usage, out, fill=fill)


@app.command()
def history(
    meter: Annotated[str, typer.Argument(help="The meter's id, such as US-000001.", show_default=False)],
    as_json: Annotated[bool, AS_JSON] = False,
) -> None:
    """Every version of a meter's bills, of the deployment at hand."""
    from cli.history import history

    history(meter, as_json=as_json)


@app.command()
def waiting(
    month: Annotated[str, typer.Argument(help="The month, such as 2026-10.", show_default=False)],
) -> None:
    """List the bills of a month that cannot be closed yet, and why."""
    from cli.waiting_bills import show_waiting

    show_waiting(month)


def compare(
    tariffs: Annotated[list[Path], typer.Argument(help="Tariffs: URDB JSON; the first is the present one.")],
    usage: Annotated[Path, USAGE],
    as_json: Annotated[bool, AS_JSON] = False,
) -> None:
    """Rank tariffs by what a load costs under each."""
    from cli.bill import compare

    compare(tariffs, usage, as_json=as_json)
