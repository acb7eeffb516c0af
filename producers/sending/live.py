"""Runs a live fleet: sends its history as fast as possible, then readings as they occur, over both channels.

Every second meter uses the API, the others a head-end. The fleet's clock starts one day back and runs `speed` times as
fast as real time until it catches up, so no reading is in the future.
"""

import argparse
import json
import signal
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Protocol

import msgspec

from electrocloud.aws import backoff
from electrocloud.aws.stack import STATE, Stack, find_stack
from electrocloud.aws.store.reader import Reader
from electrocloud.domain.local_time import instant_of
from electrocloud.domain.registry.records import Registry
from lake.weather import store_temperatures
from producers.fleet.fleet import Fleet, typical_fleet
from producers.fleet.simulate import simulate
from producers.fleet.story import Story, first_day
from producers.sending.api import ApiSender
from producers.sending.head_end import HeadEndSender
from producers.sending.history import close_bills, reported, send_history, send_rejected
from producers.sending.registration import add_fleet, check_simulation
from producers.sending.send_counts import SendCounts
from producers.sending.uploads import Delivery, uploads
from producers.sending.weather import WeatherSender
from registry.desk import RegistryDesk
from registry.folder import read_tariffs

TICK_S = 0.5
TARIFFS = Path(__file__).parents[2] / "tariffs"


class Sender(Protocol):
    """A channel for sending uploads."""

    def send(self, meter_id: str, upload: bytes, readings: int) -> None:
        """Queue an upload (JSON) with its number of readings."""

    def flush(self) -> None:
        """Send queued uploads."""


class FleetClock:
    """The fleet's time (s since 1970 UTC): starts at `start`, runs at `speed`, and is never later than now."""

    def __init__(self, start: float, speed: float) -> None:
        self._start = start
        self._speed = speed
        self._began = time.time()

    def now(self) -> float:
        """The fleet's time, s since 1970 UTC."""
        elapsed = time.time() - self._began
        return min(self._start + elapsed * self._speed, self._began + elapsed)


# A sender has more time than a function, and a throttled stream has room again after a second.
pause = partial(backoff.pause, first_s=0.1, most_s=5.0)


def from_day(fleet: Fleet, day: date, interval_s: int) -> Iterator[Delivery]:
    """Uploads of one reading each, in order of delivery, from a day on."""
    later = (day + timedelta(days=number) for number in range(10_000))
    blocks = chain.from_iterable(simulate(fleet, one, 1, interval_s) for one in later)
    return uploads(fleet, blocks, every_s=interval_s)


def live(
    deliveries: Iterator[Delivery],
    story: Story,
    clock: FleetClock,
    ways: dict[str, Sender],
    weather: WeatherSender,
    report: "Status",
) -> None:
    """Send each upload and the weather when the fleet's clock reaches them, until interrupted."""
    upcoming = next(deliveries)
    while True:
        now = clock.now()
        while upcoming.at <= now:
            for upload in reported(story, upcoming.upload):
                way = ways[upcoming.upload.meter_id]
                way.send(upload.meter_id, msgspec.json.encode(upload), len(upload.readings))
            upcoming = next(deliveries)
        for way in {*ways.values()}:
            way.flush()
        weather.send(now)
        report("live", now)
        time.sleep(TICK_S)


class Status:
    """Writes the fleet's phase and progress to a file."""

    def __init__(self, path: Path, tally: SendCounts, meters: int) -> None:
        self._path = path
        self._tally = tally
        self._meters = meters

    def __call__(self, phase: str, clock: float) -> None:
        """Write the phase (`history` or `live`), the clock (s since 1970 UTC) and the counts."""
        state = {
            "phase": phase,
            "clock": datetime.fromtimestamp(clock, UTC).isoformat(timespec="seconds"),
            "meters": self._meters,
            "sent": self._tally.sent,
            "accepted": self._tally.accepted,
            "refused": self._tally.refused,
            "retried": self._tally.retried,
        }
        draft = self._path.with_suffix(".new")
        draft.write_text(json.dumps(state))
        draft.replace(self._path)


def run(meters: int, seed: int, speed: float, interval_s: int, place: str) -> None:
    """Register a fleet, send its history, and let it live until interrupted."""
    stack = find_stack()
    fleet = typical_fleet(meters, seed, place)
    tally = SendCounts()
    report = Status(STATE / "fleet.json", tally, len(fleet))
    credentials = stack.session().get_credentials()
    api = ApiSender(stack.api, credentials, stack.region, stack.api_key(), tally, pause)
    head_end = HeadEndSender(stack.client("kinesis"), stack.stream, tally, pause)
    ways: dict[str, Sender] = {
        meter.meter_id: api if number % 2 else head_end for number, meter in enumerate(fleet.meters)
    }
    start = time.time() - 86_400
    yesterday = datetime.fromtimestamp(start, UTC).date()
    desk = RegistryDesk(stack)
    story = Story(fleet, _first(desk.store.load(), fleet) or first_day(yesterday))
    report("history", instant_of(story.first))
    add_fleet(desk, story.registry(read_tariffs(TARIFFS)))
    weather = _weather_sender(stack, fleet, story)
    weather.send(start)  # before the readings, so that the first forecasts know it
    first = _sent_until(stack, fleet, story) or story.first - timedelta(days=1)  # the local day may begin before UTC's
    send_history(fleet, story, first, yesterday, interval_s, head_end, stack, report)
    send_rejected(fleet, interval_s, head_end, stack)
    close_bills(stack)
    live(from_day(fleet, yesterday, interval_s), story, FleetClock(start, speed), ways, weather, report)


def _weather_sender(stack: Stack, fleet: Fleet, story: Story) -> WeatherSender:
    s3 = stack.client("s3")
    return WeatherSender(
        fleet,
        instant_of(story.first),
        lambda temperatures: store_temperatures(s3, stack.bucket, temperatures, backoff.pause),
    )


def _first(stored: Registry, fleet: Fleet) -> date | None:
    """The first day of a fleet's history, if it has been registered."""
    agreement = f"AG-{fleet.meters[0].meter_id}"
    return min((one.first for one in stored.agreements.values() if one.agreement_id == agreement), default=None)


def _sent_until(stack: Stack, fleet: Fleet, story: Story) -> date | None:
    """The last day that all meters have readings of but the silent one; None where a meter has none."""
    now = datetime.now(UTC)
    meters = [story.meter_at(one.meter_id, now) for one in fleet.meters if not story.is_unread(one.meter_id, now)]
    newest = Reader(stack).newest_days(meters)
    return min(day.day for day in newest.values()) if len(newest) == len(meters) else None


def main() -> None:
    """Run the fleet that the arguments describe."""
    parser = argparse.ArgumentParser(prog="python -m producers.sending.live", description=__doc__)
    parser.add_argument("--meters", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--speed", type=float, default=60.0, help="speed relative to real time")
    parser.add_argument("--interval", type=int, default=900, help="interval length, s")
    parser.add_argument("--place", default="US")
    parser.add_argument("--yes-simulated-meters", action="store_true", help="also send to a stack in an account")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    check_simulation(find_stack(), allowed=arguments.yes_simulated_meters)
    try:
        run(arguments.meters, arguments.seed, arguments.speed, arguments.interval, arguments.place)
    except KeyboardInterrupt:
        return


if __name__ == "__main__":
    main()
