"""Each alarm of template.yaml, by its own definition, in the situation that it is for and in one just short of it.

What our code emits comes from running it. What AWS emits comes from what our code, or the event source mapping over it,
did, counted as AWS documents the metric.
"""

import importlib
import json
import operator
import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from analytics.template import ROOT, load
from electrocloud.aws.store.forecasts import Forecasts
from electrocloud.domain.forecast import ActualDay, Forecast, ForecastDay, ForecastHour
from laptop.delivery import Delivery, Plan
from laptop.metrics import metrics_in
from tests.faults.event_source import Mapping, Settings
from tests.faults.stream import MemoryStream
from tests.integration.conftest import REGION
from tests.integration.test_metering_function import CONTEXT
from tests.kits.examples import TIME_OF_USE, kinesis_event, upload_json
from tests.kits.gateway_kit import UPLOAD, FakeKinesis, answered, gateway, signed
from tests.kits.queue_kit import MemoryQueue
from tests.kits.read_api_kit import OPERATOR, event
from tests.kits.template_kit import Resolver

TEMPLATE = load()
ALARMS = {
    name: Resolver(TEMPLATE, Stage="prod", GradualDeployment="true")(body["Properties"])
    for name, body in TEMPLATE["Resources"].items()
    if body["Type"] == "AWS::CloudWatch::Alarm"
}
START = datetime(2026, 11, 24, 12, tzinfo=UTC)
PATIENT = type("Context", (), vars(CONTEXT) | {"get_remaining_time_in_millis": staticmethod(lambda: 900_000)})()
STATISTICS: dict[str, Callable[[list[float]], float]] = {"Sum": sum, "Maximum": max, "Minimum": min}
Data = list[tuple[datetime, str, str, dict[str, str], list[float]]]  # when, namespace, name, dimensions, values


def goes_off(alarm: dict[str, Any], data: Data) -> bool:
    """Whether CloudWatch, evaluating at each period's end, would have the alarm in ALARM at some time."""
    assert alarm["TreatMissingData"] == "notBreaching"
    breaches = {"GreaterThanThreshold": operator.gt, "LessThanThreshold": operator.lt}[alarm["ComparisonOperator"]]
    values = expression_of(alarm, data) if "Metrics" in alarm else statistic_of(alarm, alarm["Statistic"], data)
    breaching = {period for period, value in values.items() if breaches(value, alarm["Threshold"])}
    return any(all(first + n in breaching for n in range(alarm["EvaluationPeriods"])) for first in breaching)


def statistic_of(metric: dict[str, Any], statistic: str, data: Data) -> dict[int, float]:
    """A metric's statistic in each of its periods that has data."""
    own = {dimension["Name"]: dimension["Value"] for dimension in metric["Dimensions"]}
    values: dict[int, list[float]] = {}
    for moment, namespace, name, dimensions, found in data:
        if (namespace, name, dimensions) == (metric["Namespace"], metric["MetricName"], own):
            values.setdefault(int(moment.timestamp()) // metric["Period"], []).extend(found)
    return {period: STATISTICS[statistic](found) for period, found in values.items()}


def expression_of(alarm: dict[str, Any], data: Data) -> dict[int, float]:
    """The one expression that an alarm has, by period: records that came while the function was not called."""
    by_id = {one["Id"]: one for one in alarm["Metrics"]}
    assert by_id.pop("waiting")["Expression"] == "IF(FILL(calls, 0) == 0, FILL(records, 0), 0)"
    calls, records = (
        statistic_of(stat["Metric"] | {"Period": stat["Period"]}, stat["Stat"], data)
        for stat in (by_id[name]["MetricStat"] for name in ("calls", "records"))
    )
    return {period: 0 if calls.get(period, 0) else value for period, value in records.items()}


def each(minutes: int, count: int) -> Iterator[datetime]:
    return (START + timedelta(minutes=minutes * number) for number in range(count))


def lambda_metric(alarm: dict[str, Any], moment: datetime, value: float) -> Any:
    """A metric that AWS keeps of a function, on the dimensions that the alarm's resource has."""
    (dimension,) = alarm["Dimensions"]
    return (moment, alarm["Namespace"], alarm["MetricName"], {dimension["Name"]: dimension["Value"]}, [value])


def failures(alarm: dict[str, Any], minutes: int, count: int, invoke: Callable[[], Any]) -> Data:
    """AWS/Lambda Errors: an invocation that raises counts 1, another one 0."""
    data = []
    for moment in each(minutes, count):
        try:
            invoke()
        except (ClientError, KeyError):
            data.append(lambda_metric(alarm, moment, 1))
        else:
            data.append(lambda_metric(alarm, moment, 0))
    return data


@pytest.fixture
def queue(aws, monkeypatch):
    queue = MemoryQueue()
    queue.set_environment(monkeypatch)
    return queue


@pytest.fixture
def functions(aws, queue, monkeypatch):
    """The handlers, on tables and a bucket in memory."""
    for name in ("windows", "bills", "meters", "tariffs", "service_points", "forecasts", "accounts"):
        monkeypatch.setenv(f"{name.upper()}_TABLE", name)
    for name, value in {
        "AWS_REGION": REGION, "DATABASE": "electrocloud", "WORK_GROUP": "primary",
        "BUCKET": aws.bucket, "ESTIMATE_AFTER_HOURS": "72", "PAYMENT_DAYS": "21", "FUTURE_TOLERANCE_MINUTES": "60",
        "ACCEPT_UNREGISTERED_METERS": "true", "EVENT_BUS": "bills", "TOKEN_KEY": "key",
        "POWERTOOLS_SERVICE_NAME": "metering",
        "POWERTOOLS_METRICS_NAMESPACE": "ElectroCloud", "POWERTOOLS_TRACE_DISABLED": "true",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    aws.dynamodb.put_item(
        TableName="tariffs", Item={"tariff_id": {"S": "tou"}, "document": {"S": json.dumps(TIME_OF_USE)}}
    )
    from consumers.closing import app as closing
    from consumers.forecasting import app as forecasting
    from consumers.metering import app as metering
    from consumers.publishing import app as publishing
    from consumers.readapi import app as reading
    from firehose.transform import app as transform

    return {
        "metering": importlib.reload(metering).handler,
        "closing": importlib.reload(closing).handler,
        "publishing": importlib.reload(publishing).handler,
        "reading": importlib.reload(reading).handler,
        "forecasting": importlib.reload(forecasting).handler,
        "transform": importlib.reload(transform).handler,
    }


def emitted(world) -> Data:
    """The metrics that a function wrote to its log."""
    return [
        (START, namespace, datum["MetricName"], {d["Name"]: d["Value"] for d in datum["Dimensions"]}, datum["Values"])
        for line in world("capsys").readouterr().out.splitlines()
        for namespace, datum in metrics_in(line)
    ]


def metering_fails(alarm, world, enough):
    """The windows table is not there, as after a role that lost its rights to it: each batch fails."""
    world("aws").dynamodb.delete_table(TableName="windows")
    return failures(
        alarm, 1, 3 if enough else 2, lambda: world("functions")["metering"](kinesis_event([upload_json()]), CONTEXT)
    )


def transform_fails(alarm, world, enough):
    """An event that is not Firehose's."""
    return failures(alarm, 1, 3 if enough else 2, lambda: world("functions")["transform"]({"Records": []}, CONTEXT))


def closing_fails(alarm, world, enough):
    """The bills table is not there."""
    if enough:
        world("aws").dynamodb.delete_table(TableName="bills")
    item = {"body": json.dumps({"type": "find-bills", "month": "2026-10", "part": 0, "waiting": False})}
    return failures(alarm, 60, 1, lambda: world("functions")["closing"]({"Records": [item]}, PATIENT))


def publishing_fails(alarm, world, enough):
    """The bills table is not there."""
    if enough:
        world("aws").dynamodb.delete_table(TableName="bills")
    return failures(alarm, 60, 1, lambda: world("functions")["publishing"]({}, PATIENT))


def reading_fails(alarm, world, enough):
    """The registry is not there."""
    if enough:
        world("aws").dynamodb.delete_table(TableName="meters")
    call = event("/v1/operator/meters/M-1/usage", OPERATOR)
    return failures(alarm, 5, 1, lambda: world("functions")["reading"](call, PATIENT))


def forecasting_fails(alarm, world, enough):
    """The registry is not there."""
    if enough:
        world("aws").dynamodb.delete_table(TableName="meters")
    return failures(alarm, 60, 1, lambda: world("functions")["forecasting"]({"work": "meters"}, PATIENT))


def items_are_left_over(alarm, world, enough):
    """A round begins while an item of the one before is not done, or when all of them are."""
    queue, (dimension,) = world("queue"), alarm["Dimensions"]
    service = dimension["Value"]
    world("monkeypatch").setenv("POWERTOOLS_SERVICE_NAME", service)
    if enough:
        queue.client.send_message(QueueUrl=queue.url, MessageBody="{}")
    function = world("functions")[service]
    world("capsys")
    function({"work": "loads"}, PATIENT)
    return [(*datum[:3], {"service": service}, datum[4]) for datum in emitted(world)]


def forecasts_drift(alarm, world, enough):
    """Three days of a feeder came 2.1 or 2 times as far from their forecasts as the backtest led to expect."""
    store = Forecasts(world("aws").dynamodb, "forecasts")
    for number in range(3):
        at = START - timedelta(days=number)
        row = ForecastHour(at, 100.0, 90.0, 110.0)
        came = ActualDay(100.0, 100.0, at, 21.0 if enough else 20.0, 100.0, 1.0)
        days = (ForecastDay(at.date(), 1, 100.0, row, 0.1, 1, None, None, came),)
        store.put(Forecast("feeder/F", at, "profile", "", 0.8, (), (row,), None, at, days))
    world("monkeypatch").setenv("POWERTOOLS_SERVICE_NAME", "forecasting")
    function = world("functions")["forecasting"]
    world("capsys")
    item = {"messageId": "1", "body": json.dumps({"type": "forecast-series", "series": "feeder/F"})}
    function({"Records": [item]}, PATIENT)
    return [(*datum[:3], {"service": "forecasting"}, datum[4]) for datum in emitted(world)]


def many_are_quarantined(alarm, world, enough):
    """The uploads of a head-end whose clock has lost its zone."""
    world("capsys")
    bad = upload_json().replace(b"+00:00", b"")
    world("functions")["metering"](kinesis_event([bad] * (101 if enough else 100)), CONTEXT)
    return emitted(world)


def the_quarantine_cannot_be_written(alarm, world, enough):
    """The bucket is not there: a rejected upload comes again each minute."""
    world("aws").s3.delete_bucket(Bucket=world("aws").bucket)
    function, data = world("functions")["metering"], []
    for moment in each(1, 5 if enough else 4):
        world("capsys").readouterr()
        assert function(kinesis_event([b"no json"]), CONTEXT)["batchItemFailures"]
        data += [(moment, *datum[1:]) for datum in emitted(world)]
    return data


def a_tariff_cannot_be_rated(alarm, world, enough):
    """A meter of the registry whose tariff is a rate that this version does not bill."""
    dynamodb, document = world("aws").dynamodb, TIME_OF_USE | ({"energyratestructure": "none"} if enough else {})
    dynamodb.put_item(TableName="tariffs", Item={"tariff_id": {"S": "t"}, "document": {"S": json.dumps(document)}})
    dynamodb.put_item(TableName="meters", Item={"meter_id": {"S": "m-1"}, "tariff_id": {"S": "t"}})
    world("capsys")
    world("functions")["metering"](kinesis_event([upload_json(meter_id="m-1")]), CONTEXT)
    return emitted(world)


def batches_wait(alarm, world, enough):
    """One batch fails again and again, a minute apart: IteratorAge is how long its last record has waited (ms)."""
    world("aws").dynamodb.delete_table(TableName="windows")
    functions, event, data = world("functions"), kinesis_event([upload_json()]), []
    for tried, moment in enumerate(each(1, 11 if enough else 10)):
        with pytest.raises(ClientError):
            functions["metering"](event, CONTEXT)
        data.append(lambda_metric(alarm, moment, 1000 * 60 * tried))
    return data


def a_batch_is_given_up(alarm, world, enough):
    """A batch fails as often as the mapping tries, or comes through at its last try: its records are dropped."""
    properties = TEMPLATE["Resources"]["MeteringFunction"]["Properties"]["Events"]["Uploads"]["Properties"]
    tries = properties["MaximumRetryAttempts"] + 1
    stream = MemoryStream(1, lambda: START)
    stream.put_records(StreamName="readings", Records=[{"Data": upload_json(), "PartitionKey": "m-1"}])
    chance = random.Random(1)
    mapping = Mapping(stream, Settings(1, properties["MaximumRetryAttempts"], 43_200, 1), chance, lambda: START)
    for tried in range(tries):
        for lane in mapping.poll():
            mapping.take(lane)
            fault = RuntimeError("the tables are gone") if enough or tried < tries - 1 else None
            mapping.apply_answer(lane, {"batchItemFailures": []}, fault)
    assert not mapping.pending()
    return [lambda_metric(alarm, START, len(mapping.dead))]


def the_stream_refuses(alarm, world, enough):
    """A call a minute whose second record Kinesis refuses: WriteProvisionedThroughputExceeded counts such records."""
    data = []
    for moment in each(1, 5 if enough else 4):
        kinesis = FakeKinesis(failing={1: "ProvisionedThroughputExceededException"})
        status, answer = answered(gateway(kinesis), signed({"uploads": [UPLOAD, UPLOAD]}))
        assert status == 503
        data.append(lambda_metric(alarm, moment, len(answer["retry"])))
    return data


def the_api_fails(alarm, world, enough):
    """As above, counted by API Gateway: 5XXError is 1 for an answer of 500 and more."""
    data = []
    for moment in each(1, 5 if enough else 4):
        kinesis = FakeKinesis(failing={0: "InternalFailure"})
        status, _ = answered(gateway(kinesis), signed({"uploads": [UPLOAD]}))
        dimensions = {"ApiName": "ElectroCloud", "Stage": "prod"}
        data.append((moment, "AWS/ApiGateway", "5XXError", dimensions, [float(status >= 500)]))
    return data


def lambda_throttles(alarm, world, enough):
    """More lanes (shards times ParallelizationFactor) than the account has concurrency left: the rest is throttled."""
    lanes, left = 40, (39 if enough else 40)
    return [lambda_metric(alarm, moment, lanes - left) for moment in each(1, 3)]


def parquet_is_behind(alarm, world, enough):
    """Rows that nobody writes: DataFreshness is the age of the oldest in the delivery (s)."""
    plan = Plan.of(load(), {})
    assert plan.buffer_s < alarm["Threshold"]
    clock = [0.0]
    delivery = Delivery(plan, lambda key, body: None, lambda: clock[0])
    record = {"Data": upload_json(), "SequenceNumber": "1", "ApproximateArrivalTimestamp": START}
    delivery.take([record])
    data = []
    for number, moment in enumerate(each(5, 13 if enough else 12)):
        clock[0] = 300.0 * number
        assert delivery.waiting
        data.append(lambda_metric(alarm, moment, clock[0]))
    return data


def records_wait_uncalled(alarm, world, enough):
    """Uploads come each minute, and the mapping is disabled; or the function is called once in five minutes."""
    stat = {one["Id"]: one["MetricStat"]["Metric"] for one in alarm["Metrics"] if "MetricStat" in one}
    data = []
    for number, moment in enumerate(each(1, 9)):
        for name, value in (("records", 50), ("calls", 1 if number == 4 and not enough else 0)):
            dimensions = {one["Name"]: one["Value"] for one in stat[name]["Dimensions"]}
            data.append((moment, stat[name]["Namespace"], stat[name]["MetricName"], dimensions, [value]))
    return data


def the_new_version_fails(alarm, world, enough):
    """An error of the version that is shifted in, or of the one before it."""
    dimensions = own_dimensions(alarm)
    if not enough:
        dimensions["ExecutedVersion"] = "the one before"
    return [(START, alarm["Namespace"], alarm["MetricName"], dimensions, [1])]


def one_datum(value: float, just_short: float) -> Callable[..., Data]:
    """A metric that Firehose keeps by itself, at the value that the alarm is for and at one just short of it."""

    def situation(alarm, world, enough):
        return [
            (START, alarm["Namespace"], alarm["MetricName"], own_dimensions(alarm), [value if enough else just_short])
        ]

    return situation


def own_dimensions(alarm: dict[str, Any]) -> dict[str, str]:
    return {one["Name"]: one["Value"] for one in alarm["Dimensions"]}


SITUATIONS = {
    "MeteringErrorsAlarm": metering_fails,
    "TransformErrorsAlarm": transform_fails,
    "ClosingErrorsAlarm": closing_fails,
    "ReadApiErrorsAlarm": reading_fails,
    "PublishingErrorsAlarm": publishing_fails,
    "ForecastingErrorsAlarm": forecasting_fails,
    "ClosingLeftOverAlarm": items_are_left_over,
    "ForecastingLeftOverAlarm": items_are_left_over,
    "ForecastDriftAlarm": forecasts_drift,
    "RejectedUploadsAlarm": many_are_quarantined,
    "QuarantineFailuresAlarm": the_quarantine_cannot_be_written,
    "InvalidTariffsAlarm": a_tariff_cannot_be_rated,
    "IteratorAgeAlarm": batches_wait,
    "DeadLettersAlarm": a_batch_is_given_up,
    "StreamThrottlesAlarm": the_stream_refuses,
    "ApiErrorsAlarm": the_api_fails,
    "MeteringThrottlesAlarm": lambda_throttles,
    "DeliveryFreshnessAlarm": parquet_is_behind,
    "IdleMeteringAlarm": records_wait_uncalled,
    "MeteringReleaseAlarm": the_new_version_fails,
    "TransformReleaseAlarm": the_new_version_fails,
    "FailedProcessingAlarm": one_datum(0.75, 1),
    "FailedConversionAlarm": one_datum(1, 0),
    "PartitionCountAlarm": one_datum(1, 0),
}


def test_every_alarm_has_a_situation_that_raises_it():
    assert SITUATIONS.keys() == ALARMS.keys()


@pytest.mark.parametrize("name", SITUATIONS)
@pytest.mark.parametrize("enough", [True, False], ids=["raised", "just short"])
def test_an_alarm_goes_off_in_its_situation_and_not_just_below_its_threshold(name, enough, request):
    alarm = ALARMS[name]
    data = SITUATIONS[name](alarm, request.getfixturevalue, enough)
    assert data
    assert goes_off(alarm, data) is enough


def test_every_alarm_notifies_the_topic_and_names_its_runbook_section():
    runbook = (ROOT / "docs" / "runbook.md").read_text()
    for name, alarm in ALARMS.items():
        assert alarm["AlarmActions"] == alarm["OKActions"] == ["Alarms"]
        assert alarm["AlarmDescription"].endswith(f"Runbook - docs/runbook.md, {name}")
        _, _, page = runbook.partition(f"\n## {name}\n")
        page = page.partition("\n## ")[0]
        for part in ("**Impact.**", "**Diagnose.**", "**Fix.**", "```sh"):
            assert part in page, f"{name} lacks {part}"
