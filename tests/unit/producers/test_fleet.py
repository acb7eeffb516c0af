import numpy as np
import pytest

from electrocloud.domain.errors import UsageError
from electrocloud.domain.readings.upload import decode
from producers.fleet.fleet import FEEDER_METERS, SOLAR_HOME, make_fleet, typical_fleet
from producers.fleet.places import PLACES
from tests.kits.examples import upload_json


def metres_apart(fleet) -> np.ndarray:
    lat, lon = (np.array([getattr(meter, name) for meter in fleet.meters]) for name in ("lat", "lon"))
    north, east = lat * 111_320, lon * 111_320 * np.cos(np.radians(lat))
    return np.hypot(north[:, None] - north, east[:, None] - east)


def test_a_meter_is_the_same_in_a_fleet_of_any_size():
    assert make_fleet(7, 3).meters == make_fleet(300, 3).meters[:7]


def test_another_seed_gives_another_fleet():
    assert make_fleet(50, 1).meters != make_fleet(50, 2).meters


def test_a_part_of_a_fleet_keeps_its_meters_and_their_indices():
    fleet = make_fleet(90, 1)
    part = fleet.part(slice(40, None)).part(slice(5, 10))
    assert part.meters == fleet.meters[45:50]
    assert part.first == 45


def test_meters_of_a_feeder_are_neighbors_and_no_two_share_a_location():
    fleet = make_fleet(400, 1)
    apart = metres_apart(fleet)
    feeder = np.array([meter.feeder for meter in fleet.meters])
    same = feeder[:, None] == feeder
    assert len(set(feeder)) == 400 // FEEDER_METERS
    assert apart[same].max() < 400
    assert apart[~np.eye(400, dtype=bool)].min() > 1
    assert apart.max() < 2_000


@pytest.mark.parametrize("place", PLACES)
def test_meters_are_located_in_their_town_and_use_its_time_zone(place):
    fleet = make_fleet(50, 1, place)
    town = PLACES[place]
    for meter in fleet.meters:
        assert meter.timezone == town.zone
        assert abs(meter.lat - town.lat) < 0.02
        assert abs(meter.lon - town.lon) < 0.02


def test_every_meter_id_keeps_the_ingestion_contract():
    for meter in make_fleet(3, 1, "US").meters:
        assert decode(upload_json(meter_id=meter.meter_id)).meter_id == meter.meter_id


def test_shares_hold_in_a_small_fleet():
    fleet = make_fleet(200, 5, shops=0.1, ev=0.25, heat_pumps=1.0, solar=0.3, batteries=0.5)
    kinds = [meter.kind for meter in fleet.meters]
    assert abs(sum(meter.solar for meter in fleet.meters) - 0.3 * kinds.count("home")) <= 5
    assert abs(sum(meter.battery for meter in fleet.meters) - 0.15 * kinds.count("home")) <= 5
    assert abs(kinds.count("shop") - 20) <= 2
    assert abs(sum(meter.ev for meter in fleet.meters) - 0.25 * 180) <= 5
    assert all(meter.heat_pump == (meter.kind == "home") for meter in fleet.meters)


def test_tariffs_go_by_customer_class():
    fleet = make_fleet(100, 1, shops=0.2, tariffs={"home": ("a", "b"), "apartment": ("c",), "shop": ("d",)})
    found = {(meter.kind, meter.tariff_id) for meter in fleet.meters}
    assert found == {("home", "a"), ("home", "b"), ("apartment", "c"), ("shop", "d")}


def test_houses_with_solar_may_have_tariffs_of_their_own():
    tariffs = {"home": ("a",), "apartment": ("b",), "shop": ("c",), SOLAR_HOME: ("d",)}
    fleet = make_fleet(100, 1, solar=0.4, tariffs=tariffs)
    assert all((meter.tariff_id == "d") == meter.solar for meter in fleet.meters)
    without = make_fleet(100, 1, solar=0.4, tariffs={kind: ids for kind, ids in tariffs.items() if kind != SOLAR_HOME})
    assert {meter.tariff_id for meter in without.meters if meter.solar} == {"a"}


def test_a_typical_fleet_has_what_homes_of_the_place_have():
    fleet = typical_fleet(400, 1, "DE")
    houses = [meter for meter in fleet.meters if meter.kind == "home"]
    assert abs(sum(meter.solar for meter in houses) / len(houses) - PLACES["DE"].equipment.solar) < 0.03


def test_a_registry_row_names_the_columns_of_the_table():
    row = make_fleet(1, 1).meters[0].registered.row()
    assert list(row) == ["meter_id", "lat", "lon", "feeder", "class", "tariff_id", "timezone"]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"meters": 0}, "at least 1"),
        ({"place_code": "XX"}, "DE, AT"),
        ({"shops": 1.2}, "shops is 1.2"),
        ({"ev": -0.1}, "ev is -0.1"),
        ({"solar": 2.0}, "solar is 2.0"),
        ({"batteries": -1.0}, "batteries is -1.0"),
    ],
)
def test_an_invalid_fleet_is_rejected_with_the_reason(wrong, message):
    with pytest.raises(UsageError, match=message):
        make_fleet(**({"meters": 5, "seed": 1} | wrong))
