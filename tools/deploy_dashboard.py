"""`make deploy-dashboard`: build the dashboard's image, push it to ECR, and deploy hosting/template.yaml.

Parameters of hosting/template.yaml are given once as NAME=VALUE; later calls keep those that they do not name.
"""

import argparse
import base64
import json
import shutil
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

import boto3
from botocore.exceptions import BotoCoreError, ClientError, WaiterError

from analytics.template import ROOT, load
from electrocloud.aws.clients import CloudFormationClient
from electrocloud.aws.stack import outputs_of, region_of_caller
from electrocloud.domain.errors import ElectroCloudError, SettingsError, UsageError
from tools.arguments import name_and_value
from tools.stage import settings_of

TEMPLATE = ROOT / "hosting" / "template.yaml"
FROM_OUTPUTS = (
    "Stream", "WindowsTable", "BillsTable", "MetersTable", "ServicePointsTable", "AccountsTable", "TariffsTable",
    "ForecastsTable", "Bucket", "Database", "WorkGroup", "Key",
)  # fmt: skip
PLATFORMS = {"ARM64": "linux/arm64", "X86_64": "linux/amd64"}
IMAGES_KEPT = 10
WAIT = {"Delay": 10, "MaxAttempts": 180}  # half an hour: the service waits until a task is healthy


class Image(NamedTuple):
    """What is built and where it goes: the repository `name` in ECR, for an architecture of hosting/template.yaml."""

    name: str
    architecture: str


def repository(ecr: Any, name: str) -> str:
    """The address of a repository, which is made if it is not there: scanned on push, with the last images only."""
    try:
        (found,) = ecr.describe_repositories(repositoryNames=[name])["repositories"]
    except ecr.exceptions.RepositoryNotFoundException:
        found = ecr.create_repository(
            repositoryName=name,
            imageTagMutability="IMMUTABLE",
            imageScanningConfiguration={"scanOnPush": True},
        )["repository"]
        old = {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": IMAGES_KEPT}
        rule = {"rulePriority": 1, "selection": old, "action": {"type": "expire"}}
        ecr.put_lifecycle_policy(repositoryName=name, lifecyclePolicyText=json.dumps({"rules": [rule]}))
    return str(found["repositoryUri"])


def push(ecr: Any, image: Image, tag: str) -> str:
    """Build the image from the checkout and push it; its address with its digest."""
    if not shutil.which("docker"):
        raise SettingsError("Docker is not installed; install it, or give an image that was pushed: --image ADDRESS")
    address = repository(ecr, image.name)
    (login,) = ecr.get_authorization_token()["authorizationData"]
    user, _, password = base64.b64decode(login["authorizationToken"]).decode().partition(":")
    _docker("login", "--username", user, "--password-stdin", login["proxyEndpoint"], given=password)
    platform = PLATFORMS[image.architecture]
    _docker(
        "buildx", "build", "--platform", platform, "--provenance=false", "--push", "--tag", f"{address}:{tag}",
        "--file", "hosting/Dockerfile", ".",
    )  # fmt: skip
    (pushed,) = ecr.describe_images(repositoryName=image.name, imageIds=[{"imageTag": tag}])["imageDetails"]
    return f"{address}@{pushed['imageDigest']}"


def _docker(*arguments: str, given: str | None = None) -> None:
    try:
        subprocess.run(["docker", *arguments], cwd=ROOT, input=given, text=True, check=True)
    except subprocess.CalledProcessError as fault:
        raise SettingsError(f"`docker {arguments[0]}` failed with exit code {fault.returncode}") from None


def parameters_of(stack: str, outputs: Mapping[str, str], given: Mapping[str, str]) -> dict[str, str]:
    """The parameters that this deployment sets. `UsageError` names one that hosting/template.yaml does not have."""
    known = load(TEMPLATE)["Parameters"].keys()
    own = {"Stack", "Image", *FROM_OUTPUTS}
    if unknown := sorted(given.keys() - (known - own)):
        raise UsageError(f"{', '.join(unknown)} cannot be set; these can: {', '.join(sorted(known - own))}")
    if missing := [name for name in FROM_OUTPUTS if name not in outputs]:
        raise SettingsError(f"the outputs of {stack} lack {', '.join(missing)}; deploy this version of template.yaml")
    return {"Stack": stack, **{name: outputs[name] for name in FROM_OUTPUTS}, **given}


def deployed(cloudformation: CloudFormationClient, stack: str) -> dict[str, str] | None:
    """The parameters of the deployed dashboard; None if there is none."""
    try:
        (found,) = cloudformation.describe_stacks(StackName=stack)["Stacks"]
    except ClientError as fault:
        if "does not exist" in str(fault):
            return None
        raise
    return {one["ParameterKey"]: one["ParameterValue"] for one in found.get("Parameters", [])}


def check_complete(before: Mapping[str, str] | None, parameters: Mapping[str, str]) -> None:
    """Raise `UsageError` if a parameter without a default has never been given; the image comes later."""
    needed = {name: one for name, one in load(TEMPLATE)["Parameters"].items() if "Default" not in one}
    missing = [name for name in needed if name not in {"Image", *parameters, *(before or {})}]
    if missing:
        lines = [f"  {name}: {needed[name]['Description']}" for name in missing]
        raise UsageError("\n".join(["give these as NAME=VALUE:", *lines]))


def deploy(cloudformation: CloudFormationClient, stack: str, parameters: Mapping[str, str]) -> dict[str, str]:
    """Create or update the stack, wait until it is done, and return its outputs. `SettingsError` if it fails."""
    before = deployed(cloudformation, stack)
    kept = [name for name in before or {} if name not in parameters and name in load(TEMPLATE)["Parameters"]]
    values: list[Any] = [{"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()]
    values += [{"ParameterKey": name, "UsePreviousValue": True} for name in kept]
    send = cloudformation.create_stack if before is None else cloudformation.update_stack
    done: Any = "stack_create_complete" if before is None else "stack_update_complete"
    try:
        send(StackName=stack, TemplateBody=TEMPLATE.read_text(), Parameters=values, Capabilities=["CAPABILITY_IAM"])
        cloudformation.get_waiter(done).wait(StackName=stack, WaiterConfig=WAIT)
    except WaiterError:
        raise SettingsError(f"{stack} failed and is rolled back: {failure(cloudformation, stack)}") from None
    except ClientError as fault:
        if "No updates" not in str(fault):
            raise
    (found,) = cloudformation.describe_stacks(StackName=stack)["Stacks"]
    return {one["OutputKey"]: one["OutputValue"] for one in found.get("Outputs", [])}


def failure(cloudformation: CloudFormationClient, stack: str) -> str:
    """The first resource of the last deployment that failed, and why."""
    failed: list[str] = []
    for page in cloudformation.get_paginator("describe_stack_events").paginate(StackName=stack):  # the newest first
        for event in page["StackEvents"]:
            name, status = event.get("LogicalResourceId", ""), event.get("ResourceStatus", "")
            if status.endswith("_FAILED"):
                failed.append(f"{name}: {event.get('ResourceStatusReason', 'no reason is given')}")
            elif name == stack and status in ("CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS"):
                return failed[-1] if failed else "see its events"
    return failed[-1] if failed else "see its events"


def main() -> None:
    """Deploy the dashboard of a stage."""
    parser = argparse.ArgumentParser(prog="python -m tools.deploy_dashboard", description=__doc__)
    parser.add_argument("--stage", default="dev", help="dev or prod, of samconfig.toml")
    parser.add_argument("--image", help="an image that was pushed before, by its digest; nothing is built then")
    parser.add_argument("changes", nargs="*", metavar="NAME=VALUE", help="a parameter of hosting/template.yaml")
    arguments = parser.parse_args()
    try:
        given = dict(name_and_value(text, "DomainName=meters.example.com") for text in arguments.changes)
        outputs = run(settings_of(arguments.stage)[0], given, arguments.image)
        print("\n".join(f"{name}: {value}" for name, value in sorted(outputs.items())))
    except ElectroCloudError as fault:
        parser.exit(1, f"{fault}\n")
    except (BotoCoreError, ClientError) as fault:
        parser.exit(1, f"AWS refused: {fault}\n")


def run(stack: str, given: Mapping[str, str], image: str | None) -> dict[str, str]:
    """Deploy the dashboard of a stack; its outputs. What can be wrong is said before anything is built."""
    region = region_of_caller()
    cloudformation = boto3.client("cloudformation", region)
    name = f"{stack}-dashboard"
    parameters = parameters_of(stack, outputs_of(stack, region), given)
    before = deployed(cloudformation, name)
    check_complete(before, parameters)
    default = load(TEMPLATE)["Parameters"]["Architecture"]["Default"]
    architecture = parameters.get("Architecture") or (before or {}).get("Architecture") or default
    tag = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    address = image or push(boto3.client("ecr", region), Image(name, architecture), tag)
    return deploy(cloudformation, name, {**parameters, "Image": address})


if __name__ == "__main__":
    main()
