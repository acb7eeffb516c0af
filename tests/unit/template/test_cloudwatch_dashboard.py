"""The CloudWatch dashboard is JSON that CloudWatch can draw, and looks only at what there is."""

import json

import pytest
import yaml

from analytics.template import ROOT, load
from tests.kits.template_kit import Resolver


@pytest.fixture(params=["true", "false"])
def resolve(request):
    return Resolver(load(), Stage="prod", ManagedDelivery=request.param, GradualDeployment=request.param)


@pytest.fixture
def dashboard(resolve):
    template = load()
    return json.loads(resolve(template["Resources"]["Dashboard"]["Properties"]["DashboardBody"]))


def shown(dashboard):
    """The metrics of all widgets with CloudWatch's abbreviations (`.` and `...`) written out."""
    for widget in dashboard["widgets"]:
        before = []
        for line in widget["properties"].get("metrics", []):
            line = [part for part in line if not isinstance(part, dict)]
            if line[:1] == ["..."]:
                line = before[: len(before) - len(line) + 1] + line[1:]
            line = [before[place] if part == "." else part for place, part in enumerate(line)]
            before = line or before
            if line:
                yield line


def test_widgets_fill_the_grid_without_overlap(dashboard):
    cells = [
        (x, y)
        for widget in dashboard["widgets"]
        for x in range(widget["x"], widget["x"] + widget["width"])
        for y in range(widget["y"], widget["y"] + widget["height"])
    ]
    assert len(cells) == len({*cells})
    assert {x for x, _ in cells} == {*range(24)}
    assert len(cells) == 24 * (max(y for _, y in cells) + 1)


def test_every_alarm_is_on_it(dashboard, resolve):
    (widget,) = [one for one in dashboard["widgets"] if one["type"] == "alarm"]
    alarms = {
        f"{name}.Arn"
        for name, body in load()["Resources"].items()
        if body["Type"] == "AWS::CloudWatch::Alarm" and ("Condition" not in body or resolve.holds(body["Condition"]))
    }
    assert {*widget["properties"]["alarms"]} == alarms


def test_every_metric_is_of_a_resource_of_this_stack(dashboard):
    resources = load()["Resources"].keys() | {"MeteringFunctionUploads", "none"}
    title = yaml.safe_load((ROOT / "api" / "openapi.yaml").read_text())["info"]["title"]
    for namespace, _, *dimensions in shown(dashboard):
        for name, value in zip(dimensions[::2], dimensions[1::2], strict=True):
            known = {"ApiName": {title}, "Stage": {"prod"}, "Operation": {"TransactWriteItems"}}
            known["service"] = {"metering", "closing", "publishing", "transform"}
            assert value in known.get(name, resources), (namespace, name)


def test_it_shows_each_stage_of_a_readings_way(dashboard):
    namespaces = {metric[0] for metric in shown(dashboard)}
    assert namespaces == {
        "AWS/ApiGateway", "AWS/Kinesis", "AWS/Lambda", "ElectroCloud", "AWS/DynamoDB", "AWS/Firehose",
    }  # fmt: skip
