"""The Health page: the path of a reading, the alarms with what they mean, and the last runs."""

from collections.abc import Callable
from datetime import UTC, datetime

import msgspec
import pytest

from analytics.pipeline_health import Alarm, Counts, Health, Run
from analytics.pipeline_stages import Stage
from analytics.template import load
from dashboard.health.runbook import section
from tests.kits.dashboard_kit import metrics, page, texts

NOW = datetime(2026, 11, 26, 9, 0, tzinfo=UTC)
COUNTS = Counts(600, 5_400, 12, 2_500_000, 3, 1.5, 0.0, NOW)


def stage(name: str, **parts: object) -> Stage:
    known: dict[str, object] = {
        "unit": "records", "per_s": 2.5, "waits": "", "waiting_s": None, "error": "failed batches", "errors": 0,
        "last_error": None,
    }  # fmt: skip
    return Stage(name, **known | parts)  # type: ignore[arg-type]


def health(*alarms: Alarm, counts: Counts = COUNTS, **of_stream: object) -> Health:
    path = [stage("API", per_s=None), stage("Stream", waits="oldest waiting upload", waiting_s=90.0, **of_stream)]
    return Health(counts, path, list(alarms), [Run("Closing", NOW, "3 bills closed"), Run("Forecasting", None, "")])


OFF = Alarm("ApiErrorsAlarm", "OK", NOW, "The API answers with 5xx.")
ON = Alarm("IteratorAgeAlarm", "ALARM", NOW, "Uploads wait.")


def test_each_stage_shows_its_rate_and_what_waits(give: Callable[..., None]) -> None:
    give(health=health(OFF), fleet=None)
    app = page("health")
    assert metrics(app) == {
        "API": "–", "Stream": "2.5 /s", "Windows": "5,400 meter-days", "Bills": "600",
        "Parquet": "12 files, 2.50 MB", "Rejected uploads": "3",
    }  # fmt: skip
    assert "1 min: oldest waiting upload" in texts(app)
    assert app.success[0].value.startswith("No alarm is on")


def test_parquet_shows_its_rate_in_bytes_of_the_last_hour_and_the_lake_what_waits(give: Callable[..., None]) -> None:
    parquet = stage("Parquet", unit="bytes", per_s=1_234.0, over="last hour")
    lake = stage("Lake", unit="issued bills", backlog=1_200)
    give(health=msgspec.structs.replace(health(OFF), stages=[parquet, lake]), fleet=None)
    app = page("health")
    assert [metric.value for metric in app.metric[:2]] == ["1.23 kB/s", "2.5 /s"]
    assert "bytes, last hour" in texts(app)
    assert "1,200 waiting to be published" in texts(app)


def test_the_last_error_of_a_stage_is_shown_with_its_time_and_zone(give: Callable[..., None]) -> None:
    give(health=health(OFF, errors=3, last_error=NOW), fleet=None)
    assert "failed batches: 3 in 24 h, last Thu 26 Nov 09:00 UTC" in texts(page("health"))


def test_an_alarm_that_is_on_is_named_first_and_its_link_shows_what_to_do(give: Callable[..., None]) -> None:
    give(health=health(ON, OFF), fleet=None)
    app = page("health", alarm="IteratorAgeAlarm")
    assert "IteratorAgeAlarm" in app.error[0].value
    assert app.dataframe[0].value["State"].tolist() == ["▲ on", "off"]
    assert "**Fix.**" in texts(app)


def test_an_alarm_of_another_name_in_the_address_is_ignored(give: Callable[..., None]) -> None:
    give(health=health(OFF), fleet=None)
    assert "**Fix.**" not in texts(page("health", alarm="NobodysAlarm"))


def test_a_stuck_upload_is_reported_where_no_alarm_is_on(give: Callable[..., None]) -> None:
    give(health=health(OFF, counts=msgspec.structs.replace(COUNTS, waiting_s=424.0)), fleet=None)
    assert "7 min" in page("health").warning[0].value


def test_a_stack_without_alarms_says_that_this_is_bad(give: Callable[..., None]) -> None:
    give(health=health(), fleet=None)
    assert "nobody is warned" in texts(page("health"))


@pytest.mark.parametrize(
    "name", [name for name, one in load()["Resources"].items() if one["Type"] == "AWS::CloudWatch::Alarm"]
)
def test_every_alarm_of_the_template_has_its_section_of_the_runbook(name: str) -> None:
    assert "**Fix.**" in section(name)
