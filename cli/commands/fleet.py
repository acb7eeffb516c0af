"""The commands that simulate a fleet, into a file or through the running system."""

from pathlib import Path
from typing import Annotated, Any

import typer

from cli.choices import Channel

INTERVAL = typer.Option(help="Interval length in seconds: 60, 300, 600, 900, 1800 or 3600.")


def load(
    via: Annotated[
        Channel, typer.Option(help="Send to the ingestion API, or put KPL frames into the stream.")
    ] = Channel.kinesis,
    meters: Annotated[int, typer.Option(min=1)] = 100,
    days: Annotated[int, typer.Option(min=1, help="Full UTC days; one upload per meter and day.")] = 30,
    interval: Annotated[int, INTERVAL] = 900,
    start: Annotated[str | None, typer.Option(help="First day, YYYY-MM-DD; default: end yesterday.")] = None,
    rate: Annotated[
        float | None, typer.Option(min=0.001, help="Readings per second; by default as fast as possible.")
    ] = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same fleet and readings.")] = 7,
    verify: Annotated[bool, typer.Option("--verify", help="Wait until all readings have arrived.")] = False,
    allowed: Annotated[
        bool, typer.Option("--yes-simulated-meters", help="Also send to a stack in an account, beside its real meters.")
    ] = False,
) -> None:
    """Push a generated fleet's readings through the system.

    Reports how many were accepted and, with --verify, how many have arrived.
    """
    from cli.load import load

    load(via, meters, days, interval, start, rate, seed, verify=verify, allowed=allowed)


def _rate(what: str) -> float:
    found: float = typer.Option(0.0, help=f"Fault, as a share from 0 to 1: {what}", show_default=False)
    return found


def _equipment(what: str) -> Any:
    return typer.Option(help=f"Share of {what}; default: what is typical of the place.", show_default=False)


def simulate(
    out: Annotated[Path, typer.Option(help="The file to write: .csv or .parquet.", show_default=False)],
    meters: Annotated[int, typer.Option(help="Number of meters.")] = 100,
    days: Annotated[int, typer.Option(help="Number of UTC days.")] = 30,
    interval: Annotated[int, INTERVAL] = 900,
    start: Annotated[str, typer.Option(help="The first day, YYYY-MM-DD.")] = "2025-01-01",
    seed: Annotated[int, typer.Option(help="The same seed gives the same bytes.")] = 1,
    place: Annotated[str, typer.Option(help="Location of the fleet: a country code such as DE or US.")] = "DE",
    shops: Annotated[float, typer.Option(help="Share of shops among the meters.")] = 0.04,
    ev: Annotated[float | None, _equipment("homes with an electric car")] = None,
    heat_pumps: Annotated[float, typer.Option(help="Share of houses with a heat pump.")] = 0.0,
    solar: Annotated[float | None, _equipment("houses with a solar system")] = None,
    batteries: Annotated[float | None, _equipment("houses with solar that have a battery")] = None,
    late: float = _rate("uploads that arrive 1 h to 3 days late."),
    duplicates: float = _rate("uploads that arrive twice."),
    gaps: float = _rate("meter-days with 1 to 8 h missing."),
    corrections: float = _rate("meter-days with 2 to 12 h first estimated, then corrected."),
    clock_drift: float = _rate("meters whose clock runs slow."),
    stuck: float = _rate("meter-days on which a register repeats one reading for 3 to 12 h."),
    spikes: float = _rate("meter-days with one reading 20 to 100 times too high."),
    silent: float = _rate("meters that send nothing for 1 to 10 days in every 30."),
    outage: float = _rate("feeder-days with an outage of 15 min to 4 h."),
) -> None:
    """Simulate a fleet of meters and write its readings to a file.

    Columns: meter_id, start (UTC), interval_s, wh, voltage_v, revision, direction. A house with a solar system has
    readings of both directions. The meters are written to NAME.meters.csv, and the injected faults, if any, to
    NAME.truth.csv.
    """
    from cli.simulate import simulate
    from producers.fleet.faults import Faults
    from producers.fleet.fleet import make_fleet
    from producers.fleet.places import place as place_of

    faults = Faults(late, duplicates, gaps, corrections, clock_drift, stuck, spikes, silent, outage)
    typical = place_of(place).equipment
    fleet = make_fleet(
        meters,
        seed,
        place,
        shops=shops,
        heat_pumps=heat_pumps,
        ev=typical.ev if ev is None else ev,
        solar=typical.solar if solar is None else solar,
        batteries=typical.batteries if batteries is None else batteries,
    )
    simulate(out, fleet, days, interval, start, faults)
