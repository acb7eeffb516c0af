"""A first deployment into an account that never had an API, and one that fails, leave what they should."""

from typing import Any

import pytest

from analytics.template import ROOT, load
from tests.kits.template_kit import Resolver, built

KEEPING = {"AWS::KMS::Key", "AWS::S3::Bucket", "AWS::DynamoDB::Table", "AWS::Kinesis::Stream"}


@pytest.fixture
def template(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    return built(monkeypatch, Stage="prod")


def names_in(node: Any) -> set[str]:
    """The resources that a property refers to."""
    if isinstance(node, list):
        return set().union(*map(names_in, node))
    if not isinstance(node, dict):
        return set()
    found = {value for key, value in node.items() if key in ("Ref", "Fn::GetAtt") and isinstance(value, str)}
    found |= {value[0] for key, value in node.items() if key == "Fn::GetAtt" and isinstance(value, list)}
    return found.union(*map(names_in, node.values()))


def waits_for(resources: dict[str, Any], name: str) -> set[str]:
    """The resources that are created before one, whatever else is created meanwhile."""
    body, found = resources[name], set()
    depends = body.get("DependsOn", [])
    direct = names_in(body.get("Properties", {})) | {*([depends] if isinstance(depends, str) else depends)}
    for one in direct & resources.keys():
        found |= {one} | waits_for(resources, one)
    return found


def test_the_logged_stage_waits_for_the_accounts_role_and_for_its_log_group(template):
    assert {"ApiAccount", "ApiLogsRole", "ApiExecutionLogs", "Api"} <= waits_for(template["Resources"], "ApiStage")


def test_the_accounts_setting_waits_for_a_resource_of_api_gateway(template):
    assert "HeadEndKey" in waits_for(template["Resources"], "ApiAccount")


def test_the_api_has_one_stage_and_its_throttle_and_logs_are_on_it(template):
    resources = template["Resources"].values()
    (stage,) = (body["Properties"] for body in resources if body["Type"] == "AWS::ApiGateway::Stage")
    (deployment,) = (body["Properties"] for body in resources if body["Type"] == "AWS::ApiGateway::Deployment")
    assert "StageName" not in deployment
    assert stage["MethodSettings"]
    assert stage["AccessLogSetting"]


def test_the_execution_logs_belong_to_the_stack(template):
    resolve = Resolver(template, Stage="prod")
    group = resolve(template["Resources"]["ApiExecutionLogs"]["Properties"])
    assert group["LogGroupName"] == "API-Gateway-Execution-Logs_Api/prod"
    assert group["RetentionInDays"]
    assert group["KmsKeyId"] == "Key.Arn"


def test_what_keeps_data_outlives_the_stack_but_not_a_first_deployment_that_fails(template):
    policies = {
        name: (body.get("DeletionPolicy"), body.get("UpdateReplacePolicy"))
        for name, body in template["Resources"].items()
        if body["Type"] in KEEPING and name != "TokenKey"  # tokens hold a day at most
    }
    assert {*policies.values()} == {("RetainExceptOnCreate", "Retain")}


def test_the_access_log_says_who_called(template):
    log = template["Resources"]["ApiStage"]["Properties"]["AccessLogSetting"]["Format"]
    assert "$context.identity.userArn" in log
    assert "$context.identity.apiKeyId" in log
    assert "$context.requestId" in log


def test_firehose_waits_as_long_as_it_must_where_it_partitions():
    assert load()["Parameters"]["DeliverySeconds"]["MinValue"] == 60


@pytest.mark.parametrize("mode", ["ON_DEMAND", "PROVISIONED"])
def test_the_stream_distributes_records_by_partition_key_in_every_mode(monkeypatch, mode):
    """The record distribution AUTO ignores partition keys, and with it the order of a meter's readings.

    Without the property AWS distributes by partition key. No parameter can set it, and no other resource makes streams.
    """
    template = built(monkeypatch, Stage="prod", StreamMode=mode)
    resolve = Resolver(template, Stage="prod", StreamMode=mode)
    streams = [body for body in template["Resources"].values() if body["Type"] == "AWS::Kinesis::Stream"]
    assert len(streams) == 1
    properties = resolve(streams[0]["Properties"])
    assert properties["StreamModeDetails"] == {"StreamMode": mode}
    assert "RecordDistributionStrategy" not in properties
    assert properties.keys() <= {"RetentionPeriodHours", "ShardCount", "StreamModeDetails", "StreamEncryption"}


def test_nothing_changes_the_record_distribution_of_a_stream():
    named = [
        path
        for folder in ("layer", "consumers", "firehose", "forecasting", "cli", "tools", "producers", "docs", "api")
        for path in (ROOT / folder).rglob("*")
        if path.suffix in (".py", ".md", ".yaml") and "RecordDistributionStrategy" in path.read_text()
    ]
    assert named == []
    assert "RecordDistributionStrategy" not in (ROOT / "template.yaml").read_text()


def test_what_expires_in_the_bucket_is_gone_with_its_versions_a_day_later():
    rules = load()["Resources"]["Bucket"]["Properties"]["LifecycleConfiguration"]["Rules"]
    expiring = {rule["Prefix"]: rule for rule in rules if "ExpirationInDays" in rule}
    assert expiring.keys() == {"quarantine/", "errors/", "aws/lambda/", "athena/", "access_log/", "studies/"}
    assert {rule["NoncurrentVersionExpiration"]["NoncurrentDays"] for rule in expiring.values()} == {1}
