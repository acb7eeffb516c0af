"""CloudWatch's reading of embedded metrics on a laptop, where the functions' log lines stay log lines.

Follows the log groups of a stack and puts each embedded metric (EMF) as a metric, so that dashboards, alarms and tools
see the same numbers as in an account.
"""

import argparse
import json
import signal
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from electrocloud.aws.clients import CloudWatchClient
from electrocloud.aws.stack import STATE, find_stack
from laptop.checkpoint import Checkpoint
from laptop.cloud import DATA

EVERY_S = 1.0
OVERLAP_MS = 5_000


def metrics_in(line: str) -> Iterator[tuple[str, Any]]:
    """The metrics of one log line: (namespace, datum as PutMetricData takes it); none where it is not EMF."""
    if '"_aws"' not in line:
        return
    event = json.loads(line)
    moment = datetime.fromtimestamp(event["_aws"]["Timestamp"] / 1000, UTC)
    for directive in event["_aws"]["CloudWatchMetrics"]:
        for names in directive["Dimensions"]:
            dimensions = [{"Name": name, "Value": str(event[name])} for name in names]
            for metric in directive["Metrics"]:
                values = event[metric["Name"]]
                yield (
                    directive["Namespace"],
                    {
                        "MetricName": metric["Name"],
                        "Unit": metric.get("Unit", "None"),
                        "Dimensions": dimensions,
                        "Timestamp": moment,
                        "Values": values if isinstance(values, list) else [values],
                    },
                )


class Follower:
    """Reads the log groups under a prefix from where it stopped: `read_to` has the newest time (ms) by group."""

    def __init__(self, logs: Any, prefix: str, read_to: Mapping[str, int] | None = None) -> None:
        self._logs = logs
        self._prefix = prefix
        self.read_to: dict[str, int] = dict(read_to or {})
        self._start = dict(self.read_to)
        self._seen: dict[str, dict[tuple[str, int, str], None]] = {}

    def lines(self) -> Iterator[str]:
        """The log lines that came since the last call."""
        pages = self._logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=self._prefix)
        for name in [group["logGroupName"] for page in pages for group in page["logGroups"]]:
            yield from self._new(name)

    def _new(self, group: str) -> Iterator[str]:
        """Lines may come a little later than younger ones, so the last OVERLAP_MS are read again each time."""
        since = max(self._start.get(group, -1) + 1, self.read_to.get(group, 0) - OVERLAP_MS)
        before, now = self._seen.get(group, {}), dict[tuple[str, int, str], None]()
        pages = self._logs.get_paginator("filter_log_events").paginate(logGroupName=group, startTime=since)
        for event in (event for page in pages for event in page["events"]):
            line = (event["logStreamName"], event["timestamp"], event["message"])
            now[line] = None
            self.read_to[group] = max(self.read_to.get(group, 0), event["timestamp"])
            if line not in before:
                yield event["message"]
        newest = self.read_to.get(group, 0) - OVERLAP_MS
        self._seen[group] = {line: None for line in now if line[1] >= newest}


def forward(follower: Follower, cloudwatch: CloudWatchClient) -> int:
    """Put what is new; returns how many data were put."""
    count = 0
    for line in follower.lines():
        for namespace, datum in metrics_in(line):
            cloudwatch.put_metric_data(Namespace=namespace, MetricData=[datum])
            count += 1
    return count


def main() -> None:
    """Forward metrics until interrupted; a later start goes on from there."""
    argparse.ArgumentParser(prog="python -m laptop.metrics", description=__doc__).parse_args()
    stack = find_stack()
    place = Checkpoint(STATE / DATA / "metrics.json")
    follower = Follower(stack.client("logs"), "/electrocloud/", place.read())
    cloudwatch = stack.client("cloudwatch")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        while True:
            if forward(follower, cloudwatch):
                place.write(follower.read_to)
            time.sleep(EVERY_S)
    except KeyboardInterrupt:
        return


if __name__ == "__main__":
    main()
