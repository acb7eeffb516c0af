"""What a function reads of its environment at its cold start."""

import pytest

from electrocloud.aws.settings import ForecastingSettings
from electrocloud.domain.errors import SettingsError

ENVIRONMENT = {name.upper(): name for name in ForecastingSettings.__struct_fields__}


def test_settings_are_the_environment_variables_of_their_names() -> None:
    assert ForecastingSettings.from_environment(ENVIRONMENT).forecasts_table == "forecasts_table"


@pytest.mark.parametrize("name", ENVIRONMENT)
def test_a_missing_variable_is_named(name: str) -> None:
    with pytest.raises(SettingsError, match=f"lacks {name};"):
        ForecastingSettings.from_environment(ENVIRONMENT | {name: ""})
