"""`electrocloud load`: push a generated fleet's readings through the running system."""

import time
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import msgspec
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from cli.choices import Channel
from electrocloud.aws.stack import Stack, find_stack
from producers.fleet.fleet import Fleet, typical_fleet
from producers.fleet.simulate import simulate
from producers.sending.api import ApiSender
from producers.sending.delivery_check import DeliveryCheck
from producers.sending.head_end import HeadEndSender
from producers.sending.live import TARIFFS, Sender, pause
from producers.sending.registration import check_simulation, register
from producers.sending.send_counts import SendCounts
from producers.sending.uploads import uploads
from registry.folder import read_tariffs

TIMEOUT_S = 600
POLL_S = 1.0


def load(
    via: Channel,
    meters: int,
    days: int,
    interval: int,
    start: str | None,
    rate: float | None,
    seed: int,
    *,
    verify: bool,
    allowed: bool = False,
) -> None:
    """Push a generated fleet's readings through the running system, and report what arrived."""
    console = Console()
    stack = find_stack()
    check_simulation(stack, allowed=allowed)
    first = date.fromisoformat(start) if start else datetime.now(UTC).date() - timedelta(days=days)
    prefix = f"load{seed}x{meters}-"  # keeps the counts of different loads apart
    fleet = _fleet(meters, seed, prefix)
    register(stack, fleet.registered, fleet.place, read_tariffs(TARIFFS), first - timedelta(days=1))
    tally = SendCounts()
    _push(fleet, first, days, interval, _sender(stack, via, tally), tally, rate)
    console.print(str(tally))
    if verify:
        received = sum(meter.solar for meter in fleet.meters) * days * 86_400 // interval
        _verify(DeliveryCheck(stack, prefix, first, days), tally, tally.accepted - received)


def _fleet(meters: int, seed: int, prefix: str) -> Fleet:
    """Meters with IDs of their own, so that a load never mixes with the meters of a running fleet."""
    fleet = typical_fleet(meters, seed, "US")  # the place of the tariffs in this checkout
    renamed = [meter._replace(meter_id=f"{prefix}{meter.meter_id}") for meter in fleet.meters]
    return replace(fleet, meters=tuple(renamed))


def _sender(stack: Stack, via: Channel, tally: SendCounts) -> Sender:
    if via is Channel.kinesis:
        return HeadEndSender(stack.client("kinesis"), stack.stream, tally, pause)
    return ApiSender(stack.api, stack.session().get_credentials(), stack.region, stack.api_key(), tally, pause)


def _push(
    fleet: Fleet, first: date, days: int, interval: int, sender: Sender, tally: SendCounts, rate: float | None
) -> None:
    total = sum(1 + meter.solar for meter in fleet.meters) * days * 86_400 // interval
    with _progress() as progress:
        task = progress.add_task("sending", total=total, rate="")
        for number, delivery in enumerate(uploads(fleet, simulate(fleet, first, days, interval))):
            upload = delivery.upload
            sender.send(upload.meter_id, msgspec.json.encode(upload), len(upload.readings))
            if rate and tally.sent / rate > (elapsed := time.monotonic() - tally.began):
                sender.flush()
                time.sleep(max(0.0, tally.sent / rate - elapsed))
            if number % 50 == 0:
                progress.update(task, completed=tally.accepted, rate=f"{tally.a_second:,.0f}/s")
        sender.flush()
        progress.update(task, completed=tally.accepted, rate=f"{tally.a_second:,.0f}/s")


def _verify(arrival: DeliveryCheck, tally: SendCounts, delivered: int) -> None:
    """Wait until every reading is in its bill, in Parquet and in a window, for at most TIMEOUT_S.

    Bills count the readings of energy `delivered`. Windows are stored together with bills and counting them loads the
    tables, so they are counted last.
    """
    console = Console()
    deadline = time.monotonic() + TIMEOUT_S
    counts = {"bills": arrival.bills, "Parquet": arrival.parquet, "windows": arrival.windows}
    expected = dict.fromkeys(counts, tally.accepted) | {"bills": delivered}
    found = dict.fromkeys(counts, 0)
    with _progress() as progress:
        for name, count in counts.items():
            task = progress.add_task(f"in {name}", total=expected[name], rate="")
            while True:
                found[name] = count()
                progress.update(task, completed=found[name])
                if found[name] >= expected[name] or time.monotonic() > deadline:
                    break
                time.sleep(POLL_S)
    seconds = time.monotonic() - tally.began
    console.print(
        " · ".join(f"in {name} {count:,} of {expected[name]:,}" for name, count in found.items())
        + f" readings after {seconds:.1f} s ({tally.accepted / seconds:,.0f} readings/s)"
    )
    if found != expected:
        console.print("[red]These counts differ.[/red] Run `electrocloud status` to see the state of the system.")
        raise typer.Exit(1)


def _progress() -> Progress:
    console = Console()
    columns = (
        TextColumn("{task.description:12}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
    )
    return Progress(*columns, TimeElapsedColumn(), console=console)
