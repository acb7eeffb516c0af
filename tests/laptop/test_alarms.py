"""Alarms of the laptop's cloud, in the process of the cloud itself."""

import subprocess

from analytics.template import ROOT

SCRIPT = """
import time
from ministack.services import cloudwatch
from laptop.guarded_cloud.alarms import judge_as_cloudwatch_does

judge_as_cloudwatch_does(cloudwatch)

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
    python = ROOT / ".venv-cloud" / "bin" / "python"
    done = subprocess.run([python, "-c", SCRIPT], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout.splitlines() == [
        "{'fails': 'ALARM', 'works': 'OK', 'worked': 'OK'}",
        "Errors GreaterThanThreshold 0.0: ALARM",
    ], done.stderr
