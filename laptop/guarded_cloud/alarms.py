"""Alarms as CloudWatch judges them: by the alarm's own dimensions, period by period, and when nothing is measured.

MiniStack takes all points of a metric's name, of whichever function, as those of one period, and leaves an alarm as it
is when no point comes.
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


def judged(alarm: Alarm, points: Sequence[Point], statistic: Callable[[Sequence[Point]], float], now: float) -> str:
    """The state of an alarm on one metric: `ALARM`, `OK` or `INSUFFICIENT_DATA`. Times are in s since 1970.

    Its periods are the newest ones, and end with the minute of `now`, or with the one before if nothing has been
    measured in this. As many of them as `DatapointsToAlarm` says, or all, have to breach the threshold.
    """
    minute = now // MINUTE_S * MINUTE_S
    end = minute + MINUTE_S if any(point["Timestamp"] >= minute for point in points) else minute
    length, count = int(alarm["Period"]), int(alarm["EvaluationPeriods"])
    breaches = OPERATORS[alarm["ComparisonOperator"]]
    missing, breaching = 0, 0
    for number in range(count):
        until = end - number * length
        within = [point for point in points if until - length <= point["Timestamp"] < until]
        missing += not within
        if within:
            breaching += breaches(float(statistic(within)), float(alarm["Threshold"]))
        else:
            breaching += alarm["TreatMissingData"] == "breaching"
    if missing == count:
        return EMPTY.get(alarm["TreatMissingData"], str(alarm["StateValue"]))
    return "ALARM" if breaching >= int(alarm.get("DatapointsToAlarm") or count) else "OK"


def judge_as_cloudwatch_does(cloudwatch: Any) -> None:
    """Replace MiniStack's judgment of an alarm on a metric, here in its module `cloudwatch`."""

    def evaluate(alarm: Alarm) -> None:
        if alarm.get("MetricName") and alarm["ComparisonOperator"] in OPERATORS:
            key = (alarm["Namespace"], alarm["MetricName"], dimensions(alarm))
            points = list(cloudwatch._metrics.get(key, ()))
            change(alarm, judged(alarm, points, lambda within: statistic(alarm, within), time.time()))

    def dimensions(alarm: Alarm) -> str:
        return str(cloudwatch._dims_key(cloudwatch._dims_from_list(alarm["Dimensions"])))

    def statistic(alarm: Alarm, points: Sequence[Point]) -> float:
        name = alarm.get("ExtendedStatistic") or alarm["Statistic"]
        return float(cloudwatch._stat_value(cloudwatch._calc_stats(points), name, points))

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
