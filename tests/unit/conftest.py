"""What the tests of the pages share."""

from collections.abc import Callable
from typing import Any

import pytest

from dashboard import data, layout
from dashboard.bills import bill_data
from dashboard.customers import account_data, weather_data
from dashboard.exceptions import exception_data
from dashboard.forecast import forecast_data
from dashboard.health import health_data
from dashboard.meter import meter_data
from dashboard.questions import question_data
from dashboard.studies import study_data

MODULES = (
    data,
    account_data,
    bill_data,
    exception_data,
    forecast_data,
    health_data,
    meter_data,
    question_data,
    study_data,
    weather_data,
)


@pytest.fixture(autouse=True)
def _nobody_has_to_wait_for_paint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout, "FIRST_PAINT_S", 0)


@pytest.fixture
def give(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Let the functions that pages read with, of `data` and the modules beside it, return values, or raise them."""

    def given(**answers: Any) -> None:
        for name, value in answers.items():

            def answer(*_: Any, value: Any = value) -> Any:
                if isinstance(value, Exception):
                    raise value
                return value

            owner = next(module for module in MODULES if hasattr(module, name))
            monkeypatch.setattr(owner, name, answer)

    return given
