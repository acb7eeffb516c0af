"""What a stage of samconfig.toml is deployed with."""

import pytest

from analytics.template import load
from electrocloud.domain.errors import UsageError
from tools.stage import parameters_of, settings_of


@pytest.mark.parametrize("stage", ["dev", "prod"])
def test_each_stage_has_a_name_and_parameters_of_the_template(stage):
    names = load()["Parameters"].keys()
    stack, parameters = settings_of(stage)
    assert stack == f"electrocloud-{stage}"
    assert parameters["Stage"] == stage
    assert parameters.keys() <= names
    assert parameters_of(stage).keys() == names


def test_an_account_runs_on_arm64_unless_the_stage_says_otherwise():
    assert parameters_of("prod")["Architecture"] == "arm64"


def test_another_stage_is_refused_with_those_that_there_are():
    with pytest.raises(UsageError, match="dev and prod"):
        settings_of("test")
