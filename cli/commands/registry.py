"""The commands on the registry: who is served where, by which meter, at which tariff, from when to when."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="Register customers, service points, meters and tariffs, dated.")

ServicePointId = Annotated[str, typer.Option("--service-point", help="The service point's id.")]
Day = Annotated[str, typer.Option("--date", help="YYYY-MM-DD, the first local day it holds.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command()
def apply(
    folder: Annotated[Path, typer.Argument(help="Has accounts.csv, service_points.csv, …, tariffs/*.json.")],
    reason: Annotated[str, typer.Option(help="Why; it stands on each new version of a bill.")] = "registry changed",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would change, and change nothing.")] = False,
) -> None:
    """Store a folder's records in the registry.

    All of it is checked first. It is safe to run again.
    """
    from cli.registry import apply

    apply(folder, reason, dry_run=dry_run)


@app.command()
def search(
    text: Annotated[str, typer.Argument(help="Any part of a name, address, account, meter or feeder.")],
    most: Annotated[int, typer.Option(min=1, help="How many to list.")] = 20,
    as_json: AsJson = False,
) -> None:
    """Find service points."""
    from cli.registry import search

    search(text, most, as_json=as_json)


@app.command()
def show(service_point: Annotated[str, typer.Argument(help="A service point's id.")]) -> None:
    """Print all that is registered at a service point, as JSON."""
    from cli.registry import show

    show(service_point)


@app.command()
def export(folder: Annotated[Path, typer.Argument(help="Where to write the files.")]) -> None:
    """Write the whole registry as a folder that `apply` reads."""
    from cli.registry import export

    export(folder)


@app.command()
def move_in(
    service_point: ServicePointId,
    account: Annotated[str, typer.Option(help="The account's id.")],
    tariff: Annotated[str, typer.Option(help="The tariff's id.")],
    day: Day,
    name: Annotated[str, typer.Option(help="The customer's name, for an account that is new.")] = "",
    mailing_address: Annotated[str, typer.Option(help="Of an account that is new.")] = "",
    email: Annotated[str, typer.Option(help="Of an account that is new.")] = "",
    cycle_day: Annotated[int, typer.Option(min=1, max=28, help="The day bills begin; 1: calendar months.")] = 1,
) -> None:
    """Start an account's agreement at a service point."""
    from cli.registry import move_in
    from electrocloud.domain.registry.records import Account

    customer = Account(account_id=account, name=name, mailing_address=mailing_address, email=email)
    move_in(service_point, customer, tariff, day, cycle_day)


@app.command()
def move_out(service_point: ServicePointId, day: Day) -> None:
    """End the agreement at a service point.

    The date is the first day that is no longer billed to it.
    """
    from cli.registry import move_out

    move_out(service_point, day)


@app.command()
def exchange_meter(
    service_point: ServicePointId,
    meter: Annotated[str, typer.Option(help="The new meter's id.")],
    at: Annotated[str, typer.Option(help="When, such as 2026-07-11T10:30; local unless it has an offset.")],
) -> None:
    """Replace the meter at a service point.

    Bills join both meters' readings.
    """
    from cli.registry import exchange_meter

    exchange_meter(service_point, meter, at)


@app.command()
def change_tariff(
    service_point: ServicePointId, tariff: Annotated[str, typer.Option(help="The new tariff's id.")], day: Day
) -> None:
    """Change the tariff at a service point from a day on."""
    from cli.registry import change_tariff

    change_tariff(service_point, tariff, day)


@app.command()
def change_price(
    tariff: Annotated[str, typer.Option(help="The tariff's id.")],
    file: Annotated[Path, typer.Option(help="The URDB document with the new prices.", exists=True, dir_okay=False)],
    day: Day,
) -> None:
    """Change a tariff's prices from a day on.

    Earlier days keep theirs.
    """
    from cli.registry import change_price

    change_price(tariff, file, day)


@app.command()
def rerate(
    service_point: Annotated[list[str] | None, typer.Option(help="Only these; without it all.")] = None,
) -> None:
    """Rate bills again by the registry as it is, after a command that changed it was interrupted."""
    from cli.registry import rerate

    rerate(service_point or [])
