"""An alarm of the laptop's cloud is evaluated as CloudWatch does: period by period."""

import pytest

from laptop.guarded_cloud.alarms import alarm_state

NOW = 1_795_768_830.0  # half a minute into a minute


def alarm(**more):
    usual = {
        "Period": 60,
        "EvaluationPeriods": 3,
        "ComparisonOperator": "GreaterThanThreshold",
        "Threshold": 0,
        "TreatMissingData": "notBreaching",
        "StateValue": "INSUFFICIENT_DATA",
    }
    return usual | more


def state(*points, now=NOW, **more):
    measured = [{"Timestamp": NOW - age_s, "Value": value} for age_s, value in points]
    return alarm_state(alarm(**more), measured, lambda period: sum(point["Value"] for point in period), now)


def test_one_bad_minute_is_no_alarm_that_needs_three():
    assert state((10, 5.0), (70, 0.0), (130, 0.0)) == "OK"
    assert state((10, 5.0), (70, 1.0), (130, 1.0)) == "ALARM"


def test_some_bad_minutes_of_several_are_enough_where_the_alarm_says_so():
    assert state((10, 5.0), (70, 0.0), (130, 1.0), DatapointsToAlarm=2) == "ALARM"


def test_a_minute_counts_as_soon_as_something_is_measured_in_it():
    assert state((10, 5.0), EvaluationPeriods=1) == "ALARM"
    assert state((40, 5.0), EvaluationPeriods=1) == "ALARM"
    assert state((10, 0.0), (40, 5.0), EvaluationPeriods=1) == "OK"


def test_an_alarm_ends_when_nothing_is_measured_any_more():
    assert state((10, 5.0), EvaluationPeriods=1, now=NOW + 300) == "OK"


@pytest.mark.parametrize(
    ("missing", "expected"),
    [("notBreaching", "OK"), ("breaching", "ALARM"), ("missing", "INSUFFICIENT_DATA"), ("ignore", "ALARM")],
)
def test_what_is_missing_counts_as_the_alarm_says(missing, expected):
    assert state(TreatMissingData=missing, StateValue="ALARM") == expected


def test_a_period_of_an_hour_is_that_before_now_and_not_that_of_the_clock():
    assert state((3_500, 1.0), Period=3_600, EvaluationPeriods=1) == "ALARM"
    assert state((3_700, 1.0), Period=3_600, EvaluationPeriods=1) == "OK"
