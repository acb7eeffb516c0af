"""Alarms of the laptop's cloud, in the process of the cloud itself."""

from tests.kits.cloud_kit import run_in_cloud

SCRIPT = """
from ministack.services import cloudwatch
from laptop.guarded_cloud.alarms import evaluate_as_cloudwatch

evaluate_as_cloudwatch(cloudwatch)

def alarm(function, state):
    cloudwatch._alarms[function] = {
        "AlarmName": function, "Namespace": "AWS/Lambda", "MetricName": "Errors", "Statistic": "Sum",
        "Dimensions": [{"Name": "FunctionName", "Value": function}], "Period": 60, "EvaluationPeriods": 1,
        "Threshold": 0.0, "ComparisonOperator": "GreaterThanThreshold", "TreatMissingData": "notBreaching",
        "StateValue": state, "AlarmArn": function,
    }

alarm("fails", "OK")
alarm("works", "OK")
alarm("worked", "ALARM")
cloudwatch.record_metric("AWS/Lambda", "Errors", 1.0, dimensions={"FunctionName": "fails"})
cloudwatch.record_metric("AWS/Lambda", "Errors", 0.0, dimensions={"FunctionName": "works"})
cloudwatch._evaluate_all_alarms()
print({name: one["StateValue"] for name, one in cloudwatch._alarms.items()})
print(cloudwatch._alarms["fails"]["StateReason"])
"""


def test_only_the_function_that_fails_has_its_alarm_on() -> None:
    assert run_in_cloud(SCRIPT) == [
        "{'fails': 'ALARM', 'works': 'OK', 'worked': 'OK'}",
        "Errors GreaterThanThreshold 0.0: ALARM",
    ]
