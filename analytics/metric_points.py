"""Points of CloudWatch metrics: their rate in the last full minute, and when they were last above 0."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from electrocloud.aws.clients import CloudWatchClient
from electrocloud.aws.store.reader import NAMESPACE

DAY = timedelta(days=1)
DAY_PERIOD_S = 300


class Metric(NamedTuple):
    """A metric with its dimensions and statistic, such as `Sum`."""

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...]
    statistic: str = "Sum"


class Points(NamedTuple):
    """What a metric says: its value in the last full minute, and in the last day its sum and its last point above 0.

    `minute` is 0 for a minute without a point. All are None if the whole day has none: then nothing is measured.
    """

    minute: float | None
    day: float | None
    last: datetime | None


NONE = Points(None, None, None)


def own(service: str, name: str, statistic: str = "Sum") -> Metric:
    """A metric that one of our functions puts."""
    return Metric(NAMESPACE, name, (("service", service),), statistic)


def read(cloudwatch: CloudWatchClient, metrics: Collection[Metric], now: datetime) -> dict[Metric, Points]:
    """The points of these metrics."""
    full = now.replace(second=0, microsecond=0)
    minutes = series(cloudwatch, metrics, full - timedelta(minutes=2), full, 60)
    days = series(cloudwatch, metrics, now - DAY, now, DAY_PERIOD_S)
    return {metric: _points(minutes[metric], days[metric]) for metric in metrics}


def _points(minutes: Mapping[datetime, float], day: Mapping[datetime, float]) -> Points:
    above = [moment for moment, value in day.items() if value > 0]
    minute = minutes[max(minutes)] if minutes else 0.0 if day else None
    return Points(minute, sum(day.values()) if day else None, max(above, default=None))


def series(
    cloudwatch: CloudWatchClient, metrics: Collection[Metric], since: datetime, until: datetime, period_s: int
) -> dict[Metric, dict[datetime, float]]:
    """The points of each metric between two instants, by their moments."""
    by_id = {f"m{number}": metric for number, metric in enumerate(metrics)}
    queries: Any = [
        {
            "Id": key,
            "MetricStat": {
                "Metric": {
                    "Namespace": metric.namespace,
                    "MetricName": metric.name,
                    "Dimensions": [{"Name": name, "Value": value} for name, value in metric.dimensions],
                },
                "Period": period_s,
                "Stat": metric.statistic,
            },
        }
        for key, metric in by_id.items()
    ]
    found: dict[Metric, dict[datetime, float]] = {metric: {} for metric in metrics}
    pages = cloudwatch.get_paginator("get_metric_data").paginate(
        MetricDataQueries=queries, StartTime=since, EndTime=until
    )
    for result in (result for page in pages for result in page["MetricDataResults"]):
        found[by_id[result["Id"]]] |= dict(zip(result["Timestamps"], result["Values"], strict=True))
    return found
