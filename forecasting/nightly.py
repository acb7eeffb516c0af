"""What the forecasting function does on its schedule, for the deployment at hand: python -m forecasting.nightly."""

from datetime import UTC, datetime

from cli.query import ask
from electrocloud.aws.forecasts import Forecasts
from electrocloud.aws.reader import Reader
from electrocloud.aws.stack import find_stack
from forecasting.history import histories
from forecasting.job import keep_forecasts, keep_month_ends, zone_of_most


def main() -> None:
    stack, now = find_stack(), datetime.now(UTC)
    reader, store = Reader(stack), Forecasts(stack.client("dynamodb"), stack.forecasts_table)
    meters = reader.meters()
    print(f"{keep_month_ends(reader, meters, store, now)} month-ends", flush=True)
    loads = histories(lambda sql: ask(stack, sql).rows, now)
    for made in keep_forecasts(loads, zone_of_most(meters), store, now):
        print(f"{made.series}: {made.model}", flush=True)


if __name__ == "__main__":
    main()
