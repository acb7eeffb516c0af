"""Alarms evaluated as CloudWatch does: by their own dimensions, period by period, and with missing data.

MiniStack takes all points of a metric's name, of any function, for one period, and leaves an alarm as it is when there
are no new points.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

MINUTE_S = 60
EMPTY = {"breaching": "ALARM", "notBreaching": "OK", "missing": "INSUFFICIENT_DATA"}  # "ignore" leaves the state
OPERATORS: Mapping[str, Callable[[float, float], bool]] = {
    "GreaterThanOrEqualToThreshold": float.__ge__,
    "GreaterThanThreshold": float.__gt__,
    "LessThanThreshold": float.__lt__,
    "LessThanOrEqualToThreshold": float.__le__,
}

Point = dict[str, Any]
Alarm = dict[str, Any]


def alarm_state(
    alarm: Alarm, points: Sequence[Point], statistic: Callable[[Sequence[Point]], float | None], now: float
) -> str:
    """The state of an alarm on one metric: `ALARM`, `OK` or `INSUFFICIENT_DATA`. Times are in s since 1970.

    Its periods are the newest ones. The last ends with the current minute, or with the one before if this has no points
    yet. The alarm is on if as many periods as `DatapointsToAlarm` says, or all of them, breach the threshold.
    """
    minute = now // MINUTE_S * MINUTE_S
    end = minute + MINUTE_S if any(point["Timestamp"] >= minute for point in points) else minute
    length, count = int(alarm["Period"]), int(alarm["EvaluationPeriods"])
    ends = [end - number * length for number in range(count)]
    periods = [[point for point in points if until - length <= point["Timestamp"] < until] for until in ends]
    values = [value for period in periods if period and (value := statistic(period)) is not None]
    if not values:
        return EMPTY.get(alarm["TreatMissingData"], str(alarm["StateValue"]))
    breaches = OPERATORS[alarm["ComparisonOperator"]]
    breaching = sum(breaches(float(value), float(alarm["Threshold"])) for value in values)
    if alarm["TreatMissingData"] == "breaching":
        breaching += count - len(values)
    return "ALARM" if breaching >= int(alarm.get("DatapointsToAlarm") or count) else "OK"


def evaluate_as_cloudwatch(cloudwatch: Any) -> None:
    """Replace how MiniStack evaluates an alarm on a metric, in its module `cloudwatch`."""

    def evaluate(alarm: Alarm) -> None:
        if alarm.get("MetricName") and alarm["ComparisonOperator"] in OPERATORS:
            key = (alarm["Namespace"], alarm["MetricName"], dimensions(alarm))
            points = list(cloudwatch._metrics.get(key, ()))
            change(alarm, alarm_state(alarm, points, lambda period: statistic(alarm, period), time.time()))

    def dimensions(alarm: Alarm) -> str:
        return str(cloudwatch._dims_key(cloudwatch._dims_from_list(alarm["Dimensions"])))

    def statistic(alarm: Alarm, points: Sequence[Point]) -> float | None:
        name = alarm.get("ExtendedStatistic") or alarm["Statistic"]
        value: float | None = cloudwatch._stat_value(cloudwatch._calc_stats(points), name, points)
        return value

    def change(alarm: Alarm, state: str) -> None:
        before, name = alarm["StateValue"], alarm["AlarmName"]
        if state == before:
            return
        reason = f"{alarm['MetricName']} {alarm['ComparisonOperator']} {alarm['Threshold']}: {state}"
        alarm |= {"StateValue": state, "StateReason": reason, "StateUpdatedTimestamp": int(time.time())}
        cloudwatch._record_history(name, before, state, reason)
        cloudwatch._dispatch_alarm_actions(alarm, before, state, reason)
        cloudwatch._evaluate_parent_alarms(alarm)

    cloudwatch._evaluate_alarm = evaluate
