"""hosting/template.yaml, deployed by the code of `make deploy-dashboard` to the laptop's cloud."""

from pathlib import Path
from typing import Any

import boto3
import pytest

from electrocloud.domain.errors import UsageError
from laptop import cloud
from tests.deploy.conftest import Deployed
from tools import deploy_dashboard

pytestmark = pytest.mark.deploy
IMAGE = "111122223333.dkr.ecr.eu-central-1.amazonaws.com/electrocloud-dashboard@sha256:" + 64 * "0"


@pytest.fixture
def account(deployed: Deployed, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Clients of the laptop's cloud, and everything that looks for an account finds it."""
    for name, value in cloud.environment(deployed.cloud).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_REGION", cloud.REGION)
    # The laptop's cloud takes a number only as a number, where CloudFormation gives the text of a parameter.
    template = tmp_path / "template.yaml"
    template.write_text(deploy_dashboard.TEMPLATE.read_text().replace("DesiredCount: !Ref Tasks", "DesiredCount: 1"))
    monkeypatch.setattr(deploy_dashboard, "TEMPLATE", template)
    return lambda service: boto3.client(service, cloud.REGION)


def settings(account: Any) -> dict[str, str]:
    ec2 = account("ec2")
    (vpc,) = (one["VpcId"] for one in ec2.describe_vpcs()["Vpcs"] if one["IsDefault"])
    subnets = [one["SubnetId"] for one in ec2.describe_subnets()["Subnets"] if one["VpcId"] == vpc]
    return {
        "DomainName": "meters.example.com",
        "CertificateArn": account("acm").request_certificate(DomainName="meters.example.com")["CertificateArn"],
        "VpcId": vpc,
        "Subnets": ",".join(subnets[:2]),
        "MetadataUrl": "https://login.example.com/.well-known/openid-configuration",
        "ClientId": "electrocloud",
        "ClientSecretArn": account("secretsmanager").create_secret(Name="client", SecretString="s")["ARN"],
    }


def test_the_dashboard_is_deployed_and_a_later_call_changes_only_what_it_names(account: Any) -> None:
    with pytest.raises(UsageError, match="DomainName: The dashboard's name"):
        deploy_dashboard.run(cloud.STACK, {"ClientId": "electrocloud"}, IMAGE)
    outputs = deploy_dashboard.run(cloud.STACK, settings(account), IMAGE)

    assert outputs["Url"] == "https://meters.example.com"
    assert outputs["RedirectUri"] == "https://meters.example.com/oauth2callback"
    ecs = account("ecs")
    (arn,) = (one for one in ecs.list_task_definitions()["taskDefinitionArns"] if "TaskDefinition" in one)
    (container,) = ecs.describe_task_definition(taskDefinition=arn)["taskDefinition"]["containerDefinitions"]
    assert (container["image"], container["user"], container["readonlyRootFilesystem"]) == (IMAGE, "10001:10001", True)

    deploy_dashboard.run(cloud.STACK, {"SessionHours": "4"}, IMAGE)
    parameters = deploy_dashboard.deployed(account("cloudformation"), f"{cloud.STACK}-dashboard")
    assert parameters
    assert (parameters["SessionHours"], parameters["DomainName"]) == ("4", "meters.example.com")
