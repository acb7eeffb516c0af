"""`electrocloud up`, `down` and `status`: run the whole system on this laptop."""

import signal
import time

import typer
from rich.console import Console
from rich.live import Live
from rich.table import Table

from electrocloud.aws.stack import find_stack
from laptop.run import Running, RunOptions, Status, StatusReader, running_pid, running_stack
from laptop.run import stop as stop_running

POLL_S = 1.0


def up(options: RunOptions, seconds: float | None) -> None:
    """Start everything on this laptop: cloud, stack, gateway, delivery, simulated meters and the dashboard."""
    console = Console()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    began = time.monotonic()
    try:
        console.print("Starting the cloud, building and deploying template.yaml; about 30 s with warm caches …")
        with running_stack(options) as running:
            console.print(_addresses(running, time.monotonic() - began))
            _watch(running, seconds)
            console.print("Stopping …")
    except KeyboardInterrupt:
        console.print("Stopping …")
    console.print("Stopped.")


def down() -> None:
    """Stop what `electrocloud up` started on this laptop."""
    console = Console()
    pid = running_pid()
    if pid is None:
        console.print("Nothing is running.")
    elif not stop_running(pid):
        console.print(f"Process {pid} does not stop; check its terminal, or stop it with `kill -9 {pid}`.")
        raise typer.Exit(1)
    else:
        console.print("Stopped.")


def status() -> None:
    """Show the addresses and state of the system on this laptop."""
    console = Console()
    stack = find_stack()
    console.print(_table(StatusReader(stack).figures(), None))
    console.print(f"Stream {stack.stream}\nBucket {stack.bucket}\nIngestion API {stack.api}\nCloud {stack.endpoint}")


def _addresses(running: Running, seconds: float) -> Table:
    table = Table(title=f"Up in {seconds:.0f} s", show_header=False, title_justify="left")
    if running.dashboard:
        table.add_row("Dashboard", f"[bold]{running.dashboard}[/bold]")
    table.add_row("Ingestion API", f"{running.stack.api}/v1/uploads  (calls are signed)")
    table.add_row("Cloud", f"{running.stack.endpoint}  (region {running.stack.region}, key and secret 'laptop')")
    table.add_row("Parquet", f"s3://{running.stack.bucket}/readings/dt=…/")
    table.add_row("Logs", f"{running.children.logs}/")
    table.add_row("Next", "electrocloud query · electrocloud status · Ctrl-C stops all of it")
    return table


def _watch(running: Running, seconds: float | None) -> None:
    """Show the system's state until the time is up or the user interrupts."""
    console = Console()
    reader = StatusReader(running.stack)
    deadline = time.monotonic() + seconds if seconds is not None else float("inf")
    before: tuple[float, int] | None = None
    with Live(console=console, refresh_per_second=2, transient=False) as live:
        while time.monotonic() < deadline:
            if name := running.children.ended():
                live.stop()
                console.print(
                    f"[red]{name} stopped unexpectedly.[/red] Last log lines:\n{running.children.last_lines(name)}"
                )
                raise typer.Exit(1)
            figures = reader.figures()
            now = (time.monotonic(), int(figures.fleet.get("accepted", 0)))
            rate = (now[1] - before[1]) / (now[0] - before[0]) if before else None
            before = now
            live.update(_table(figures, rate))
            time.sleep(POLL_S)


def _table(figures: Status, rate: float | None) -> Table:
    fleet = figures.fleet
    table = Table(show_header=False)
    if fleet:
        phase = "sending history" if fleet["phase"] == "history" else "live"
        table.add_row("Fleet", f"{fleet['meters']:,} meters, {phase}, at {fleet['clock']}")
        table.add_row(
            "Readings", f"{fleet['accepted']:,} accepted, {fleet['refused']:,} refused, {fleet['retried']:,} retried"
        )
    if rate is not None:
        table.add_row("Rate", f"{rate:,.0f} readings/s")
    lag = "no uploads in the last two minutes" if figures.lag_s is None else f"{figures.lag_s:.1f} s"
    table.add_row("Lag", f"{lag}  (upload's arrival to its bill, 95th percentile)")
    table.add_row("Windows", f"{figures.windows:,} meter-days")
    table.add_row("Bills", f"{figures.bills:,} meter-months")
    table.add_row("Parquet", f"{figures.files:,} files, {figures.bytes / 1e6:,.1f} MB")
    table.add_row("Rejected", f"{figures.quarantined:,} uploads")
    return table
