"""A change of anything that a function runs publishes a new version behind its alias, and changes no other's."""

from collections.abc import Callable
from typing import Any

import pytest

from analytics.template import load
from tests.kits.template_kit import REGION, Resolver
from tools.deploy_check import expanded

FUNCTIONS = {"MeteringFunction", "ClosingFunction", "ForecastingFunction", "TransformFunction"}
OTHER = {
    "Stage": "prod",
    "ManagedDelivery": "false",
    "StreamMode": "PROVISIONED",
    "GradualDeployment": "true",
    "AlarmEmail": "alarms@example.com",
    "LogRetentionDays": "90",
}

Template = dict[str, Any]


@pytest.fixture(autouse=True)
def region(monkeypatch):
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)


def built(change: Callable[[Template], object] = lambda resources: None, **parameters: str) -> Template:
    """The expanded template after a change of its resources, or with other parameters."""
    template = load()
    defaults = {name: str(body.get("Default", "")) for name, body in template["Parameters"].items()}
    change(template["Resources"])
    return expanded(template, defaults | parameters, REGION)


def versions(template: Template) -> dict[str, str]:
    """The version that each function's alias points to, by its logical id."""
    return {
        body["Properties"]["FunctionName"]["Ref"]: body["Properties"]["FunctionVersion"]["Fn::GetAtt"][0]
        for body in template["Resources"].values()
        if body["Type"] == "AWS::Lambda::Alias"
    }


def released(before: Template, after: Template) -> set[str]:
    old, new = versions(before), versions(after)
    assert old.keys() == new.keys()
    return {function for function in old if old[function] != new[function]}


def set_property(resource: str, name: str, value: Any) -> Callable[[Template], None]:
    def change(resources: Template) -> None:
        assert resources[resource]["Properties"].get(name) != value
        resources[resource]["Properties"][name] = value

    return change


def test_each_function_is_called_by_an_alias_and_the_same_template_releases_nothing():
    assert versions(built()).keys() == FUNCTIONS
    assert released(built(), built()) == set()


@pytest.mark.parametrize(
    ("layer", "functions"), [("Layer", FUNCTIONS), ("ForecastLayer", {"ForecastingFunction"})], ids=str
)
def test_another_build_of_a_layer_is_a_release_of_the_functions_that_have_it(layer, functions):
    rebuilt = set_property(layer, "ContentUri", "s3://artifacts/rebuilt")
    assert released(built(), built(rebuilt)) == functions


@pytest.mark.parametrize("function", sorted(FUNCTIONS))
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Timeout", 77),
        ("Runtime", "python3.99"),
        ("MemorySize", 1769),
        ("Environment", {"Variables": {"NEW": "1"}}),
        ("CodeUri", "s3://artifacts/rebuilt"),
        ("Architectures", ["riscv"]),
    ],
    ids=["Timeout", "Runtime", "MemorySize", "Environment", "CodeUri", "Architectures"],
)
def test_a_changed_property_is_a_release_of_its_function(function, name, value):
    assert released(built(), built(set_property(function, name, value))) == {function}


@pytest.mark.parametrize("name", load()["Parameters"])
def test_no_parameter_changes_a_function_without_publishing_it(name):
    """SAM does not see the value of a parameter; one that reached a function would change only $LATEST."""
    parameters = load()["Parameters"]
    value = OTHER.get(name) or str(int(parameters[name]["Default"]) + 60)
    assert value != str(parameters[name]["Default"])
    before, after = built(), built(**{name: value})
    was, now = (functions(template) for template in ((before, {}), (after, {name: value})))
    changed = {function for function in FUNCTIONS if was[function] != now[function]}
    assert changed == released(before, after)


def functions(of: tuple[Template, dict[str, str]]) -> dict[str, Any]:
    """The properties of each function as they are deployed with a template and its parameters."""
    template, parameters = of
    resolve = Resolver(template, **parameters)
    return {name: resolve(template["Resources"][name]["Properties"]) for name in FUNCTIONS}


def test_the_grace_time_reaches_the_running_version_with_the_schedules_next_call():
    template = built(EstimateAfterHours="48")
    (target,) = template["Resources"]["ClosingFunctionSixHourly"]["Properties"]["Targets"]
    assert Resolver(template, EstimateAfterHours="48")(target["Input"]) == '{"estimate_after_hours": 48}'
