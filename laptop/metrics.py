"""CloudWatch's reading of embedded metrics on a laptop, where the functions' log lines stay log lines.

Follows the log groups of a stack and puts each embedded metric (EMF) as a metric, so that dashboards, alarms and tools
see the same numbers as in an account.
"""

import argparse
import json
import signal
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from electrocloud.aws.stack import find_stack

EVERY_S = 1.0


def metrics_in(line: str) -> Iterator[tuple[str, dict[str, Any]]]:
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
    """Reads the log groups under a prefix from where it stopped."""

    def __init__(self, logs: Any, prefix: str) -> None:
        self._logs = logs
        self._prefix = prefix
        self._tokens: dict[tuple[str, str], str] = {}

    def lines(self) -> Iterator[str]:
        """The log lines that came since the last call."""
        for group in self._logs.describe_log_groups(logGroupNamePrefix=self._prefix)["logGroups"]:
            name = group["logGroupName"]
            for stream in self._logs.describe_log_streams(logGroupName=name)["logStreams"]:
                yield from self._new(name, stream["logStreamName"])

    def _new(self, group: str, stream: str) -> Iterator[str]:
        while True:
            token = self._tokens.get((group, stream))
            more = {"nextToken": token} if token else {}
            answer = self._logs.get_log_events(logGroupName=group, logStreamName=stream, startFromHead=True, **more)
            yield from (event["message"] for event in answer["events"])
            self._tokens[group, stream] = answer["nextForwardToken"]
            if not answer["events"] or answer["nextForwardToken"] == token:
                return


def forward(follower: Follower, cloudwatch: Any) -> int:
    """Put what is new; returns how many data were put."""
    count = 0
    for line in follower.lines():
        for namespace, datum in metrics_in(line):
            cloudwatch.put_metric_data(Namespace=namespace, MetricData=[datum])
            count += 1
    return count


def main() -> None:
    """Forward metrics until interrupted."""
    argparse.ArgumentParser(prog="python -m laptop.metrics", description=__doc__).parse_args()
    stack = find_stack()
    follower = Follower(stack.client("logs"), "/electrocloud/")
    cloudwatch = stack.client("cloudwatch")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        while True:
            forward(follower, cloudwatch)
            time.sleep(EVERY_S)
    except KeyboardInterrupt:
        return


if __name__ == "__main__":
    main()
