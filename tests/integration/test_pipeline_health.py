"""The health of a pipeline is what its metrics, alarms and tables say."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import boto3
import pytest

from analytics.audit_record import AuditRecord, write_record
from analytics.metric_points import Metric, own, read
from analytics.pipeline_health import HealthReader
from electrocloud.aws.stack import Stack
from tests.integration.conftest import REGION, Aws

NOW = datetime.now(UTC).replace(second=30, microsecond=0)


@pytest.fixture
def reader(aws: Aws) -> HealthReader:
    names: dict[str, Any] = dict.fromkeys(Stack.__struct_fields__, "none") | {
        "windows_table": "windows", "bills_table": "bills", "meters_table": "meters", "tariffs_table": "tariffs",
        "forecasts_table": "forecasts", "metering_function": "test-MeteringFunction-1", "bucket": aws.bucket,
        "region": REGION, "endpoint": None, "api": "https://api/dev",
    }  # fmt: skip
    return HealthReader(Stack(**names), lambda: NOW)


def put(metric: Metric, minutes_ago: float, value: float) -> None:
    dimensions = [{"Name": name, "Value": text} for name, text in metric.dimensions]
    datum = {
        "MetricName": metric.name,
        "Dimensions": dimensions,
        "Timestamp": NOW - timedelta(minutes=minutes_ago),
        "Value": value,
    }
    boto3.client("cloudwatch", REGION).put_metric_data(Namespace=metric.namespace, MetricData=[datum])


def alarm(name: str, state: str, description: str) -> None:
    cloudwatch = boto3.client("cloudwatch", REGION)
    cloudwatch.put_metric_alarm(
        AlarmName=name, AlarmDescription=description, ComparisonOperator="GreaterThanThreshold", EvaluationPeriods=1,
        MetricName="m", Namespace="n", Period=60, Statistic="Sum", Threshold=0,
    )  # fmt: skip
    cloudwatch.set_alarm_state(AlarmName=name, StateValue=state, StateReason="test")


def test_a_rate_is_that_of_the_last_full_minute_and_none_where_nothing_is_measured(aws: Aws) -> None:
    stored, silent = own("metering", "ReadingsStored"), own("metering", "MetersReturned")
    put(stored, 1, 120)
    put(stored, 0.2, 7)
    put(stored, 600, 1)
    points = read(boto3.client("cloudwatch", REGION), [stored, silent], NOW)
    assert points[stored].minute == 120
    assert points[stored].day == 128
    assert points[silent] == (None, None, None)


def test_stages_have_rates_ages_and_their_last_errors(aws: Aws, reader: HealthReader) -> None:
    put(own("metering", "ReadingsStored"), 1, 120)
    failed = Metric("AWS/Lambda", "Errors", (("FunctionName", "test-MeteringFunction-1"),))
    put(failed, 60, 2)
    aws.s3.put_object(Bucket=aws.bucket, Key="readings/dt=2026-11-26/a.parquet", Body=b"12345")
    counts = reader.counts()
    assert (counts.files, counts.bytes) == (1, 5)
    by_name = {stage.name: stage for stage in reader.stages(counts)}
    assert list(by_name) == ["API", "Stream", "Windows", "Bills", "Parquet", "Lake"]
    windows = by_name["Windows"]
    assert (windows.per_s, windows.errors) == (2.0, 2)
    assert windows.last_error
    assert timedelta(minutes=55) < NOW - windows.last_error < timedelta(minutes=66)
    assert by_name["Parquet"].waiting_s is not None
    assert (by_name["API"].per_s, by_name["API"].errors) == (None, None)


def test_alarms_of_this_stack_come_with_their_meaning_those_that_are_on_first(aws: Aws, reader: HealthReader) -> None:
    alarm("test-ApiErrorsAlarm-1", "OK", "The API answers with 5xx. Runbook - docs/runbook.md, ApiErrorsAlarm")
    alarm("test-IteratorAgeAlarm-1", "ALARM", "Uploads wait. Runbook - docs/runbook.md, IteratorAgeAlarm")
    alarm("other-ApiErrorsAlarm-1", "ALARM", "Another stack's")
    assert [(one.name, one.state, one.meaning) for one in reader.alarms()] == [
        ("IteratorAgeAlarm", "ALARM", "Uploads wait."),
        ("ApiErrorsAlarm", "OK", "The API answers with 5xx."),
    ]


def test_the_last_round_of_closing_is_when_it_began_though_nothing_was_left_over(
    aws: Aws, reader: HealthReader
) -> None:
    put(own("closing", "ClosingLeftOver"), 90, 0)
    put(own("closing", "BillsClosed"), 80, 4)
    closing, forecasting, audit = reader.runs()
    assert closing.last
    assert timedelta(minutes=85) < NOW - closing.last < timedelta(minutes=96)
    assert closing.done.startswith("4 bills closed")
    assert forecasting.last is None
    assert (audit.last, audit.done) == (None, "no audit yet: run `electrocloud audit`")


def test_the_last_audit_of_all_meters_is_there_with_its_result(aws: Aws, reader: HealthReader) -> None:
    for differences in (3, 0):
        record = AuditRecord(NOW, date(2026, 10, 27), date(2026, 11, 27), 820, differences)
        write_record(aws.s3, aws.bucket, record)
    audit = reader.runs()[-1]
    assert audit.last == NOW
    assert audit.done == "no differences; 820 bills, 2026-10-27 to 2026-11-27 (UTC, exclusive)"


def test_parquet_has_the_rate_of_the_last_hour_and_firehose_s_error_files(aws: Aws, reader: HealthReader) -> None:
    aws.s3.put_object(Bucket=aws.bucket, Key="readings/dt=2026-11-26/a.parquet", Body=b"1" * 7_200)
    aws.s3.put_object(Bucket=aws.bucket, Key=f"errors/processing-failed/dt={NOW.date()}/1", Body=b"1")
    aws.s3.put_object(Bucket=aws.bucket, Key="errors/processing-failed/dt=2020-01-01/1", Body=b"1")
    parquet = next(stage for stage in reader.stages(reader.counts()) if stage.name == "Parquet")
    assert (parquet.per_s, parquet.over, parquet.errors) == (2.0, "last hour", 1)
    assert parquet.last_error


def test_the_lake_has_the_number_of_issued_bills_that_wait(aws: Aws, reader: HealthReader) -> None:
    def backlog() -> int | None:
        return reader.stages(reader.counts())[-1].backlog

    assert backlog() == 0
    for number in range(3):
        key = {"meter_id": {"S": f"AG-{number}"}, "bill": {"S": "2026-10"}}
        aws.dynamodb.put_item(TableName="bills", Item=key | {"to_lake": {"S": str(number)}})
    assert backlog() == 3
