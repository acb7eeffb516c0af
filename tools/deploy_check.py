"""`make deploy-check`: shows what a deployment would change and cost per month, without creating or uploading anything.

It expands template.yaml as CloudFormation would, and compares it with the template of the deployed stack.
"""

import argparse
import logging
import os
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import boto3
import yaml
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console
from rich.table import Table
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

from analytics.template import load
from cost.estimate import fleet_plan, show
from cost.units import FleetPlan
from electrocloud.aws.clients import CloudFormationClient
from electrocloud.aws.stack import region_of_caller
from electrocloud.domain.errors import SettingsError
from tools.stage import parameters_of, settings_of

# SAM names these by a hash of their content; and the S3 location of code does not tell whether the code changed.
_HASH = re.compile(r"[0-9a-f]{10}$")
_PLACES = {"Code", "Content", "CodeUri", "ContentUri"}


class Difference(NamedTuple):
    """A resource that would be added, removed or changed, with the changed properties."""

    action: str
    name: str
    type: str
    properties: tuple[str, ...] = ()


def expanded(template: dict[str, Any], parameters: Mapping[str, str], region: str) -> dict[str, Any]:
    """Expand the template's includes and SAM resources. Modifies the template in place."""
    os.environ.setdefault("AWS_DEFAULT_REGION", region)  # the translator reads only this
    for resource in template["Resources"].values():
        properties = resource["Properties"]
        for name in _PLACES & properties.keys():
            if not str(properties[name]).startswith("s3://"):
                properties[name] = "s3://artifacts/code"
    return dict(Translator({}, Parser()).translate(template, dict(parameters)))


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Difference]:
    """The differences between two templates' resources, ordered by name."""
    old, new = _named(before), _named(after)
    found = [Difference("add", name, new[name]["Type"]) for name in new.keys() - old.keys()]
    found += [Difference("remove", name, old[name]["Type"]) for name in old.keys() - new.keys()]
    for name in old.keys() & new.keys():
        was, will = old[name].get("Properties", {}), new[name].get("Properties", {})
        changed = tuple(sorted(key for key in (was.keys() | will.keys()) - _PLACES if was.get(key) != will.get(key)))
        if changed:
            found.append(Difference("change", name, new[name]["Type"], changed))
    return sorted(found, key=lambda one: (one.action, one.name))


def _named(resources: Mapping[str, Any]) -> dict[str, Any]:
    return {_HASH.sub("", name): body for name, body in resources.items()}


def deployed(cloudformation: CloudFormationClient, stack: str) -> tuple[dict[str, Any], dict[str, str]]:
    """The resources and parameters of a deployed stack; both empty if the stack does not exist."""
    try:
        (found,) = cloudformation.describe_stacks(StackName=stack)["Stacks"]
    except ClientError as fault:
        if "does not exist" in str(fault):
            return {}, {}
        raise
    body = cloudformation.get_template(StackName=stack, TemplateStage="Processed")["TemplateBody"]
    template = body if isinstance(body, dict) else yaml.safe_load(body)
    return template["Resources"], {one["ParameterKey"]: one["ParameterValue"] for one in found.get("Parameters", [])}


def main() -> None:
    """Print what a deployment would change, and what its fleet would cost."""
    parser = argparse.ArgumentParser(prog="python -m tools.deploy_check", description=__doc__)
    parser.add_argument("--stage", default="dev", help="stage in samconfig.toml: dev or prod")
    parser.add_argument("--meters", type=int, default=10_000, help="meters of the fleet to price")
    parser.add_argument("--interval", type=int, default=900, help="its interval length, s")
    parser.add_argument("--upload-every", type=int, default=86_400, help="seconds between a meter's uploads")
    arguments = parser.parse_args()
    logging.getLogger("samtranslator").setLevel(logging.ERROR)  # it logs unrelated notices
    console = Console()
    stack, parameters = settings_of(arguments.stage)[0], parameters_of(arguments.stage)
    try:
        region = region_of_caller()
    except SettingsError:
        region = "eu-central-1"
    try:
        before, had = deployed(boto3.client("cloudformation", region), stack)
        console.print(f"{stack} in {region}" + ("" if before else " does not exist yet: everything would be created."))
    except (BotoCoreError, ClientError) as fault:
        before, had = {}, {}
        console.print(f"{stack} cannot be read ({fault}); comparing with an empty stack.")
    after = expanded(load(), parameters, region)["Resources"]
    console.print(_table(differences(before, after)))
    for name, value in sorted(parameters.items()):
        if had.get(name) != value:
            console.print(f"parameter {name}: {had.get(name, '-')} becomes {value or repr(value)}")
    console.print()
    show(fleet_of(arguments, parameters))


def fleet_of(arguments: argparse.Namespace, parameters: Mapping[str, str]) -> FleetPlan:
    """The fleet to price, on the stream set by the parameters."""
    shards = int(parameters["ShardCount"]) if parameters["StreamMode"] == "PROVISIONED" else 0
    return fleet_plan(arguments.meters, arguments.interval, arguments.upload_every, kpl=False, shards=shards)


def _table(found: list[Difference]) -> Table:
    table = Table(title=f"{len(found)} resources would change", title_justify="left")
    for column in ("", "resource", "type", "what"):
        table.add_column(column)
    colours = {"add": "green", "remove": "red", "change": "yellow"}
    for one in found:
        table.add_row(f"[{colours[one.action]}]{one.action}[/]", one.name, one.type, ", ".join(one.properties))
    return table


if __name__ == "__main__":
    main()
