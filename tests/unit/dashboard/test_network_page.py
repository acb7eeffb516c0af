"""The Network page, drawn with given data."""

from collections.abc import Callable

from analytics.network_loading import Loading, Peak
from dashboard.live.fleet_map import LIGHT
from dashboard.network import network_map
from electrocloud.domain.meter import RegisteredMeter
from tests.kits.dashboard_kit import metrics, page, tables, texts

NOW = 1_795_550_400  # 2026-11-24 20:00 UTC
METERS = [RegisteredMeter("m-1", 38.5, -121.5, "F1", "home", "flat", "America/Los_Angeles", transformer="T1")]


def loading(name: str, kind: str, rating: float | None, now: float | None, **peaks: Peak | None) -> Loading:
    return Loading(name, kind, rating, 8, 7, now, peaks.get("today"), peaks.get("tomorrow"), 38.5, -121.5)


FULL = loading("T_1", "transformer", 25, 21.0, today=Peak(NOW - 7200, 26.0))
EASY = loading("T2", "transformer", 25, 5.0, today=Peak(NOW - 7200, 10.0))
FEEDER = loading("F1", "feeder", 100, 40.0, today=Peak(NOW - 7200, 50.0), tomorrow=Peak(NOW + 86_400, 85.0))
UNRATED = loading("T3", "transformer", None, 5.0)


def test_those_over_80_percent_are_counted_and_listed_with_their_peaks(give: Callable[..., None]) -> None:
    give(network=([FULL, FEEDER, EASY, UNRATED], NOW), registry=METERS)
    app = page("network")

    assert metrics(app) == {
        "Over 80% now": "1",
        "Over 80% today": "1",
        "Over 80% tomorrow": "1",
        "Without a rating": "1",
    }
    near = tables(app)[0]
    assert near.index.tolist() == ["T_1", "F1"]
    assert near.loc["F1"].tolist() == [
        "feeder", "100.0 kVA", "40% · 40.0 kVA", "50% · 50.0 kVA at Tue 24 Nov 10:00",
        "85% · 85.0 kVA at Wed 25 Nov 12:00", "7 of 8",
    ]  # fmt: skip
    assert near.loc["T_1", "Peak tomorrow (forecast)"] == "–"


def test_the_kind_in_the_address_is_listed_in_full(give: Callable[..., None]) -> None:
    give(network=([FULL, FEEDER, EASY, UNRATED], NOW), registry=METERS)
    assert tables(page("network"))[1].index.tolist() == ["T_1", "T2", "T3"]
    assert tables(page("network", kind="Feeders"))[1].index.tolist() == ["F1"]


def test_nothing_near_its_rating_is_good_news(give: Callable[..., None]) -> None:
    give(network=([EASY], NOW), registry=METERS)
    assert "No feeder or transformer carries more than 80%" in page("network").success[0].value


def test_without_any_rating_the_page_does_not_say_that_all_is_well(give: Callable[..., None]) -> None:
    give(network=([UNRATED], NOW), registry=METERS)
    app = page("network")
    assert not app.success
    assert "The registry has no ratings" in texts(app)


def test_loads_of_which_no_meter_reports_are_not_said_to_be_low(give: Callable[..., None]) -> None:
    give(network=([loading("T1", "transformer", 25, None)], NOW), registry=METERS)
    app = page("network")
    assert not app.success
    assert "No meter reports, so the loads are not known" in texts(app)
    assert [metrics(app)[f"Over 80% {when}"] for when in ("now", "today", "tomorrow")] == ["–"] * 3


def test_without_meters_the_page_says_what_to_do(give: Callable[..., None]) -> None:
    give(network=([], NOW), registry=[])
    assert "No meters are registered" in texts(page("network"))


def test_the_map_labels_each_with_its_share() -> None:
    labels = next(one.data for one in network_map.deck([FULL, UNRATED], LIGHT).layers if one.id == "labels")
    assert [one["label"] for one in labels] == ["T_1 104%", "T3 –"]
