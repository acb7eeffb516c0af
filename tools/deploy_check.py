"""`make deploy-check`: what a deployment would change and cost a month, found without creating or uploading anything.

It expands template.yaml as CloudFormation would and compares that with the template that the stack was deployed with.
"""

import argparse
import logging
import os
import re
import tomllib
from collections.abc import Mapping
from typing import Any, NamedTuple

import boto3
import yaml
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console
from rich.table import Table
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

from analytics.template import ROOT, load
from cost.estimate import fleet_plan, show
from cost.units import FleetPlan
from electrocloud.domain.errors import UsageError

# SAM names these by a hash of what is in them; and where code lies in S3 says nothing of whether it is other code.
_HASH = re.compile(r"[0-9a-f]{10}$")
_PLACES = {"Code", "Content", "CodeUri", "ContentUri"}


class Difference(NamedTuple):
    """A resource that would be added, removed or changed, and for the last its properties that are different."""

    action: str
    name: str
    type: str
    properties: tuple[str, ...] = ()


def expanded(template: dict[str, Any], parameters: Mapping[str, str], region: str) -> dict[str, Any]:
    """The template with its SAM resources expanded. It is changed on the way."""
    os.environ.setdefault("AWS_DEFAULT_REGION", region)  # the translator reads nothing else
    for resource in template["Resources"].values():
        properties = resource["Properties"]
        for name in _PLACES & properties.keys():
            if not str(properties[name]).startswith("s3://"):
                properties[name] = "s3://artifacts/code"
    return dict(Translator({}, Parser()).translate(template, dict(parameters)))


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Difference]:
    """From one template's resources to another's, in order of their names."""
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


def settings_of(stage: str) -> tuple[str, dict[str, str]]:
    """The stack's name and the parameters that samconfig.toml has for a stage."""
    config = tomllib.loads((ROOT / "samconfig.toml").read_text())
    try:
        deploy = config[stage]["deploy"]["parameters"]
    except KeyError:
        raise UsageError(f"samconfig.toml has no stage {stage}; it has dev and prod") from None
    overrides = (pair.split("=", 1) for pair in deploy["parameter_overrides"].split())
    return deploy["stack_name"], dict(overrides)


def deployed(cloudformation: Any, stack: str) -> tuple[dict[str, Any], dict[str, str]]:
    """The resources and the parameters that a stack was deployed with; none where there is no such stack."""
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
    parser.add_argument("--stage", default="dev", help="dev or prod, of samconfig.toml")
    parser.add_argument("--meters", type=int, default=10_000, help="of the fleet whose month is priced")
    parser.add_argument("--interval", type=int, default=900, help="seconds a reading of it")
    parser.add_argument("--upload-every", type=int, default=86_400, help="seconds between a meter's uploads")
    arguments = parser.parse_args()
    logging.getLogger("samtranslator").setLevel(logging.ERROR)  # it tells of features that it was not asked for
    console = Console()
    stack, parameters = settings_of(arguments.stage)
    region = boto3.Session().region_name or "eu-central-1"
    template = load()
    defaults = {name: str(body["Default"]) for name, body in template["Parameters"].items() if "Default" in body}
    try:
        before, had = deployed(boto3.client("cloudformation", region), stack)
        console.print(f"{stack} in {region}" + ("" if before else " is not there yet: all of it would be created."))
    except (BotoCoreError, ClientError) as fault:
        before, had = {}, {}
        console.print(f"{stack} cannot be looked at ({fault}): compared with nothing.")
    after = expanded(template, defaults | parameters, region)["Resources"]
    console.print(_table(differences(before, after)))
    for name, value in sorted((defaults | parameters).items()):
        if had.get(name) != value:
            console.print(f"parameter {name}: {had.get(name, '-')} becomes {value or repr(value)}")
    console.print()
    show(fleet_of(arguments, defaults | parameters))


def fleet_of(arguments: argparse.Namespace, parameters: Mapping[str, str]) -> FleetPlan:
    """The fleet to price, on the stream that the parameters ask for."""
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
