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
from electrocloud.aws.stack import STATE, find_stack
from producers.fleet.fleet import Fleet, make_fleet
from producers.fleet.simulate import simulate
from producers.sending.api import ApiSender
from producers.sending.head_end import HeadEndSender
from producers.sending.registration import check_simulation, register
from producers.sending.send_counts import SendCounts
from producers.sending.uploads import Delivery, SentUpload, uploads
from registry.folder import read_tariffs

HISTORY_DAYS = 35
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


def history(fleet: Fleet, before: date, days: int, interval_s: int) -> Iterator[SentUpload]:
    """Uploads of one day each, for the days before a day."""
    start = before - timedelta(days=days)
    for delivery in uploads(fleet, simulate(fleet, start, days, interval_s)):
        yield delivery.upload


def from_day(fleet: Fleet, day: date, interval_s: int) -> Iterator[Delivery]:
    """Uploads of one reading each, in order of delivery, from a day on."""
    later = (day + timedelta(days=number) for number in range(10_000))
    blocks = chain.from_iterable(simulate(fleet, one, 1, interval_s) for one in later)
    return uploads(fleet, blocks, every_s=interval_s)


def live(deliveries: Iterator[Delivery], clock: FleetClock, ways: dict[str, Sender], report: "Status") -> None:
    """Send each upload when the fleet's clock reaches it, until interrupted."""
    upcoming = next(deliveries)
    while True:
        now = clock.now()
        while upcoming.at <= now:
            _send(ways, upcoming.upload)
            upcoming = next(deliveries)
        for way in {*ways.values()}:
            way.flush()
        report("live", now)
        time.sleep(TICK_S)


def _send(ways: dict[str, Sender], upload: SentUpload) -> None:
    ways[upload.meter_id].send(upload.meter_id, msgspec.json.encode(upload), len(upload.readings))


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
    fleet = make_fleet(meters, seed, place)
    tally = SendCounts()
    report = Status(STATE / "fleet.json", tally, len(fleet))
    credentials = stack.session().get_credentials()
    api = ApiSender(stack.api, credentials, stack.region, stack.api_key(), tally, pause)
    head_end = HeadEndSender(stack.client("kinesis"), stack.stream, tally, pause)
    ways: dict[str, Sender] = {
        meter.meter_id: api if number % 2 else head_end for number, meter in enumerate(fleet.meters)
    }
    start = time.time() - 86_400
    today = datetime.fromtimestamp(start, UTC).date()
    register(stack, fleet.registered, fleet.place, read_tariffs(TARIFFS), today - timedelta(days=HISTORY_DAYS + 1))
    for number, upload in enumerate(history(fleet, today, HISTORY_DAYS, interval_s)):
        head_end.send(upload.meter_id, msgspec.json.encode(upload), len(upload.readings))
        if number % 200 == 0:
            report("history", upload.readings[-1].start.timestamp())
    head_end.flush()
    live(from_day(fleet, today, interval_s), FleetClock(start, speed), ways, report)


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
