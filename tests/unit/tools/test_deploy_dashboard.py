"""`make deploy-dashboard`: what it asks for, the repository that it makes, and how it calls Docker."""

import os
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from electrocloud.domain.errors import SettingsError, UsageError
from tools import deploy_dashboard
from tools.deploy_dashboard import FROM_OUTPUTS, Image, check_complete, parameters_of, push, repository

OUTPUTS = {name: f"{name}-1" for name in FROM_OUTPUTS} | {"Api": "https://x"}


@pytest.fixture
def ecr():
    with mock_aws():
        yield boto3.client("ecr", "eu-central-1")


def test_the_stacks_outputs_and_the_given_values_are_the_parameters():
    found = parameters_of("electrocloud-dev", OUTPUTS, {"DomainName": "m.example"})
    assert found == {
        "Stack": "electrocloud-dev",
        "DomainName": "m.example",
        **{one: f"{one}-1" for one in FROM_OUTPUTS},
    }


@pytest.mark.parametrize("name", ["Domain", "Image", "Bucket"])
def test_a_parameter_that_is_none_or_not_the_users_is_refused_with_those_that_are(name):
    with pytest.raises(UsageError, match=f"{name} cannot be set; these can: .*DomainName"):
        parameters_of("electrocloud-dev", OUTPUTS, {name: "x"})


def test_a_stack_of_an_earlier_version_is_to_be_deployed_first():
    with pytest.raises(SettingsError, match="outputs of electrocloud-dev lack Key"):
        parameters_of("electrocloud-dev", {name: "x" for name in OUTPUTS if name != "Key"}, {})


def test_what_was_never_given_is_asked_for_with_its_description():
    with pytest.raises(UsageError) as fault:
        check_complete(None, {"DomainName": "m.example"})
    assert "CertificateArn: The ACM certificate" in str(fault.value)
    assert "DomainName" not in str(fault.value)
    check_complete(dict.fromkeys(deploy_dashboard.load(deploy_dashboard.TEMPLATE)["Parameters"], "x"), {})


def test_the_repository_is_made_once_and_keeps_its_last_images(ecr):
    assert repository(ecr, "e-dashboard") == repository(ecr, "e-dashboard")
    (found,) = ecr.describe_repositories()["repositories"]
    assert (found["imageTagMutability"], found["imageScanningConfiguration"]) == ("IMMUTABLE", {"scanOnPush": True})
    assert '"countNumber": 10' in ecr.get_lifecycle_policy(repositoryName="e-dashboard")["lifecyclePolicyText"]


def docker(folder: Path, monkeypatch: pytest.MonkeyPatch, code: int = 0) -> Path:
    """A `docker` that writes down what it is called with, and what it reads."""
    log = folder / "log"
    program = folder / "docker"
    program.write_text(f'#!/bin/sh\necho "$@" >> {log}\n[ "$1" = login ] && cat > {folder}/password\nexit {code}\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return log


def test_the_image_is_built_for_its_architecture_and_named_by_its_digest(ecr, tmp_path, monkeypatch):
    log = docker(tmp_path, monkeypatch)
    repository(ecr, "e-dashboard")
    kind = "application/vnd.docker.distribution.manifest.v2+json"
    manifest = f'{{"schemaVersion": 2, "mediaType": "{kind}", "config": {{}}, "layers": []}}'
    pushed = ecr.put_image(repositoryName="e-dashboard", imageManifest=manifest, imageTag="t1")
    address = push(ecr, Image("e-dashboard", "ARM64"), "t1")
    assert address.endswith(f"/e-dashboard@{pushed['image']['imageId']['imageDigest']}")
    login, build = log.read_text().splitlines()
    assert "--password-stdin" in login
    assert "--platform linux/arm64" in build
    assert build.endswith("--file hosting/Dockerfile .")
    password = (tmp_path / "password").read_text()
    assert password
    assert password not in log.read_text()


def test_a_failed_build_and_a_missing_docker_are_said(ecr, tmp_path, monkeypatch):
    docker(tmp_path, monkeypatch, code=1)
    with pytest.raises(SettingsError, match="`docker login` failed with exit code 1"):
        push(ecr, Image("e-dashboard", "ARM64"), "t1")
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    with pytest.raises(SettingsError, match="Docker is not installed"):
        push(ecr, Image("e-dashboard", "ARM64"), "t1")


def test_a_failure_is_the_first_of_the_last_deployment():
    def event(name: str, status: str, reason: str = "") -> dict[str, str]:
        return {"LogicalResourceId": name, "ResourceStatus": status, "ResourceStatusReason": reason}

    pages = [
        [event("d", "ROLLBACK_COMPLETE"), event("Service", "CREATE_FAILED", "cancelled")],
        [event("Listener", "CREATE_FAILED", "no such certificate"), event("d", "CREATE_IN_PROGRESS")],
        [event("Old", "CREATE_FAILED", "of an earlier try")],
    ]

    class CloudFormation:
        def get_paginator(self, name: str) -> "CloudFormation":
            return self

        def paginate(self, StackName: str) -> list[dict[str, object]]:  # noqa: N803
            return [{"StackEvents": page} for page in pages]

    assert deploy_dashboard.failure(CloudFormation(), "d") == "Listener: no such certificate"
