"""The region of a command, from the environment variable of the AWS CLI or of boto3."""

import boto3
import pytest

from electrocloud.aws import stack
from electrocloud.aws.stack import region_of_caller
from electrocloud.domain.errors import SettingsError


@pytest.fixture(autouse=True)
def no_region(monkeypatch, tmp_path):
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)


@pytest.mark.parametrize("name", ["AWS_REGION", "AWS_DEFAULT_REGION"])
def test_either_variable_sets_the_region(monkeypatch, name):
    monkeypatch.setenv(name, "eu-west-1")
    assert region_of_caller() == "eu-west-1"


def test_the_aws_clis_own_variable_has_precedence(monkeypatch):
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_REGION", "us-east-2")
    assert region_of_caller() == "us-east-2"


def test_a_stack_is_looked_for_in_that_region(monkeypatch):
    asked = []

    def outputs_of(name, region):
        asked.append((name, region))
        raise SettingsError("enough")

    monkeypatch.setenv("ELECTROCLOUD_STACK", "electrocloud-prod")
    monkeypatch.setenv("AWS_REGION", "us-east-2")
    monkeypatch.setattr(stack, "outputs_of", outputs_of)
    with pytest.raises(SettingsError, match="enough"):
        stack.find_stack.__wrapped__()
    assert asked == [("electrocloud-prod", "us-east-2")]


def test_without_a_region_the_command_says_which_variable_to_set():
    with pytest.raises(SettingsError, match="set AWS_REGION"):
        region_of_caller()
