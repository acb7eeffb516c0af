"""Reads what the Network page shows: ratings, the day's readings, and the feeders' forecasts."""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from analytics.network_loading import Loading, loadings, utc_days
from dashboard.fleet import Fleet
from electrocloud.aws.backoff import pause
from electrocloud.aws.stack import Stack
from electrocloud.aws.store.forecasts import Forecasts
from electrocloud.aws.store.reader import AT_ONCE, Reader
from electrocloud.aws.store.record_parts import EQUIPMENT, RecordParts
from electrocloud.domain.meter import RegisteredMeter


def read_network(
    stack: Stack, reader: Reader, meters: Sequence[RegisteredMeter], fleet: Fleet | None
) -> tuple[list[Loading], float]:
    """Feeders and transformers with their loads, and the end of the newest reading (s since 1970 UTC)."""
    now, power_w = time.time(), {}
    if fleet:
        reporting = fleet.meters[~fleet.meters["silent"]]
        now, power_w = fleet.now, dict(zip(reporting["meter_id"], reporting["power_w"], strict=True))
    ids = [meter.meter_id for meter in meters]
    days = (one for day in utc_days(meters, now) for one in reader.day_of_each(ids, day).items())
    dynamodb = stack.client("dynamodb", connect_timeout=2, read_timeout=10)
    ratings = RecordParts(dynamodb, stack.service_points_table, pause, EQUIPMENT).load().values()
    forecasts = Forecasts(dynamodb, stack.forecasts_table)
    feeders = sorted({meter.feeder for meter in meters})
    with ThreadPoolExecutor(AT_ONCE) as pool:
        newest = pool.map(lambda feeder: forecasts.newest(f"feeder/{feeder}"), feeders)
        rows = {feeder: made[0].rows for feeder, made in zip(feeders, newest, strict=True) if made}
    return loadings(meters, ratings, power_w, days, rows, now), now
