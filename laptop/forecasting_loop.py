"""The forecasting function's work items, run on this laptop one after the other: python -m laptop.forecasting_loop."""

import argparse
import os
import signal
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime

from botocore.exceptions import BotoCoreError, ClientError

from analytics.ask import ask
from electrocloud.aws.stack import Stack, find_stack
from electrocloud.domain.errors import ElectroCloudError
from forecasting import work
from laptop.status import fleet_status

FIRST_WAIT_S = 30  # for a fleet that starts at the same time, and for the Parquet of what it sent last
POLL_S = 5


def deployment_of(stack: Stack) -> work.Deployment:
    """What forecasting works on, with clients of its own, which are made once: boto3's keep memory."""
    athena = stack.client("athena")
    return work.open_deployment(
        stack.client("dynamodb"), stack.client("s3"), stack, lambda sql: ask(stack, athena, sql).rows
    )


def run_once(on: work.Deployment, kinds: Sequence[work.Kind] = work.KINDS) -> None:
    """Do what is due of these kinds of work, with a line for each item."""
    now = datetime.now(UTC)
    for kind in kinds:
        for item in work.plan(kind, on, now):
            done = work.run(item, on, now, out_of_time=lambda: False)
            counts = ", ".join(
                f"{name} {count}" for name, count in done._asdict().items() if isinstance(count, int) and count
            )
            print(f"{datetime.now(UTC):%H:%M:%S} {type(item).__name__}: {counts or 'nothing due'}", flush=True)


def repeat(on: work.Deployment, every_s: float) -> None:
    """Run until interrupted, at low priority. What fails is done by the next run."""
    os.nice(10)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    wait_for_history()
    while True:
        try:
            run_once(on)
        except (ElectroCloudError, BotoCoreError, ClientError) as fault:
            print(f"this run failed: {fault}", file=sys.stderr, flush=True)
        time.sleep(every_s)


def wait_for_history() -> None:
    """Wait until a fleet has sent its history, since a forecast from a part of it would be of days long past."""
    time.sleep(FIRST_WAIT_S)
    waited = False
    while fleet_status().get("phase") == "history":
        time.sleep(POLL_S)
        waited = True
    if waited:
        time.sleep(FIRST_WAIT_S)


def main() -> None:
    """Run once, or with --every again and again."""
    parser = argparse.ArgumentParser(prog="python -m laptop.forecasting_loop", description=__doc__)
    parser.add_argument("--every", type=float, metavar="S", help="run again and again, with so many seconds between")
    every_s = parser.parse_args().every
    if every_s is None:
        run_once(deployment_of(find_stack()))
        return
    try:
        repeat(deployment_of(find_stack()), every_s)
    except KeyboardInterrupt:
        return


if __name__ == "__main__":
    main()
