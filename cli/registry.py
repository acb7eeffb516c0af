"""`electrocloud registry`: who is served where, by which meter, at which tariff, from when to when."""

from collections.abc import Callable, Collection
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from cli.choices import Output
from cli.rows import Rows, print_rows
from electrocloud.aws.stack import find_stack
from electrocloud.domain.errors import RegistryError
from electrocloud.domain.registry import events
from electrocloud.domain.registry.changes import RecordChange
from electrocloud.domain.registry.records import Account, Registry
from electrocloud.services.registry import RegistryPlan, plan_change
from electrocloud.services.replay import Rerated
from presentation.money_text import total
from registry.desk import RegistryDesk
from registry.export import write_folder
from registry.folder import FileFault, FolderContent, read_folder

FAULTS_SHOWN = 20
CHANGES_SHOWN = 10


def apply(folder: Path, reason: str, *, dry_run: bool) -> None:
    """Put a folder's records into the registry. All of it is checked first; doing it twice changes nothing."""
    desk = RegistryDesk(find_stack())
    if dry_run:
        stored = desk.store.load()
        content = read_folder(folder, stored)
        plan = plan_change(stored, content.registry)
        _check(content, plan)
        _announce(desk, plan)
        Console().print("Nothing was stored.")
        return
    contents: list[FolderContent] = []

    def read(stored: Registry) -> Registry:
        contents.append(read_folder(folder, stored))
        return contents[0].registry

    def announce(plan: RegistryPlan) -> None:
        _check(contents[0], plan)
        _announce(desk, plan)

    with _progress() as progress:
        task = progress.add_task("storing and rating", total=None)
        plan, rated = desk.apply(read, reason, lambda count: progress.advance(task, count), announce)
    if plan.changes:
        _show_rated(rated)


def _check(content: FolderContent, plan: RegistryPlan) -> None:
    """Exit with all faults of a folder, alone and together with what is stored."""
    if faults := [*content.faults, *map(content.located, plan.faults)]:
        _show_faults(faults)
        raise typer.Exit(1)


def search(text: str, most: int, output: Output | None) -> None:
    """Find service points."""
    found = RegistryDesk(find_stack()).search(text, most)
    if output is Output.json:
        typer.echo(msgspec.json.encode(found).decode())
        return
    rows = [
        (one.service_point_id, one.name, one.account_id, one.address, ", ".join(one.meter_ids), one.feeder)
        for one in found
    ]
    empty = f"No service point has {text!r} in a name, address, account, meter or feeder."
    print_rows(Rows(("service point", "customer", "account", "address", "meters", "feeder"), rows, empty=empty), output)
    if not found:
        raise typer.Exit(1)


def show(service_point: str) -> None:
    """Print all that is registered at a service point, as JSON."""
    found = RegistryDesk(find_stack()).store.load_points([service_point])
    if not found.service_points:
        raise RegistryError(f"there is no service point {service_point}; `electrocloud registry search` finds it")
    document = {kind: [*records.values()] for kind, records in found.kinds() if kind != "tariffs"}
    typer.echo(msgspec.json.format(msgspec.json.encode(document), indent=2).decode())


def export(folder: Path) -> None:
    """Write the whole registry as a folder that `apply` reads."""
    console = Console()
    written = write_folder(RegistryDesk(find_stack()).store.load(), folder)
    console.print(f"{len(written):,} files in {folder}")


def move_in(service_point: str, customer: Account, tariff: str, day: str, cycle_day: int) -> None:
    """An account is served at a service point from a day on; `customer` is opened where there is no such account."""

    def moved(part: Registry) -> Registry:
        holder = part.accounts.get(customer.account_id)
        if holder is None and not customer.name:
            raise RegistryError(f"there is no account {customer.account_id}; give --name to open it")
        holder = holder or customer
        return events.move_in(part, holder, service_point, tariff, _day(day), cycle_day=cycle_day)

    _change(service_point, "moved in", moved, [customer.account_id])


def move_out(service_point: str, day: str) -> None:
    """The agreement at a service point ends; the date is the first day that is no longer billed to it."""
    _change(service_point, "moved out", lambda part: events.move_out(part, service_point, _day(day)))


def exchange_meter(service_point: str, meter: str, at: str) -> None:
    """Another meter measures at a service point from an instant on; bills join both meters' readings."""

    def exchanged(part: Registry) -> Registry:
        zone = ZoneInfo(part.service_points[service_point].time_zone)
        return events.exchange_meter(part, service_point, meter, _instant(at, zone))

    _change(service_point, "meter exchanged", exchanged)


def change_tariff(service_point: str, tariff: str, day: str) -> None:
    """The customer at a service point has another tariff from a day on."""
    _change(service_point, "tariff changed", lambda part: events.change_tariff(part, service_point, tariff, _day(day)))


def change_price(tariff: str, file: Path, day: str) -> None:
    """A tariff has new prices from a day on. Bills of earlier days keep theirs."""
    document = msgspec.json.decode(file.read_bytes(), type=dict[str, Any])
    desk = RegistryDesk(find_stack())
    _, rated = desk.apply(
        lambda stored: events.change_price(stored, tariff, document, _day(day)),
        "price changed",
        announce=lambda plan: _announce(desk, plan),
    )
    _show_rated(rated)


def rerate(service_points: list[str]) -> None:
    """Rate bills again by the registry as it is."""
    desk = RegistryDesk(find_stack())
    points = service_points or [*desk.store.load().service_points]
    with _progress() as progress:
        task = progress.add_task("rating", total=None)
        rated = desk.rerate(points, "rated again", lambda count: progress.advance(task, count))
    _show_rated(rated)


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


def _change(
    service_point: str, reason: str, of: Callable[[Registry], Registry], accounts: Collection[str] = ()
) -> None:
    """Change one service point, and say what that does."""
    desk = RegistryDesk(find_stack())
    _, rated = desk.change([service_point], accounts, reason, of, lambda plan: _announce(desk, plan))
    _show_rated(rated)


def _announce(desk: RegistryDesk, plan: RegistryPlan) -> None:
    """Say what is about to change, in the registry and in bills."""
    _show_plan(plan)
    if plan.changes and not plan.faults:
        preview = desk.preview(plan)
        about = f"About {preview.bills:,}" if preview.sampled else f"{preview.bills:,}"
        amount = f"{'about ' if preview.sampled else ''}{total(preview.amounts.items())}"
        Console().print(f"{about} bills change, by {amount} in all.")


def _show_rated(rated: Rerated) -> None:
    Console().print(f"Done. {rated.bills:,} bills were rated again, {rated.changed:,} of them changed.")
    if rated.failed:
        names = ", ".join(sorted(rated.failed)[:5])
        raise RegistryError(
            f"the tables were too busy for the bills of {names}; the closing function's next round rates them"
        )


def _show_faults(faults: list[FileFault]) -> None:
    for fault in faults[:FAULTS_SHOWN]:
        typer.echo(str(fault), err=True)
    more = len(faults) - FAULTS_SHOWN
    rest = f" ({more:,} more)" if more > 0 else ""
    typer.echo(f"{len(faults):,} faults{rest}. Nothing was stored: fix them and apply the folder again.", err=True)


def _show_plan(plan: RegistryPlan) -> None:
    console = Console()
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
    console = Console()
    return Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=console
    )
