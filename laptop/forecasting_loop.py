"""What the forecasting function does on its schedule, for the deployment at hand: python -m laptop.forecasting_loop."""

import argparse
import os
import signal
import sys
import time
from datetime import UTC, datetime

from botocore.exceptions import BotoCoreError, ClientError

from analytics.ask import ask
from electrocloud.aws.stack import Stack, find_stack
from electrocloud.aws.store.forecasts import Forecasts
from electrocloud.aws.store.reader import Reader
from electrocloud.domain.errors import ElectroCloudError
from forecasting.history import histories
from forecasting.job import update_forecasts, update_meter_outlooks, zone_of_most

FIRST_WAIT_S = 30  # for the history of a fleet that starts at the same time


def run(stack: Stack) -> None:
    """Make what is due, with a line for each part of it."""
    reader, store, now = Reader(stack), Forecasts(stack.client("dynamodb"), stack.forecasts_table), datetime.now(UTC)
    athena, meters = stack.client("athena"), reader.meters()
    ends, suspects = update_meter_outlooks(reader, meters, store, now)
    print(f"{now:%H:%M:%S}: {ends} month-ends, {suspects} suspects", flush=True)
    loads = histories(lambda sql: ask(stack, athena, sql).rows, now)
    for made in update_forecasts(loads, zone_of_most(meters), store, now):
        print(f"{made.series}: {made.model}", flush=True)


def repeat(stack: Stack, every_s: float) -> None:
    """Run until interrupted, out of the others' way; a run that fails leaves its work to the next one."""
    os.nice(10)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    time.sleep(FIRST_WAIT_S)
    while True:
        try:
            run(stack)
        except (ElectroCloudError, BotoCoreError, ClientError) as fault:
            print(f"this run failed: {fault}", file=sys.stderr, flush=True)
        time.sleep(every_s)


def main() -> None:
    """Run once, or with --every again and again."""
    parser = argparse.ArgumentParser(prog="python -m laptop.forecasting_loop", description=__doc__)
    parser.add_argument("--every", type=float, metavar="S", help="run again and again, with so many seconds between")
    every_s = parser.parse_args().every
    if every_s is None:
        run(find_stack())
        return
    try:
        repeat(find_stack(), every_s)
    except KeyboardInterrupt:
        return


if __name__ == "__main__":
    main()
