"""`electrocloud registry`: who is served where, by which meter, at which tariff, from when to when."""

from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import msgspec
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from electrocloud.aws.stack import find_stack
from electrocloud.domain.errors import RegistryError
from electrocloud.domain.registry import events
from electrocloud.domain.registry.changes import RecordChange
from electrocloud.domain.registry.records import Account, Registry
from electrocloud.services.registry import RegistryPlan, plan_change
from registry.desk import RegistryDesk
from registry.export import write_folder
from registry.folder import FileFault, read_folder

FAULTS_SHOWN = 20
CHANGES_SHOWN = 10

app = typer.Typer(no_args_is_help=True, help=__doc__)
console = Console()

ServicePointId = Annotated[str, typer.Option("--service-point", help="The service point's id.")]
Day = Annotated[str, typer.Option("--date", help="YYYY-MM-DD, the first local day it holds.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command()
def apply(
    folder: Annotated[Path, typer.Argument(help="Has accounts.csv, service_points.csv, …, tariffs/*.json.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would change, and change nothing.")] = False,
) -> None:
    """Put a folder's records into the registry. All of it is checked first; doing it twice changes nothing."""
    desk = RegistryDesk(find_stack())
    stored = desk.store.load()
    content = read_folder(folder, stored)
    plan = plan_change(stored, content.registry)
    if faults := [*content.faults, *map(content.located, plan.faults)]:
        _show_faults(faults)
        raise typer.Exit(1)
    _show_plan(plan)
    if dry_run or not plan.changes:
        return
    with _progress() as progress:
        task = progress.add_task("storing", total=None)
        desk.apply(content.registry, lambda count: progress.advance(task, count), stored)
    console.print(f"Stored. {len(plan.touched):,} service points are affected.")


@app.command()
def search(
    text: Annotated[str, typer.Argument(help="Any part of a name, address, account, meter or feeder.")],
    most: Annotated[int, typer.Option(min=1, help="How many to list.")] = 20,
    as_json: AsJson = False,
) -> None:
    """Find service points."""
    found = RegistryDesk(find_stack()).search(text, most)
    if as_json:
        typer.echo(msgspec.json.encode(found).decode())
        return
    if not found:
        console.print(f"No service point has {text!r} in a name, address, account, meter or feeder.")
        raise typer.Exit(1)
    table = Table("Service point", "Customer", "Account", "Address", "Meters", "Feeder")
    for entry in found:
        table.add_row(
            entry.service_point_id,
            entry.name,
            entry.account_id,
            entry.address,
            ", ".join(entry.meter_ids),
            entry.feeder,
        )
    console.print(table)


@app.command()
def show(service_point: Annotated[str, typer.Argument(help="A service point's id.")]) -> None:
    """Print all that is registered at a service point, as JSON."""
    found = RegistryDesk(find_stack()).store.load_points([service_point])
    if not found.service_points:
        raise RegistryError(f"there is no service point {service_point}; `electrocloud registry search` finds it")
    document = {kind: [*records.values()] for kind, records in found.kinds() if kind != "tariffs"}
    typer.echo(msgspec.json.format(msgspec.json.encode(document), indent=2).decode())


@app.command()
def export(folder: Annotated[Path, typer.Argument(help="Where to write the files.")]) -> None:
    """Write the whole registry as a folder that `apply` reads."""
    written = write_folder(RegistryDesk(find_stack()).store.load(), folder)
    console.print(f"{len(written):,} files in {folder}")


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
    """An account is served at a service point from a day on."""

    def moved(part: Registry) -> Registry:
        holder = part.accounts.get(account)
        if holder is None and not name:
            raise RegistryError(f"there is no account {account}; give --name to open it")
        holder = holder or Account(account_id=account, name=name, mailing_address=mailing_address, email=email)
        return events.move_in(part, holder, service_point, tariff, _day(day), cycle_day=cycle_day)

    _show_plan(RegistryDesk(find_stack()).change([service_point], [account], moved))


@app.command()
def move_out(service_point: ServicePointId, day: Day) -> None:
    """The agreement at a service point ends; the date is the first day that is no longer billed to it."""
    desk = RegistryDesk(find_stack())
    _show_plan(desk.change([service_point], [], lambda part: events.move_out(part, service_point, _day(day))))


@app.command()
def exchange_meter(
    service_point: ServicePointId,
    meter: Annotated[str, typer.Option(help="The new meter's id.")],
    at: Annotated[str, typer.Option(help="When, such as 2026-07-11T10:30; local unless it has an offset.")],
) -> None:
    """Another meter measures at a service point from an instant on; bills join both meters' readings."""

    def exchanged(part: Registry) -> Registry:
        zone = ZoneInfo(part.service_points[service_point].time_zone)
        return events.exchange_meter(part, service_point, meter, _instant(at, zone))

    _show_plan(RegistryDesk(find_stack()).change([service_point], [], exchanged))


@app.command()
def change_tariff(
    service_point: ServicePointId, tariff: Annotated[str, typer.Option(help="The new tariff's id.")], day: Day
) -> None:
    """The customer at a service point has another tariff from a day on."""
    desk = RegistryDesk(find_stack())
    _show_plan(
        desk.change([service_point], [], lambda part: events.change_tariff(part, service_point, tariff, _day(day)))
    )


@app.command()
def change_price(
    tariff: Annotated[str, typer.Option(help="The tariff's id.")],
    file: Annotated[Path, typer.Option(help="The URDB document with the new prices.", exists=True, dir_okay=False)],
    day: Day,
) -> None:
    """A tariff has new prices from a day on. Bills of earlier days keep theirs."""
    document = msgspec.json.decode(file.read_bytes(), type=dict[str, Any])
    desk = RegistryDesk(find_stack())
    stored = desk.store.load()
    changed = events.change_price(stored, tariff, document, _day(day))
    plan = desk.apply(changed, lambda _: None, stored)
    _show_plan(plan)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise RegistryError(f"{text!r} is not a day such as 2026-07-01") from None


def _instant(text: str, zone: ZoneInfo) -> int:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise RegistryError(f"{text!r} is not a time such as 2026-07-11T10:30") from None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=zone)).timestamp())


def _show_faults(faults: list[FileFault]) -> None:
    for fault in faults[:FAULTS_SHOWN]:
        typer.echo(str(fault), err=True)
    more = len(faults) - FAULTS_SHOWN
    rest = f" ({more:,} more)" if more > 0 else ""
    typer.echo(f"{len(faults):,} faults{rest}. Nothing was stored: fix them and apply the folder again.", err=True)


def _show_plan(plan: RegistryPlan) -> None:
    if not plan.changes:
        console.print("The registry has all of this already.")
        return
    counts: dict[str, list[int]] = {}
    for change in plan.changes:
        counts.setdefault(change.kind, [0, 0])[change.before is not None] += 1
    for kind, (new, different) in counts.items():
        console.print(f"{kind.replace('_', ' ')}: {new:,} new, {different:,} changed")
    for change in plan.changes[:CHANGES_SHOWN] if len(plan.changes) <= CHANGES_SHOWN else ():
        console.print(f"  {_sentence(change)}", markup=False, highlight=False)


def _sentence(change: RecordChange) -> str:
    if change.before is None:
        return f"{change.kind} {change.key}: new"
    parts = ", ".join(
        f"{name} {before} -> {after}" for name, (before, after) in change.fields.items() if name != "document"
    )
    return f"{change.kind} {change.key}: {parts or 'another document'}"


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=console
    )
