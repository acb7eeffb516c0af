"""`electrocloud load`: push a generated fleet's readings through the running system."""

import time
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from analytics.registration import read_tariffs, register
from electrocloud.aws.stack import Stack, find_stack
from producers.fleet.fleet import Fleet, make_fleet
from producers.fleet.simulate import simulate
from producers.sending.api import ApiSender
from producers.sending.delivery_check import DeliveryCheck
from producers.sending.head_end import HeadEndSender
from producers.sending.live import TARIFFS, Sender, pause
from producers.sending.send_counts import SendCounts
from producers.sending.uploads import uploads

console = Console()
TIMEOUT_S = 600
POLL_S = 1.0


class Channel(StrEnum):
    api = "api"
    kinesis = "kinesis"


def load(
    via: Annotated[
        Channel, typer.Option(help="Send to the ingestion API, or put KPL frames into the stream.")
    ] = Channel.kinesis,
    meters: Annotated[int, typer.Option(min=1)] = 100,
    days: Annotated[int, typer.Option(min=1, help="Full UTC days; one upload per meter and day.")] = 30,
    interval: Annotated[int, typer.Option(help="Interval length in seconds: 60, 300, 900, 1800 or 3600.")] = 900,
    start: Annotated[str | None, typer.Option(help="First day, YYYY-MM-DD; default: end yesterday.")] = None,
    rate: Annotated[
        float | None, typer.Option(min=0.001, help="Readings per second; by default as fast as possible.")
    ] = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same fleet and readings.")] = 7,
    verify: Annotated[bool, typer.Option("--verify", help="Wait until all readings have arrived.")] = False,
) -> None:
    """Push a generated fleet's readings through the running system, and report what arrived."""
    stack = find_stack()
    first = date.fromisoformat(start) if start else datetime.now(UTC).date() - timedelta(days=days)
    prefix = f"load{seed}x{meters}-"  # keeps the counts of different loads apart
    fleet = _fleet(meters, seed, prefix)
    register(stack, fleet.registered, read_tariffs(TARIFFS))
    tally = SendCounts()
    _push(fleet, first, days, interval, _sender(stack, via, tally), tally, rate)
    console.print(str(tally))
    if verify:
        _verify(DeliveryCheck(stack, prefix, first, days), tally)


def _fleet(meters: int, seed: int, prefix: str) -> Fleet:
    """Meters with IDs of their own, so that a load never mixes with the meters of a running fleet."""
    fleet = make_fleet(meters, seed, "US")  # the place of the tariffs in this checkout
    renamed = [meter._replace(meter_id=f"{prefix}{meter.meter_id}") for meter in fleet.meters]
    return replace(fleet, meters=tuple(renamed))


def _sender(stack: Stack, via: Channel, tally: SendCounts) -> Sender:
    if via is Channel.kinesis:
        return HeadEndSender(stack.client("kinesis"), stack.stream, tally, pause)
    return ApiSender(stack.api, stack.session().get_credentials(), stack.region, stack.api_key(), tally, pause)


def _push(
    fleet: Fleet, first: date, days: int, interval: int, sender: Sender, tally: SendCounts, rate: float | None
) -> None:
    total = len(fleet) * days * 86_400 // interval
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


def _verify(check: DeliveryCheck, tally: SendCounts) -> None:
    """Wait until every reading is in its bill, in Parquet and in a window, for at most TIMEOUT_S.

    Windows are stored together with bills and counting them loads the tables, so they are counted last.
    """
    deadline = time.monotonic() + TIMEOUT_S
    counts = {"bills": check.bills, "Parquet": check.parquet, "windows": check.windows}
    found = dict.fromkeys(counts, 0)
    with _progress() as progress:
        for name, count in counts.items():
            task = progress.add_task(f"in {name}", total=tally.accepted, rate="")
            while True:
                found[name] = count()
                progress.update(task, completed=found[name])
                if found[name] >= tally.accepted or time.monotonic() > deadline:
                    break
                time.sleep(POLL_S)
    seconds = time.monotonic() - tally.began
    console.print(
        " · ".join(f"in {name} {count:,}" for name, count in found.items())
        + f" of {tally.accepted:,} readings after {seconds:.1f} s ({tally.accepted / seconds:,.0f} readings/s)"
    )
    if {*found.values()} != {tally.accepted}:
        console.print("[red]These counts differ.[/red] Run `electrocloud status` to see the state of the system.")
        raise typer.Exit(1)


def _progress() -> Progress:
    columns = (
        TextColumn("{task.description:12}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
    )
    return Progress(*columns, TimeElapsedColumn(), console=console)
