"""What a function's role grants is what the function calls: the calls are recorded while its handler runs."""

import base64
import importlib
import json
from datetime import date
from typing import Any

from analytics.template import load
from tests.integration.conftest import CONTEXT
from tests.integration.test_closing_function import app as closing_app  # noqa: F401  fixtures
from tests.integration.test_closing_function import context, last_month, queue  # noqa: F401
from tests.kits.calls_kit import Calls, recorded
from tests.kits.examples import kinesis_event, upload_json
from tests.kits.template_kit import Resolver

TEMPLATE = load()
TABLES = {f"{name}Table.Arn": part for name, part in {
    "Windows": "windows", "Bills": "bills", "Meters": "meters", "Tariffs": "tariffs", "ServicePoints": "service_points",
}.items()} | {"BillsTable.Arn/index/by-month": "bills/by-month"}  # fmt: skip
# What Lambda itself calls in the role's name: it reads the stream and the queue, writes dead letters and logs.
BY_LAMBDA = {
    "kinesis:DescribeStream", "kinesis:DescribeStreamSummary", "kinesis:GetRecords", "kinesis:GetShardIterator",
    "kinesis:ListShards", "sqs:ReceiveMessage", "sqs:DeleteMessage", "s3:ListBucket", "logs:CreateLogStream",
    "logs:PutLogEvents", "xray:PutTraceSegments", "xray:PutTelemetryRecords",
}  # fmt: skip
KEY = {"kms:Decrypt", "kms:GenerateDataKey"}  # called by the services that keep what is encrypted


def granted(role: str) -> dict[str, set[str]]:
    """The actions of a role, each with its resources."""
    found: dict[str, set[str]] = {}
    resolve = Resolver(TEMPLATE, Stage="prod")
    for policy in resolve(TEMPLATE["Resources"][role]["Properties"])["Policies"]:
        for statement in policy["PolicyDocument"]["Statement"]:
            for action in _list(statement["Action"]):
                found.setdefault(action, set()).update(_list(statement["Resource"]))
    return found


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def tables(resources: set[str]) -> set[str]:
    return {TABLES[one] for one in resources}


def check(role: str, calls: Calls) -> None:
    grants = granted(role)
    assert {action for action, _ in calls} <= grants.keys(), "the role lacks what the function calls"
    unused = grants.keys() - {action for action, _ in calls} - BY_LAMBDA - KEY
    assert not unused, "the role has what the function does not call"
    for action, resources in grants.items():
        if action.startswith("dynamodb:"):
            called = {table for name, table in calls if name == action}
            assert called <= tables(resources), action


def test_the_metering_function_may_do_what_it_does(app, aws):
    aws.dynamodb.put_item(
        TableName="meters",
        Item={"meter_id": {"S": "m-9"}, "service_point_id": {"S": "SP-9"}, "tariff_id": {"S": "tou"}},
    )
    with recorded() as calls:
        uploads = [upload_json(), upload_json(meter_id="m-2", day=date(2026, 11, 25)), upload_json(meter_id="m-9")]
        app.handler(kinesis_event([*uploads, b"no json", upload_json(meter_id="nobody")]), CONTEXT)
    check("MeteringRole", calls)


def test_the_closing_function_may_do_what_it_does(closing_app, queue, last_month):  # noqa: F811
    with recorded() as calls:
        closing_app.handler({}, context(300_000))
        while event := _message(queue, calls):
            closing_app.handler(event, context(300_000))
    check("ClosingRole", calls)


def test_the_transform_may_do_what_it_does(aws, monkeypatch):
    for name, value in {
        "METERS_TABLE": "meters", "FUTURE_TOLERANCE_MINUTES": "60", "POWERTOOLS_SERVICE_NAME": "transform",
        "POWERTOOLS_METRICS_NAMESPACE": "ElectroCloud", "POWERTOOLS_TRACE_DISABLED": "true",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    from firehose.transform import app as transform  # which reads the environment when it is imported

    transform = importlib.reload(transform)
    record = {"recordId": "1", "approximateArrivalTimestamp": 1_795_600_000_000}
    called = json.loads(upload_json()) | {"caller": "arn:aws:iam::111122223333:role/head-end"}
    data = base64.b64encode(json.dumps(called).encode()).decode()
    with recorded() as calls:
        event = {"invocationId": "i", "deliveryStreamArn": "a", "region": "r", "records": [record | {"data": data}]}
        transform.handler(event, CONTEXT)
    check("TransformRole", calls)


def _message(work: Any, calls: Calls) -> Any:
    """The next message, which Lambda receives and deletes, and not the function."""
    before = {*calls}
    message = work.take()
    calls.intersection_update(before)
    return message
