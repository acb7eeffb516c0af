"""The page of tariff studies, drawn with given data."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from dashboard.studies import study_data
from electrocloud.domain.meter import RegisteredMeter
from electrocloud.domain.studies.study import Study, StudyRequest
from electrocloud.domain.tariffs.urdb import tariff_from_urdb
from tests.kits.dashboard_kit import metrics, page, texts
from tests.kits.examples import TIME_OF_USE
from tests.unit.analytics.test_study import MONTHS, TOU, study

NOW = datetime.now(UTC)
METER = RegisteredMeter("M-1", 1, 2, "F-1", "home", "tou", "UTC")


def stored(**fields: object) -> Study:
    request = StudyRequest(*MONTHS, tariff_id="residential-tou")
    return msgspec.structs.replace(Study("S-1", request, "ann", NOW), **fields)


@pytest.fixture(scope="module")
def made() -> object:
    return study(TOU)


def test_a_study_shows_who_saves_and_the_price_that_keeps_revenue(give: Callable[..., None], made) -> None:
    give(study=stored(status="done", result=made.result), customers=made.customers)
    app = page("studies", study="S-1")

    total = made.result.total
    assert metrics(app)["Save"] == f"{total.save:,}"
    assert metrics(app)["Revenue now"] == f"${total.now:,.2f}"
    assert "Energy prices times" in texts(app).replace("\\", "")
    prices, by_class, by_tariff, listed = (table.value for table in app.dataframe)
    assert len(prices) == len(made.result.neutral.prices)
    assert by_class["Customers"].sum() == by_tariff["Customers"].sum() == total.customers
    assert listed["Change"].tolist() == [float(one.change) for one in made.customers]
    assert made.result.data.digest in texts(app)

    app.selectbox(key="outcome").set_value("Pay more").run()
    shown = app.dataframe[3].value if total.pay_more else None
    assert shown is None or (shown["Change"] > 0).all()


def test_a_running_study_shows_how_far_it_is_and_a_dead_one_that_it_stopped(give: Callable[..., None]) -> None:
    give(study=stored(status="running", step="rating customers", done=300, of=1_000, updated_at=NOW))
    app = page("studies", study="S-1")
    assert "stays at this address" in texts(app)

    give(study=stored(status="running", updated_at=NOW - timedelta(hours=1)))
    assert "stopped before it was done" in texts(page("studies", study="S-1"))


def test_a_failed_study_says_why(give: Callable[..., None]) -> None:
    give(study=stored(status="failed", error="no customer has bills to compare"))
    assert "no customer has bills to compare" in texts(page("studies", study="S-1"))


def test_a_study_is_started_from_the_form(give: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[StudyRequest] = []
    give(tariffs={"tou": tariff_from_urdb(TIME_OF_USE)}, registry=[METER], studies=[], study=stored())
    monkeypatch.setattr(study_data, "start", lambda request: asked.append(request) or "S-1")
    app = page("studies")
    assert "No studies yet" in texts(app)
    app.text_input(key="changes").set_value("energy=+5%, fixed=14.50")
    app.selectbox(key="class").set_value("home")
    app.button[0].click().run()

    assert not app.exception
    assert [str(change) for change in asked[0].changes] == ["energy=+5%", "fixed=14.50"]
    assert (asked[0].tariff_id, asked[0].customer_class, asked[0].feeder) == ("tou", "home", "")
    assert asked[0].first_month < asked[0].last_month < f"{NOW:%Y-%m}"
    assert app.query_params["study"] == "S-1"


def test_a_change_that_is_none_is_refused_in_a_sentence(give: Callable[..., None]) -> None:
    give(tariffs={"tou": tariff_from_urdb(TIME_OF_USE)}, registry=[METER], studies=[])
    app = page("studies")
    app.text_input(key="changes").set_value("energy=cheap")
    app.button[0].click().run()

    assert "is no price change" in app.warning[0].value


def test_stored_studies_are_listed(give: Callable[..., None], made) -> None:
    give(
        tariffs={"tou": tariff_from_urdb(TIME_OF_USE)},
        registry=[METER],
        studies=[stored(status="done", result=made.result), stored(updated_at=NOW - timedelta(hours=1))],
    )
    table = page("studies").dataframe[0].value

    assert table["Status"].tolist() == ["done", "stopped"]
    assert table["Study"][0] == "residential-tou for all customers, February 2026 to March 2026"
