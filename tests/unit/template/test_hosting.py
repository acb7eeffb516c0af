"""hosting/template.yaml: what the service may do, how it runs, and the settings that the dashboard reads."""

import re
from typing import Any

import pytest

from analytics.template import ROOT, load
from dashboard.access.login import PREFIX, Login
from tests.kits.template_kit import Resolver
from tools.deploy_dashboard import FROM_OUTPUTS

TEMPLATE = load(ROOT / "hosting" / "template.yaml")
DOCKERFILE = (ROOT / "hosting" / "Dockerfile").read_text()
UNNAMEABLE = {"ecr:GetAuthorizationToken", "cloudwatch:GetMetricData", "cloudwatch:DescribeAlarms"}


@pytest.fixture(scope="module")
def resources() -> dict[str, Any]:
    resolve = Resolver(TEMPLATE)
    return {name: resolve(body["Properties"]) for name, body in TEMPLATE["Resources"].items()}


@pytest.fixture(scope="module")
def container(resources: dict[str, Any]) -> dict[str, Any]:
    (only,) = resources["TaskDefinition"]["ContainerDefinitions"]
    return dict(only)


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def test_no_role_has_an_action_or_a_nameable_resource_with_a_star(resources):
    for role in ("TaskRole", "ExecutionRole"):
        for policy in resources[role]["Policies"]:
            for statement in policy["PolicyDocument"]["Statement"]:
                assert not [action for action in listed(statement["Action"]) if "*" in action]
                if "*" in listed(statement["Resource"]):
                    assert {*listed(statement["Action"])} <= UNNAMEABLE


def test_the_container_runs_as_the_images_user_and_writes_to_its_tmp_alone(container):
    assert container["User"] == "10001:10001"
    assert "USER 10001:10001" in DOCKERFILE
    assert container["ReadonlyRootFilesystem"] is True
    assert [mount["ContainerPath"] for mount in container["MountPoints"]] == ["/tmp"]
    assert 'VOLUME ["/tmp"]' in DOCKERFILE


def test_the_container_has_every_setting_of_the_login_and_secrets_only_as_secrets(container):
    plain = {one["Name"] for one in container["Environment"]}
    secret = {one["Name"] for one in container["Secrets"]}
    names = {f"{PREFIX}{name.upper()}" for name in Login._fields}
    assert plain | secret == names | {"ELECTROCLOUD_STACK"}
    assert secret == {f"{PREFIX}CLIENT_SECRET", f"{PREFIX}COOKIE_SECRET"}


def test_users_reach_the_load_balancer_by_tls_and_the_task_through_it_alone(resources):
    assert resources["Listener"]["Protocol"] == "HTTPS"
    (users,) = resources["LoadBalancerGroup"]["SecurityGroupIngress"]
    assert users["FromPort"] == users["ToPort"] == 443
    (balancer,) = resources["TaskGroup"]["SecurityGroupIngress"]
    assert balancer["SourceSecurityGroupId"] == "LoadBalancerGroup"


def test_a_session_stays_with_its_task_and_health_is_streamlits(resources):
    attributes = {one["Key"]: one["Value"] for one in resources["TargetGroup"]["TargetGroupAttributes"]}
    assert attributes["stickiness.enabled"] == "true"
    assert resources["TargetGroup"]["HealthCheckPath"] == "/_stcore/health"


def test_each_parameter_is_described_and_the_stacks_are_outputs_of_template_yaml():
    assert [name for name, one in TEMPLATE["Parameters"].items() if len(one.get("Description", "")) < 10] == []
    assert {*FROM_OUTPUTS} <= load()["Outputs"].keys() & TEMPLATE["Parameters"].keys()


def test_the_port_is_one_everywhere(container):
    assert {*re.findall(r"\b8\d{3}\b", (ROOT / "hosting" / "template.yaml").read_text())} == {"8501"}
    assert {*re.findall(r"\b8\d{3}\b", DOCKERFILE)} == {"8501"}
