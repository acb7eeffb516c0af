"""`make scale`: change parameters of a deployed stack, and nothing else of it.

The stack keeps its template, its code and its other parameters, so that no checkout is deployed on the way. Kinesis at
most doubles and at most halves the shards of a stream at once: further changes go in steps, an update each.
"""

import argparse
from collections.abc import Iterator, Mapping

import boto3
from botocore.exceptions import BotoCoreError, ClientError, WaiterError

from electrocloud.aws.clients import CloudFormationClient, KinesisClient
from electrocloud.aws.stack import region_of_caller
from electrocloud.domain.errors import ElectroCloudError, SettingsError, UsageError
from tools.arguments import name_and_value
from tools.stage import settings_of

BY_RELEASE = {"Stage", "Architecture"}  # a stack's stage is fixed, and the layers are built for an architecture
UPDATES_A_DAY = 10  # UpdateShardCount, in 24 h


def shard_steps(open_shards: int, target: int) -> list[int]:
    """The shard counts from `open_shards` to `target`, each at most double and at least half of the one before.

    `UsageError` where Kinesis would need more updates than it makes in a day.
    """
    steps, count = [], open_shards
    while count != target:
        count = min(target, 2 * count) if target > count else max(target, -(-count // 2))
        steps.append(count)
    if len(steps) > UPDATES_A_DAY:
        raise UsageError(
            f"{open_shards} to {target} shards takes {len(steps)} updates; Kinesis makes {UPDATES_A_DAY} a day"
        )
    return steps


def updates(changes: Mapping[str, str], deployed: Mapping[str, str], open_shards: int) -> Iterator[dict[str, str]]:
    """The parameters that are changed by each update of the stack, in order; none where nothing changes.

    `UsageError` names a parameter that the stack does not have, or that only a release can change.
    """
    for name in changes:
        if name in BY_RELEASE or name not in deployed:
            known = ", ".join(sorted(deployed.keys() - BY_RELEASE))
            raise UsageError(f"{name} cannot be changed by itself; these can: {known}")
    now = dict(deployed)
    wanted = now | dict(changes)
    if wanted.get("StreamMode") == "PROVISIONED":
        if now["StreamMode"] != "PROVISIONED":
            now |= {"StreamMode": "PROVISIONED", "ShardCount": str(open_shards)}
            yield {"StreamMode": "PROVISIONED", "ShardCount": str(open_shards)}
        for count in shard_steps(open_shards, int(wanted["ShardCount"])):
            now["ShardCount"] = str(count)
            yield {"ShardCount": str(count)}
    if left := {name: value for name, value in wanted.items() if now[name] != value}:
        yield left


def scale(
    cloudformation: CloudFormationClient, kinesis: KinesisClient, stack: str, changes: Mapping[str, str]
) -> Iterator[dict[str, str]]:
    """Update the stack, and give each update's parameters when it is done. `SettingsError` where one fails."""
    try:
        (found,) = cloudformation.describe_stacks(StackName=stack)["Stacks"]
        deployed = {one["ParameterKey"]: one["ParameterValue"] for one in found["Parameters"]}
        (stream,) = (one["OutputValue"] for one in found["Outputs"] if one["OutputKey"] == "Stream")
        summary = kinesis.describe_stream_summary(StreamName=stream)["StreamDescriptionSummary"]
        for update in updates(changes, deployed, summary["OpenShardCount"]):
            cloudformation.update_stack(
                StackName=stack,
                UsePreviousTemplate=True,
                Parameters=[
                    {"ParameterKey": name, "ParameterValue": update[name]}
                    if name in update
                    else {"ParameterKey": name, "UsePreviousValue": True}
                    for name in deployed
                ],
                Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
            )
            cloudformation.get_waiter("stack_update_complete").wait(StackName=stack, WaiterConfig={"Delay": 5})
            yield update
    except WaiterError as fault:
        raise SettingsError(f"the update of {stack} failed and is rolled back; see its events ({fault})") from None
    except (BotoCoreError, ClientError) as fault:
        raise SettingsError(f"{stack} cannot be updated: {fault}") from None


def main() -> None:
    """Change the parameters that the command line names."""
    parser = argparse.ArgumentParser(prog="python -m tools.scale", description=__doc__)
    parser.add_argument("--stage", default="dev", help="dev or prod, of samconfig.toml")
    parser.add_argument("changes", nargs="+", metavar="NAME=VALUE", help="a parameter of template.yaml and its value")
    arguments = parser.parse_args()
    try:
        changes = dict(name_and_value(text, "ShardCount=20") for text in arguments.changes)
        session = boto3.Session(region_name=region_of_caller())
        clients = session.client("cloudformation"), session.client("kinesis")
        done = 0
        for update in scale(*clients, settings_of(arguments.stage)[0], changes):
            done += 1
            print("updated:", ", ".join(f"{name}={value}" for name, value in update.items()), flush=True)
        print("done" if done else "nothing to change: the stack has these values")
    except ElectroCloudError as fault:
        parser.exit(1, f"{fault}\n")


if __name__ == "__main__":
    main()
