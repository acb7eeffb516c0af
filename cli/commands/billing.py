"""The commands that rate loads and show bills."""

from pathlib import Path
from typing import Annotated

import typer

from electrocloud.domain.errors import UsageError

app = typer.Typer(invoke_without_command=True)

TARIFF = typer.Option(
    "--tariff", help="The tariff: URDB JSON. Give it again for each dated version of its prices.", show_default=False
)
USAGE = typer.Option(
    "--usage", help="Readings: CSV or Parquet with the columns start and wh (or kwh).", show_default=False
)
AS_JSON = typer.Option("--json", help="Print JSON, and nothing else.")
FILL = typer.Option("--estimate", help="Fill gaps like the same hours of the weeks before.")

_PANEL = "Service"
Zone = Annotated[
    str | None,
    typer.Option(help="Whose clocks: Area/City. Default: the tariff's timezone.", rich_help_panel=_PANEL),
]
ServiceFrom = Annotated[
    str | None, typer.Option(metavar="DATE", help="First local day of service.", rich_help_panel=_PANEL)
]
ServiceTo = Annotated[
    str | None,
    typer.Option(metavar="DATE", help="The local day on which service has ended (exclusive).", rich_help_panel=_PANEL),
]
CycleDay = Annotated[
    int | None,
    typer.Option(help="Read day, 1 to 28, that billing periods begin on. Default: 1.", rich_help_panel=_PANEL),
]
AsOf = Annotated[
    str | None,
    typer.Option(
        metavar="TIME", help="Readings are due that have ended by then. Default: now.", rich_help_panel=_PANEL
    ),
]
Spread = Annotated[
    str | None,
    typer.Option(
        "--spread",
        metavar="even",
        help="Share a reading that spans two prices or bills between them by time.",
        rich_help_panel=_PANEL,
    ),
]


@app.callback()
def bill(
    context: typer.Context,
    tariff: Annotated[list[Path] | None, TARIFF] = None,
    usage: Annotated[Path | None, USAGE] = None,
    as_json: Annotated[bool, AS_JSON] = False,
    fill: Annotated[bool, FILL] = False,
    zone: Zone = None,
    service_from: ServiceFrom = None,
    service_to: ServiceTo = None,
    cycle_day: CycleDay = None,
    as_of: AsOf = None,
    spread: Spread = None,
) -> None:
    """Bill a load by a tariff, period by period."""
    if context.invoked_subcommand:
        return
    if not tariff or usage is None:
        raise UsageError("a bill needs --tariff T.json and --usage U.csv; see electrocloud bill --help")
    from cli.bill import bill
    from cli.files.service import ServiceOptions

    options = ServiceOptions(zone, service_from, service_to, cycle_day, as_of, spread)
    bill(tariff, usage, options, as_json=as_json, fill=fill)


@app.command()
def batch(
    tariff: Annotated[list[Path], TARIFF],
    usage: Annotated[Path, USAGE],
    out: Annotated[Path, typer.Option(help="Where the bills go: .csv, or else a line of JSON each.")],
    fill: Annotated[bool, FILL] = False,
    zone: Zone = None,
    service_from: ServiceFrom = None,
    service_to: ServiceTo = None,
    cycle_day: CycleDay = None,
    as_of: AsOf = None,
    spread: Spread = None,
) -> None:
    """Bill the loads of many meters (column meter_id), on all cores."""
    from cli.bill import batch
    from cli.files.service import ServiceOptions

    options = ServiceOptions(zone, service_from, service_to, cycle_day, as_of, spread)
    batch(tariff, usage, out, options, fill=fill)


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
    show_all: Annotated[bool, typer.Option("--all", help="Show tariffs too that are not for this customer.")] = False,
    zone: Zone = None,
    service_from: ServiceFrom = None,
    service_to: ServiceTo = None,
    cycle_day: CycleDay = None,
    as_of: AsOf = None,
    spread: Spread = None,
) -> None:
    """Rank tariffs by what a load costs under each."""
    from cli.bill import compare
    from cli.files.service import ServiceOptions

    options = ServiceOptions(zone, service_from, service_to, cycle_day, as_of, spread)
    compare(tariffs, usage, options, as_json=as_json, show_all=show_all)
