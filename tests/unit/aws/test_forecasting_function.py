"""The forecasting function at its cold start."""

import importlib
import sys

import pytest

from electrocloud.aws.settings import ForecastingSettings
from electrocloud.domain.errors import SettingsError

NAME = "consumers.forecasting.app"


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ForecastingSettings.__struct_fields__:
        monkeypatch.setenv(name.upper(), f"the-{name}")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    monkeypatch.setenv("POWERTOOLS_TRACE_DISABLED", "true")
    monkeypatch.delitem(sys.modules, NAME, raising=False)


def test_it_works_with_the_tables_that_its_environment_names() -> None:
    function = importlib.import_module(NAME)
    assert function.settings.windows_table == "the-windows_table"
    assert function.deployment.bucket == "the-bucket"


def test_it_says_which_variable_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FORECASTS_TABLE")
    with pytest.raises(SettingsError, match="lacks FORECASTS_TABLE"):
        importlib.import_module(NAME)
