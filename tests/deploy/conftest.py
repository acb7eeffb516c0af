"""The real template, built and deployed by the SAM CLI to a MiniStack of this test run's own."""

import sys
from collections.abc import Iterator
from typing import NamedTuple

import msgspec
import pytest

from electrocloud.aws.stack import STATE, Stack
from laptop import cloud
from laptop.processes import ProcessGroup

# The laptop's cloud runs a transform within the call that puts a record, and then answers none of the transform's own
# calls: its Firehose is left out, and the laptop's delivery writes the Parquet.
PARAMETERS = cloud.PARAMETERS | {"LogRetentionDays": "30"}


class Deployed(NamedTuple):
    stack: Stack
    cloud: cloud.LocalCloud
    children: ProcessGroup


@pytest.fixture(scope="session")
def deployed() -> Iterator[Deployed]:
    children = ProcessGroup(STATE / "logs")
    try:
        local = cloud.start_cloud(children, cloud.free_port())
        cloud.build(children)
        cloud.wait_until_up(local, children)
        outputs = cloud.deploy(children, local, PARAMETERS)
        port = str(cloud.free_port())
        stack = cloud.laptop_stack(outputs, local, f"http://{cloud.HOST}:{port}")
        (STATE / "stack.json").write_bytes(msgspec.json.encode(stack))
        gateway = [
            sys.executable,
            "-m",
            "laptop.gateway.server",
            "--stream",
            stack.stream,
            "--endpoint",
            local.endpoint,
        ]
        gateway += [
            "--read-function",
            stack.read_api_function,
            "--usage-plan",
            stack.usage_plan,
            "--region",
            stack.region,
            "--port",
            port,
        ]
        env = cloud.environment(local) | {"ELECTROCLOUD_STATE": str(STATE.resolve())}
        children.start("gateway", gateway, env)
        children.start("delivery", [sys.executable, "-m", "laptop.delivery"], env)
        cloud.wait_for(lambda: cloud.answers(stack.api), "the gateway", children)
        yield Deployed(stack, local, children)
    finally:
        children.stop()
