"""What a simulated fleet's weather station observes, what is forecast for it, and when both are sent."""

from collections.abc import Iterable
from datetime import UTC, date, datetime

import numpy as np
import pytest

from analytics.template import ROOT
from electrocloud.domain.local_time import DAY_S, HOUR_S, instant_of
from electrocloud.domain.weather import OBSERVED, Temperature, nearest_station
from producers.fleet.days import local_days
from producers.fleet.fleet import make_fleet, typical_fleet
from producers.fleet.places import PLACES
from producers.fleet.story import Story
from producers.fleet.sunlight import sunlight
from producers.fleet.weather import weather
from producers.fleet.weather_station import AHEAD, forecast, observed, station_of
from producers.sending.weather import FORECASTS_KEPT_S, WeatherSender
from registry.folder import read_tariffs

DAY = date(2026, 3, 7)
AT = instant_of(DAY)
US = PLACES["US"]


def test_the_fleet_s_registry_has_the_station_and_every_meter_is_near_it() -> None:
    fleet = typical_fleet(50, 1, "DE")
    registry = Story(fleet, date(2026, 1, 1)).registry(read_tariffs(ROOT / "tariffs"))
    assert list(registry.stations) == ["DE-Gottingen"]
    for meter in fleet.meters:
        near = nearest_station(registry.stations.values(), meter.lat, meter.lon)
        assert near is not None
        assert near.name == "Göttingen"


def test_stations_of_all_places_differ() -> None:
    assert len({station_of(place).station_id for place in PLACES.values()}) == len(PLACES)


def test_the_station_observes_what_the_fleet_s_loads_follow() -> None:
    found = [*observed(US, 1, AT, AT + DAY_S)]
    middles = AT + np.arange(24) * HOUR_S + HOUR_S // 2
    days = local_days(US, AT, 1)
    air = sunlight(US, 1, days, weather(US, 1, days), middles).air_c
    assert [one.time for one in found] == [AT + hour * HOUR_S for hour in range(24)]
    assert [one.celsius for one in found] == pytest.approx(air.tolist(), abs=0.051)
    assert {one.issued for one in found} == {OBSERVED}


def test_only_hours_that_have_passed_are_observed() -> None:
    found = [*observed(US, 1, AT + 1, AT + 3 * HOUR_S + 1_799)]
    assert [one.time for one in found] == [AT + HOUR_S, AT + 2 * HOUR_S]
    assert [*observed(US, 1, AT, AT + 1_799)] == []


def test_a_weather_forecast_is_issued_twice_a_day_for_216_hours() -> None:
    found = [*forecast(US, 1, AT - 1, AT + DAY_S)]
    assert sorted({one.issued for one in found}) == [AT, AT + DAY_S // 2, AT + DAY_S]
    first = [one for one in found if one.issued == AT]
    assert [one.time for one in first] == [AT + hour * HOUR_S for hour in range(AHEAD)]


def test_a_weather_forecast_is_off_by_the_stated_error_which_grows_with_the_days() -> None:
    issued = range(AT, AT + 60 * DAY_S, DAY_S // 2)
    actual = {one.time: one.celsius for one in observed(US, 1, AT, AT + 70 * DAY_S)}
    errors = np.array(
        [[one.celsius - actual[one.time] for one in forecast(US, 1, at - 1, at)][: 8 * 24] for at in issued]
    )
    assert errors[:, :24].std() == pytest.approx(1.6, abs=0.25)
    assert errors[:, 168:].std() == pytest.approx(3.3, abs=0.4)
    assert errors.mean() == pytest.approx(0, abs=0.4)


class Sent(list[Temperature]):
    def store(self, temperatures: Iterable[Temperature]) -> None:
        self.extend(temperatures)


def test_as_the_fleet_s_clock_goes_each_hour_and_each_forecast_is_sent_once_and_none_of_the_future() -> None:
    sent, since = Sent(), AT - 100 * DAY_S
    sender = WeatherSender(make_fleet(1, 1, "US"), since, sent.store)
    for now in (AT + 60.0, AT + 61.0, AT + 7 * HOUR_S + 5.0, AT + 13 * HOUR_S):
        sender.send(now)
        assert max(one.time for one in sent if not one.issued) + HOUR_S <= now
        assert max(one.issued for one in sent) <= now
    assert len(sent) == len(set(sent))
    times = [one.time for one in sent if not one.issued]
    assert times == [*range(since, AT + 13 * HOUR_S, HOUR_S)]
    issued = sorted({one.issued for one in sent if one.issued})
    assert issued == [*range(AT - FORECASTS_KEPT_S + DAY_S // 2, AT + DAY_S // 2 + 1, DAY_S // 2)]


def test_a_fleet_that_starts_again_sends_the_same_weather() -> None:
    first, again = Sent(), Sent()
    now = datetime(2026, 3, 9, 15, 20, tzinfo=UTC).timestamp()
    for sent in (first, again):
        WeatherSender(make_fleet(1, 1, "US"), AT, sent.store).send(now)
    assert first == again
