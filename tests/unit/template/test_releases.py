"""A change of anything that a function runs publishes a new version behind its alias, and changes no other's."""

from collections.abc import Callable
from typing import Any

import pytest

from analytics.template import load
from tests.kits.template_kit import REGION, Resolver
from tools.deploy_check import expanded

FUNCTIONS = {
    "MeteringFunction",
    "ClosingFunction",
    "PublishingFunction",
    "ForecastingFunction",
    "TransformFunction",
    "ReadApiFunction",
}
OTHER = {
    "Stage": "prod",
    "Architecture": "x86_64",
    "ManagedDelivery": "false",
    "StreamMode": "PROVISIONED",
    "GradualDeployment": "true",
    "AcceptUnregisteredMeters": "false",
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


def versions(template: Template, **parameters: str) -> dict[str, tuple[str, Any]]:
    """The version that each function's alias points to: what CloudFormation knows it by, and would replace it for."""
    resources, resolve = template["Resources"], Resolver(template, **parameters)
    found = {}
    for body in resources.values():
        if body["Type"] == "AWS::Lambda::Alias":
            version = body["Properties"]["FunctionVersion"]["Fn::GetAtt"][0]
            found[body["Properties"]["FunctionName"]["Ref"]] = (version, resolve(resources[version]["Properties"]))
    return found


def released(before: Template, after: Template, **parameters: str) -> set[str]:
    """The functions of which another version runs after an update from one template to another with parameters."""
    old, new = versions(before), versions(after, **parameters)
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
    ("layer", "functions"),
    [
        ("Layer", FUNCTIONS),
        ("ForecastLayer", {"ForecastingFunction"}),
        ("LakeLayer", {"PublishingFunction"}),
        ("PresentationLayer", {"ReadApiFunction"}),
    ],
    ids=["Layer", "ForecastLayer", "LakeLayer", "PresentationLayer"],
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


def deployed_functions(template: Template, **parameters: str) -> dict[str, Any]:
    """The properties that each function has with a template and its parameters."""
    resolve = Resolver(template, **parameters)
    return {name: resolve(template["Resources"][name]["Properties"]) for name in FUNCTIONS}


@pytest.mark.parametrize("name", load()["Parameters"])
def test_a_parameter_is_a_release_of_the_functions_that_it_reaches(name):
    parameters = load()["Parameters"]
    value = OTHER.get(name) or str(int(parameters[name]["Default"]) + 60)
    assert value != str(parameters[name]["Default"])
    before, after = built(), built(**{name: value})
    was, now = deployed_functions(before), deployed_functions(after, **{name: value})
    assert released(before, after, **{name: value}) == {
        function for function in FUNCTIONS if was[function] != now[function]
    }


def test_the_grace_time_is_a_parameter_that_reaches_a_function():
    assert released(built(), built(EstimateAfterHours="48"), EstimateAfterHours="48") == {"ClosingFunction"}
