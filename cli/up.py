"""`electrocloud up`, `down` and `status`: run the whole system on this laptop."""

import json
import time
from collections.abc import Iterator

import msgspec
import typer
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console
from rich.live import Live
from rich.table import Table

from analytics.pipeline_health import Counts
from cli.choices import Output
from cli.rows import Rows, print_rows
from electrocloud.aws.stack import STATE, find_stack
from electrocloud.domain.errors import SettingsError
from laptop import cloud
from laptop.run import Running, RunOptions, is_ending, running_pid, running_stack
from laptop.run import stop as stop_running
from laptop.status import Status, StatusReader
from producers.fleet.simulate import SIMULATED_S

POLL_S = 1.0


def up(options: RunOptions, seconds: float | None) -> None:
    """Start everything on this laptop: cloud, stack, gateway, delivery, simulated meters and the dashboard."""
    _check(options)
    console = Console()
    began = time.monotonic()
    try:
        if cloud.has_incomplete_data() and not options.fresh:
            console.print("The last run did not end properly, so its data are lost. Starting empty.")
        console.print("Starting the cloud, building and deploying template.yaml; about 30 s with warm caches …")
        with running_stack(options) as running:
            console.print(_addresses(running, time.monotonic() - began))
            _watch(running, seconds)
            console.print("Stopping …")
    except KeyboardInterrupt:
        pass
    console.print("Stopped.")


def down() -> None:
    """Stop what `electrocloud up` started on this laptop."""
    pid = running_pid()
    if pid is None and not is_ending():
        typer.echo("Nothing is running.")
        return
    if not stop_running():
        typer.echo(f"Process {pid} does not stop. Check its terminal, or end it with `kill -9 {pid}`.")
        raise typer.Exit(1)
    typer.echo("Stopped.")


def status(output: Output | None) -> None:
    """Show the addresses and state of the system on this laptop."""
    stack = find_stack()
    if stack.local and running_pid() is None:
        raise SettingsError("nothing runs on this laptop; start `electrocloud up`")
    reader = StatusReader(stack)
    now = reader.read()
    broken = cloud.import_errors(stack) if stack.local else []
    if output not in (None, Output.table):
        health = msgspec.to_builtins(reader.health.of(now.counts))
        known = {"fleet": now.fleet, **health.pop("counts"), **health}
        document = {**known, "caught_up": now.caught_up, "import_errors": broken}
        if output is Output.json:
            typer.echo(json.dumps(document))
        else:
            print_rows(Rows(("name", "value"), list(_flat(document))), output)
    else:
        console = Console()
        console.print(_table(now, None, {}, broken))
        console.print(f"Stream {stack.stream}\nBucket {stack.bucket}\nIngestion API {stack.api}", highlight=False)
        if stack.local:
            console.print(f"Cloud {stack.endpoint}\nKeys {stack.credentials}", highlight=False)
    if broken or now.counts.stuck:
        raise typer.Exit(1)


def _flat(document: object, name: str = "") -> Iterator[tuple[str, object]]:
    """A document's values by their path, such as `fleet.accepted`."""
    if not isinstance(document, dict | list):
        yield name, document
        return
    for key, value in document.items() if isinstance(document, dict) else enumerate(document):
        yield from _flat(value, f"{name}.{key}" if name else str(key))


def _check(options: RunOptions) -> None:
    """Refuse what would only fail after a minute of deploying."""
    if options.interval_s not in SIMULATED_S:
        known = ", ".join(map(str, SIMULATED_S))
        raise SettingsError(f"--interval {options.interval_s}: an interval is one of {known} s")
    if options.port:
        cloud.check_port(options.port)


def _addresses(running: Running, seconds: float) -> Table:
    table = Table(title=f"Up in {seconds:.0f} s", show_header=False, title_justify="left")
    if running.dashboard:
        table.add_row("Dashboard", f"[bold]{running.dashboard}[/bold]")
    table.add_row("Ingestion API", f"{running.stack.api}/v1/uploads  (calls are signed)")
    table.add_row("Cloud", f"{running.stack.endpoint}  (region {running.stack.region}, keys in {STATE}/credentials)")
    table.add_row("Parquet", f"s3://{running.stack.bucket}/readings/dt=…/")
    table.add_row("Mail", f"{STATE}/{cloud.MAIL}/*.eml  (what was mailed; nothing leaves this laptop)")
    table.add_row("Logs", f"{running.children.logs}/")
    table.add_row("Next", "electrocloud query · electrocloud status · Ctrl-C stops everything and keeps the data")
    return table


def _watch(running: Running, seconds: float | None) -> None:
    """Show the system's state until the time is up or the user interrupts."""
    console = Console()
    reader = StatusReader(running.stack)
    deadline = time.monotonic() + seconds if seconds is not None else float("inf")
    before: tuple[float, int] | None = None
    restarts: dict[str, int] = {}
    with Live(console=console, refresh_per_second=2, transient=False) as live:
        while time.monotonic() < deadline:
            if name := running.children.watch():
                lines = running.children.last_lines(name)
                raise SettingsError(f"{name} ended by itself, so everything was stopped. Its last lines:\n{lines}")
            restarts = _report_restarts(running, restarts, console)
            try:
                now = reader.read()
            except (BotoCoreError, ClientError):  # the cloud is busy or has ended, which the next look tells
                time.sleep(POLL_S)
                continue
            accepted = (time.monotonic(), int(now.fleet.get("accepted", 0)))
            rate = (accepted[1] - before[1]) / (accepted[0] - before[0]) if before else None
            before = accepted
            live.update(_table(now, rate, restarts, []))
            time.sleep(POLL_S)


def _report_restarts(running: Running, before: dict[str, int], console: Console) -> dict[str, int]:
    """Print a line for each process that was started again since `before`; returns the restarts until now."""
    now = running.children.restarts()
    for name in (name for name, count in now.items() if count != before.get(name)):
        console.print(f"{name} ended and was started again; see {running.children.logs}/{name}.log")
    return now


def _table(status: Status, rate: float | None, restarts: dict[str, int], broken: list[str]) -> Table:
    fleet, counts = status.fleet, status.counts
    table = Table(show_header=False)
    if fleet:
        table.add_row("Fleet", f"{fleet['meters']:,} meters, {_phase(status)}")
        table.add_row(
            "Readings", f"{fleet['accepted']:,} accepted, {fleet['refused']:,} refused, {fleet['retried']:,} retried"
        )
    if rate is not None:
        table.add_row("Rate", f"{rate:,.0f} readings/s")
    lag = "no uploads in the last two minutes" if counts.lag_s is None else f"{counts.lag_s:.1f} s"
    table.add_row("Lag", f"{lag}  (upload's arrival to its bill, 95th percentile)")
    table.add_row("Stream", _waiting(counts))
    table.add_row("Windows", f"{counts.windows:,} meter-days")
    table.add_row("Bills", f"{counts.bills:,} meter-months")
    table.add_row("Parquet", f"{counts.files:,} files, {counts.bytes / 1e6:,.1f} MB")
    table.add_row("Rejected", f"{counts.quarantined:,} uploads")
    for line in broken:
        table.add_row("Function", f"[red]cannot be imported: {line}[/red]")
    if restarts:
        table.add_row("Restarted", ", ".join(f"{name} {count}×" for name, count in restarts.items()))
    return table


def _phase(status: Status) -> str:
    if status.fleet["phase"] == "history":
        return f"sending history, at {status.fleet['clock']}"
    return "caught up: sends each interval as it ends" if status.caught_up else f"live, at {status.fleet['clock']}"


def _waiting(counts: Counts) -> str:
    if counts.waiting_s is None:
        return "not measured in the last three minutes"
    if counts.stuck:
        return f"[red]stuck: the oldest waiting upload is {counts.waiting_s:,.0f} s old; see the metering log[/red]"
    return f"oldest waiting upload {counts.waiting_s:,.0f} s" if counts.waiting_s else "no uploads wait"
