"""What the tools need to know of a deployment is among its outputs: names, and the parameters that are rules."""

import pytest

from analytics.template import load
from electrocloud.aws.stack import Stack, stack_of
from electrocloud.domain.errors import SettingsError

OUTPUTS = {name: f"{name}-1" for name in load()["Outputs"]}
PARAMETERS = {"FutureToleranceMinutes": "60", "AcceptUnregisteredMeters": "false", "PaymentDays": "30"}
NOT_DEPLOYED = {"endpoint", "credentials", "dead_letters"}


def test_each_field_of_a_stack_is_an_output():
    stack = stack_of(OUTPUTS | PARAMETERS, "eu-central-1")
    named = {value for value in (getattr(stack, name) for name in Stack.__struct_fields__) if value in OUTPUTS.values()}
    assert len(named) == len(Stack.__struct_fields__) - len(PARAMETERS) - len(NOT_DEPLOYED) - len({"region"})
    assert (stack.future_tolerance_s, stack.accept_unregistered_meters, stack.payment_days) == (3600, False, 30)


def test_an_output_that_a_parameter_sets_has_the_parameters_name():
    outputs = load()["Outputs"]
    assert {name: outputs[name]["Value"] for name in PARAMETERS} == {name: {"Ref": name} for name in PARAMETERS}


def test_a_stack_that_lacks_an_output_is_refused_by_its_name():
    with pytest.raises(SettingsError, match="lack bucket;"):
        stack_of({name: value for name, value in OUTPUTS.items() if name != "Bucket"} | PARAMETERS, "eu-central-1")
