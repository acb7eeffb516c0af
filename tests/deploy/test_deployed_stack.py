"""From uploads to everything that comes out of the deployed functions: none of it is imported here but the formats."""

import base64
import json
import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest, AWSResponse
from botocore.httpsession import URLLib3Session

from analytics.template import ROOT, load
from electrocloud.aws.customer_tokens import CustomerTokens
from electrocloud.aws.event_bus import EventBus
from electrocloud.aws.ingest.quarantine import unpack
from electrocloud.aws.quarantine_keys import counts_in
from electrocloud.aws.store.dynamodb_items import bill_of, stored_day
from electrocloud.aws.store.reader import Reader
from electrocloud.domain.billing.bill import bills
from electrocloud.domain.billing.bill_events import bill_event
from electrocloud.domain.billing.service import BillKey
from electrocloud.domain.tariffs.urdb import tariff_from_urdb
from laptop import cloud, metrics
from producers.fleet.fleet import make_fleet
from producers.sending.api import ApiSender
from producers.sending.head_end import HeadEndSender
from producers.sending.registration import register
from producers.sending.send_counts import SendCounts
from tests.deploy.conftest import PARAMETERS
from tests.kits.billing_kit import load as load_of
from tests.kits.examples import TIME_OF_USE, upload_json
from tests.kits.template_kit import Resolver
from tests.kits.waiting import until
from tools.scale import scale

pytestmark = [pytest.mark.deploy, pytest.mark.timeout(300)]

DAY = date(2026, 11, 23)


def never(attempt: int) -> None:
    raise AssertionError(f"nothing should have to be sent again, and was {attempt} times")


@pytest.fixture(scope="module")
def sent(deployed):
    """Two meters' days by the API, two by a head-end, and one upload that nobody can read."""
    stack = deployed.stack
    fleet = make_fleet(4, seed=1, tariffs={kind: ["tou"] for kind in ("home", "apartment", "shop")})
    register(stack, fleet.registered, fleet.place, {"tou": TIME_OF_USE}, DAY.replace(day=1))
    tally = SendCounts()
    api = ApiSender(stack.api, stack.session().get_credentials(), stack.region, stack.api_key(), tally, never)
    head_end = HeadEndSender(stack.client("kinesis"), stack.stream, tally, never)
    meters = [meter.meter_id for meter in fleet.meters]
    for number, meter in enumerate(meters):
        way = api if number % 2 else head_end
        way.send(meter, upload_json(meter_id=meter, day=DAY, wh=[100 + number] * 96), 96)
    api.flush()
    head_end.flush()
    stack.client("kinesis").put_record(StreamName=stack.stream, PartitionKey="x", Data=b"nobody can read this")
    assert (tally.accepted, tally.refused) == (4 * 96, 0)
    return meters


def test_uploads_from_both_channels_become_windows(deployed, sent):
    stack = deployed.stack
    dynamodb = stack.client("dynamodb")

    def days():
        found = dynamodb.scan(TableName=stack.windows_table)["Items"]
        return found if len(found) == len(sent) else None

    windows = {item["meter_id"]["S"]: stored_day(item).day for item in until(days, "a window item for each meter")}
    assert {meter: day.hours_wh() for meter, day in windows.items()} == {
        meter: [4 * (100 + number)] * 24 for number, meter in enumerate(sent)
    }


def test_each_meters_agreement_gets_its_bill(deployed, sent):
    stack = deployed.stack

    def bills():
        found = stack.client("dynamodb").scan(TableName=stack.bills_table)["Items"]
        return found if len(found) == len(sent) else None

    energy = {item["meter_id"]["S"]: bill_of(item).energy_kwh * 1000 for item in until(bills, "a bill for each meter")}
    assert energy == {f"AG-{meter}": 96 * (100 + number) for number, meter in enumerate(sent)}


def test_a_customers_token_reads_the_accounts_usage_through_the_gateway_and_nothing_of_others(deployed, sent):
    stack, (own, other) = deployed.stack, sent[:2]
    until(lambda: dict(Reader(stack).newest_days([own])), "the meter's day")
    token = CustomerTokens(stack.client("kms"), stack.token_key).issue(f"A-{own}", 60)

    def get(meter: str, **headers: str) -> AWSResponse:
        url = f"{stack.api}/v1/customer/meters/{meter}/usage?from={DAY}&to={DAY + timedelta(days=2)}&resolution=month"
        return URLLib3Session().send(AWSRequest("GET", url, headers).prepare())

    answer = get(own, Authorization=f"Bearer {token}")
    assert sum(row["wh"] for row in json.loads(answer.content)["rows"]) == 96 * 100
    assert answer.headers["ETag"]
    assert get(other, Authorization=f"Bearer {token}").status_code == 404
    assert get(own).status_code == 401


def test_an_unreadable_upload_is_in_the_quarantine(deployed, sent):
    stack = deployed.stack
    s3 = stack.client("s3")

    def objects():
        return s3.list_objects_v2(Bucket=stack.bucket, Prefix="quarantine/").get("Contents")

    (found,) = until(objects, "an object in the quarantine")
    (row,) = unpack(found["Key"], s3.get_object(Bucket=stack.bucket, Key=found["Key"])["Body"].read())
    assert row.reason == "not-json"


def test_athena_answers_from_the_parquet_that_is_delivered(deployed, sent):
    stack = deployed.stack
    athena = stack.client("athena")
    sql = f"SELECT meter_id, sum(wh) FROM readings WHERE dt = '{DAY}' GROUP BY meter_id ORDER BY meter_id"

    def answer():
        query = athena.start_query_execution(
            QueryString=sql, WorkGroup=stack.work_group, QueryExecutionContext={"Database": stack.database}
        )["QueryExecutionId"]

        def state():
            status = athena.get_query_execution(QueryExecutionId=query)["QueryExecution"]["Status"]["State"]
            return status if status not in ("QUEUED", "RUNNING") else None

        if until(state, "the query's end") != "SUCCEEDED":
            return None
        rows = athena.get_query_results(QueryExecutionId=query)["ResultSet"]["Rows"][1:]
        return [[cell["VarCharValue"] for cell in row["Data"]] for row in rows] or None

    expected = [[meter, str(96 * (100 + number))] for number, meter in enumerate(sent)]
    assert until(lambda: (found := answer()) and found == expected and found, f"Athena answers {expected}") == expected


def test_the_deployed_transform_makes_rows_of_an_upload(deployed, sent):
    functions = deployed.stack.client("lambda")
    (name,) = (
        one["FunctionName"] for one in functions.list_functions()["Functions"] if "Transform" in one["FunctionName"]
    )
    upload = upload_json(meter_id=sent[0], day=DAY, wh=[100] * 96)
    record = {
        "recordId": "1",
        "approximateArrivalTimestamp": int(datetime(2026, 11, 24, tzinfo=UTC).timestamp() * 1000),
        "data": base64.b64encode(upload).decode(),
    }
    event = {"invocationId": "i", "deliveryStreamArn": "arn", "region": "eu-central-1", "records": [record]}
    answer = functions.invoke(FunctionName=f"{name}:live", Payload=json.dumps(event))
    (result,) = json.loads(answer["Payload"].read())["records"]
    assert result["result"] == "Ok"
    assert result["metadata"]["partitionKeys"] == {"dt": f"{DAY}"}
    assert len(base64.b64decode(result["data"]).splitlines()) == 96


def test_the_functions_metrics_can_be_read(deployed, sent):
    stack = deployed.stack
    follower = metrics.Follower(stack.client("logs"), "/electrocloud/")
    stored = 0

    def counted():
        nonlocal stored
        for line in follower.lines():
            for _, datum in metrics.metrics_in(line):
                stored += sum(datum["Values"]) if datum["MetricName"] == "ReadingsStored" else 0
        return stored == 4 * 96

    until(counted, "384 readings in the metric ReadingsStored")


def test_a_call_can_be_followed_by_its_id_into_the_logs_of_the_function(deployed, sent):
    stack = deployed.stack
    body = b'{"uploads": [' + upload_json(meter_id=sent[0], day=DAY, wh=[100] * 96) + b"]}"  # which is known already
    headers = {"Content-Type": "application/json", "x-api-key": stack.api_key()}
    call = AWSRequest("POST", f"{stack.api}/v1/uploads", headers, body)
    SigV4Auth(stack.session().get_credentials(), "execute-api", stack.region).add_auth(call)
    answer = URLLib3Session().send(call.prepare())
    assert answer.status_code == 202
    request_id = answer.headers["x-amzn-RequestId"]
    follower = metrics.Follower(stack.client("logs"), f"/electrocloud/{cloud.STACK}/metering")

    def line():
        found = (json.loads(text) for text in follower.lines() if request_id in text and text.startswith("{"))
        return next((one for one in found if one["message"] == "batch ingested"), None)

    assert request_id in until(line, "a line of the metering function that names the call")["request_ids"]


def released_with(change: tuple[str, str], file: str, folder: Path) -> Path:
    """A copy of what is deployed, with one text of a file replaced: the template of another release."""
    for part in ("api", "consumers", "firehose", "forecasting", "lake", "layer", "presentation", "sql"):
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "template.yaml", folder)
    text = (folder / file).read_text()
    assert text.count(change[0]) == 1
    (folder / file).write_text(text.replace(*change))
    return folder / "template.yaml"


def test_a_released_rule_of_the_layer_judges_the_next_upload(deployed, sent, tmp_path):
    """20 kW is a usual load until a release whose only difference is that the most a meter can take is 10 kW."""
    stack = deployed.stack
    dynamodb, s3, functions = (stack.client(service) for service in ("dynamodb", "s3", "lambda"))

    def send(meter: str) -> None:
        upload = upload_json(meter_id=meter, day=DAY, wh=[5000] * 4)
        stack.client("kinesis").put_record(StreamName=stack.stream, PartitionKey=meter, Data=upload)

    def window(meter: str):
        return dynamodb.query(
            TableName=stack.windows_table,
            KeyConditionExpression="meter_id = :m",
            ExpressionAttributeValues={":m": {"S": meter}},
        )["Items"]

    def live():
        return functions.get_alias(FunctionName=stack.metering_function, Name="live")["FunctionVersion"]

    def rejected():
        found = s3.list_objects_v2(Bucket=stack.bucket, Prefix="quarantine/").get("Contents", [])
        return [one["Key"] for one in found if "absurd-energy" in counts_in(one["Key"])]

    send("before-the-release")
    until(lambda: window("before-the-release"), "a window of the upload before the release")
    version = live()
    rule = ("MAX_POWER_W = 10_000_000", "MAX_POWER_W = 10_000")
    cloud.build(
        deployed.children, released_with(rule, "layer/electrocloud/domain/readings/upload.py", tmp_path / "release")
    )
    cloud.deploy(deployed.children, deployed.cloud, PARAMETERS)
    assert live() != version
    send("after-the-release")
    until(rejected, "the upload after the release in the quarantine")
    assert not window("after-the-release")


def test_the_alarms_and_the_dashboard_are_there(deployed):
    cloudwatch = deployed.stack.client("cloudwatch")
    alarms = cloudwatch.describe_alarms()["MetricAlarms"]
    resolve = Resolver(load(), **PARAMETERS)
    expected = [
        one
        for one in load()["Resources"].values()
        if one["Type"] == "AWS::CloudWatch::Alarm" and ("Condition" not in one or resolve.holds(one["Condition"]))
    ]
    assert len(alarms) == len(expected)
    (dashboard,) = cloudwatch.list_dashboards()["DashboardEntries"]
    body = cloudwatch.get_dashboard(DashboardName=dashboard["DashboardName"])["DashboardBody"]
    shown = json.loads(body)["widgets"][0]["properties"]["alarms"]
    assert {*shown} == {alarm["AlarmArn"] for alarm in alarms}


def test_a_parameter_reaches_the_version_that_runs(deployed):
    functions = deployed.stack.client("lambda")
    (name,) = (
        one["FunctionName"] for one in functions.list_functions()["Functions"] if "Closing" in one["FunctionName"]
    )

    def grace():
        running = functions.get_function_configuration(FunctionName=name, Qualifier="live")
        return running["Environment"]["Variables"]["ESTIMATE_AFTER_HOURS"]

    assert grace() == "72"
    cloud.deploy(deployed.children, deployed.cloud, PARAMETERS | {"EstimateAfterHours": "48"})
    assert grace() == "48"


def test_a_change_of_parameters_alone_keeps_the_code_and_goes_in_steps(deployed):
    clients = [deployed.stack.client(service) for service in ("cloudformation", "kinesis", "lambda")]
    name = deployed.stack.metering_function

    def code():
        running = clients[2].get_function_configuration(FunctionName=name, Qualifier="live")
        return running["Version"], running["CodeSha256"], [layer["Arn"] for layer in running["Layers"]]

    before = code()
    done = list(scale(*clients[:2], cloud.STACK, {"ShardCount": "5", "ParallelizationFactor": "3"}))
    assert done == [{"ShardCount": "4"}, {"ShardCount": "5"}, {"ParallelizationFactor": "3"}]
    assert code() == before
    (mapping,) = clients[2].list_event_source_mappings(FunctionName=f"{name}:live")["EventSourceMappings"]
    assert mapping["ParallelizationFactor"] == 3


def test_a_subscriber_to_the_event_bus_gets_an_issued_bill_as_a_cloud_event(deployed):
    stack = deployed.stack
    events, sqs = stack.client("events"), stack.client("sqs")
    queue = sqs.create_queue(QueueName="subscriber")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    pattern = json.dumps({"source": ["electrocloud.bills"], "detail-type": ["BillFinalized"]})
    events.put_rule(Name="bills", EventBusName=stack.event_bus, EventPattern=pattern)
    events.put_targets(Rule="bills", EventBusName=stack.event_bus, Targets=[{"Id": "queue", "Arn": arn}])
    (bill,) = bills(tariff_from_urdb(TIME_OF_USE), load_of("2026-07-01T00:00", [1000] * 744, zone="Europe/Berlin"))
    event = bill_event(BillKey("AG-1", "2026-07"), bill)

    EventBus(events, stack.event_bus, never).put([event])

    (message,) = until(lambda: sqs.receive_message(QueueUrl=queue).get("Messages"), "the event")
    received = json.loads(message["Body"])
    assert received["detail-type"] == "BillFinalized"
    assert received["detail"] == json.loads(msgspec.json.encode(event))


def test_an_update_changes_the_stack_and_a_deletion_keeps_the_data(deployed, sent):
    stack = deployed.stack
    cloud.deploy(deployed.children, deployed.cloud, PARAMETERS | {"LogRetentionDays": "90"})
    (group,) = stack.client("logs").describe_log_groups(logGroupNamePrefix=f"/electrocloud/{cloud.STACK}/metering")[
        "logGroups"
    ]
    assert group["retentionInDays"] == 90
    cloudformation = stack.client("cloudformation")
    cloudformation.delete_stack(StackName=cloud.STACK)

    def gone():
        found = cloudformation.list_stacks(StackStatusFilter=["DELETE_COMPLETE"])["StackSummaries"]
        return [one for one in found if one["StackName"] == cloud.STACK]

    until(gone, "the stack's deletion")
    tables = stack.client("dynamodb").list_tables()["TableNames"]
    assert {stack.windows_table, stack.bills_table, stack.meters_table, stack.tariffs_table} <= {*tables}
    assert stack.client("s3").list_objects_v2(Bucket=stack.bucket, Prefix="readings/")["KeyCount"]
    assert stack.stream in stack.client("kinesis").list_streams()["StreamNames"]
    functions = stack.client("lambda").list_functions()["Functions"]
    assert not [function for function in functions if function["FunctionName"].startswith(f"{cloud.STACK}-Metering")]
