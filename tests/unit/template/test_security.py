"""What the built template grants, encrypts and refuses. SAM's own additions are in it, as they are in an account."""

from typing import Any

import pytest

from analytics.template import ROOT
from tests.kits.template_kit import Resolver, built

KEY = {"Key", "Key.Arn"}
# What has no resources in IAM, so that a policy can only say "*".
UNNAMEABLE = {"xray:PutTraceSegments", "xray:PutTelemetryRecords"}
# AWS publishes this one policy for the account's API Gateway to write its logs, and checks for it.
MANAGED = {"ApiLogsRole": ["arn:aws:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"]}


@pytest.fixture(scope="module")
def resources() -> dict[str, Any]:
    with pytest.MonkeyPatch.context() as patch:
        template = built(patch, Stage="prod")
    resolve = Resolver(template, Stage="prod")
    return {
        name: {"Type": body["Type"], **resolve(body.get("Properties", {}))}
        for name, body in template["Resources"].items()
        if "Condition" not in body or resolve.holds(body["Condition"])
    }


def of_type(resources: dict[str, Any], *types: str) -> dict[str, Any]:
    found = {name: body for name, body in resources.items() if body["Type"] in types}
    assert found
    return found


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def statements(resources: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [
        (name, statement)
        for name, role in of_type(resources, "AWS::IAM::Role").items()
        for policy in role.get("Policies", [])
        for statement in policy["PolicyDocument"]["Statement"]
    ]


def test_no_role_has_an_action_with_a_star(resources):
    for name, statement in statements(resources):
        for action in listed(statement["Action"]):
            assert "*" not in action, f"{name} may {action}"


def test_every_role_names_the_resources_that_it_may_use(resources):
    named = {f"{name}{end}" for name in resources for end in ("", ".Arn")} | {
        "Bucket.Arn/quarantine/*", "Bucket.Arn/readings/*", "Bucket.Arn/errors/*", "BillsTable.Arn/index/by-month",
        "BillsTable.Arn/index/to-lake", "Bucket.Arn/bills/*", "Bucket.Arn/bill_lines/*",
        "Bucket.Arn/forecast_hours/*", "Bucket.Arn/forecast_days/*",
        "TransformFunction.Arn:*",
    }  # fmt: skip
    named |= {"Bucket.Arn/meters/*", "Bucket.Arn/weather/*", "Bucket.Arn/athena/*", "Bucket.Arn/aws/lambda/*"}
    glue, athena = (f"arn:aws:{service}:eu-central-1:111122223333:" for service in ("glue", "athena"))
    views = ("irregular", "latest", "overlapped", "by_direction", "hourly")
    tables = ("readings", *(f"readings_{view}" for view in views), "meters", "weather")
    named |= {
        f"{glue}catalog",
        f"{glue}database/Database",
        f"{glue}database/default",
        *(f"{glue}table/Database/{table}" for table in tables),
    }
    named |= {f"{athena}workgroup/WorkGroup"}
    for name, statement in statements(resources):
        if {*listed(statement["Action"])} <= UNNAMEABLE:
            continue
        assert {*listed(statement["Resource"])} <= named, name


def test_no_role_carries_a_policy_that_is_written_elsewhere(resources):
    carried = {
        name: role["ManagedPolicyArns"]
        for name, role in of_type(resources, "AWS::IAM::Role").items()
        if role.get("ManagedPolicyArns")
    }
    assert carried == MANAGED
    assert not [
        name for name, body in resources.items() if body["Type"] in ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy")
    ]


def test_each_function_has_a_role_of_its_own(resources):
    roles = [function["Role"] for function in of_type(resources, "AWS::Lambda::Function").values()]
    assert len({*roles}) == len(roles)


def test_everything_that_keeps_data_is_encrypted_with_the_customers_key(resources):
    for stream in of_type(resources, "AWS::Kinesis::Stream").values():
        assert stream["StreamEncryption"]["KeyId"] in KEY
    for table in of_type(resources, "AWS::DynamoDB::Table").values():
        assert table["SSESpecification"]["KMSMasterKeyId"] in KEY
    for bucket in of_type(resources, "AWS::S3::Bucket").values():
        (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        assert rule["ServerSideEncryptionByDefault"] == {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "Key.Arn"}
    for topic in of_type(resources, "AWS::SNS::Topic").values():
        assert topic["KmsMasterKeyId"] in KEY
    for group in of_type(resources, "AWS::Logs::LogGroup").values():
        assert group["KmsKeyId"] in KEY
    for function in of_type(resources, "AWS::Lambda::Function").values():
        assert function["KmsKeyArn"] in KEY
    for group in of_type(resources, "AWS::Athena::WorkGroup").values():
        configuration = group["WorkGroupConfiguration"]
        assert configuration["ResultConfiguration"]["EncryptionConfiguration"]["KmsKey"] in KEY
        assert configuration["EnforceWorkGroupConfiguration"] is True


def test_the_key_serves_its_own_account_and_two_services_on_its_behalf(resources):
    key, token_key = of_type(resources, "AWS::KMS::Key").values()
    assert key["EnableKeyRotation"] is True
    assert token_key["KeyUsage"] == "GENERATE_VERIFY_MAC"
    assert [one["Sid"] for one in token_key["KeyPolicy"]["Statement"]] == ["AccountAdministers"]
    granted = {statement["Sid"]: statement for statement in key["KeyPolicy"]["Statement"]}
    assert granted.pop("AccountAdministers")["Principal"] == {"AWS": "arn:aws:iam::111122223333:root"}
    assert {next(iter(one["Principal"].values())) for one in granted.values()} == {
        "logs.eu-central-1.amazonaws.com",
        "cloudwatch.amazonaws.com",
    }
    for statement in granted.values():
        assert statement["Condition"]
        assert "kms:*" not in listed(statement["Action"])


@pytest.mark.parametrize(
    ("policy", "target", "holders"),
    [
        ("AWS::S3::BucketPolicy", "Bucket", "AWS::S3::Bucket"),
        ("AWS::SNS::TopicPolicy", "Topics", "AWS::SNS::Topic"),
    ],
)
def test_bucket_and_topic_reject_requests_without_tls(resources, policy, target, holders):
    refusing = set()
    for body in of_type(resources, policy).values():
        for statement in body["PolicyDocument"]["Statement"]:
            plain = statement.get("Condition") == {"Bool": {"aws:SecureTransport": "false"}}
            if plain and (statement["Effect"], statement["Principal"]) == ("Deny", "*"):
                refusing |= {*listed(body[target])}
    assert refusing == of_type(resources, holders).keys()


def test_no_object_of_the_bucket_can_be_made_public(resources):
    for bucket in of_type(resources, "AWS::S3::Bucket").values():
        block = bucket["PublicAccessBlockConfiguration"]
        assert len(block) == 4
        assert {*block.values()} == {True}
        assert bucket["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}


def test_no_personal_data_is_traced_or_logged_by_the_api(resources):
    (stage,) = of_type(resources, "AWS::ApiGateway::Stage").values()
    assert {one["DataTraceEnabled"] for one in stage["MethodSettings"]} == {False}
    assert "body" not in stage["AccessLogSetting"]["Format"]
    assert stage["TracingEnabled"] is True


def test_reading_has_a_throttle_of_its_own_so_that_it_does_not_crowd_out_uploads(resources):
    (stage,) = of_type(resources, "AWS::ApiGateway::Stage").values()
    limits = {
        (one["ResourcePath"], one["HttpMethod"]): int(one["ThrottlingRateLimit"]) for one in stage["MethodSettings"]
    }
    assert limits == {
        ("/*", "*"): 500, ("/~1v1~1operator~1{read+}", "GET"): 50, ("/~1v1~1customer~1{read+}", "GET"): 50,
    }  # fmt: skip


def test_production_shifts_stream_functions_in_gradually_and_judges_the_new_version_alone(monkeypatch):
    config = (ROOT / "samconfig.toml").read_text()
    assert "Stage=prod GradualDeployment=true" in config
    template = built(monkeypatch, GradualDeployment="true")
    groups = of_type(template["Resources"], "AWS::CodeDeploy::DeploymentGroup")
    assert {*groups} == {"MeteringFunctionDeploymentGroup", "TransformFunctionDeploymentGroup"}
    resolve = Resolver(template, Stage="prod", GradualDeployment="true")
    for name, group in groups.items():
        function = name.removesuffix("DeploymentGroup")
        alarms = resolve(group["Properties"]["AlarmConfiguration"])
        assert alarms["Enabled"] is True
        (alarm,) = (template["Resources"][one["Name"]]["Properties"] for one in alarms["Alarms"])
        dimensions = {one["Name"]: one["Value"] for one in alarm["Dimensions"]}
        version = dimensions.pop("ExecutedVersion")["Fn::GetAtt"]
        assert template["Resources"][version[0]]["Type"] == "AWS::Lambda::Version"
        assert version[1] == "Version"
        assert version[0] in str(alarm["AlarmName"])
        assert resolve(dimensions) == {"FunctionName": function, "Resource": f"{function}:live"}
    assert "AWS::CodeDeploy::DeploymentGroup" not in {
        body["Type"] for body in built(monkeypatch, GradualDeployment="false")["Resources"].values()
    }
