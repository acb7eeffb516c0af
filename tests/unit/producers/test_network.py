"""The network of a simulated fleet."""

from datetime import date

from producers.fleet.fleet import typical_fleet
from producers.fleet.network import METERS_OF_TRANSFORMER, network

FIRST = date(2026, 1, 1)


def test_eight_neighbors_of_one_feeder_share_a_transformer_and_all_of_it_is_rated() -> None:
    meters = typical_fleet(90, 1, "US").registered
    transformers, ratings = network(meters, FIRST)
    groups: dict[str, set[str]] = {}
    for meter in meters:
        groups.setdefault(transformers[meter.meter_id], set()).add(meter.feeder)
    assert all(len(feeders) == 1 for feeders in groups.values())
    assert max([*transformers.values()].count(name) for name in groups) == METERS_OF_TRANSFORMER
    assert {one.equipment_id for one in ratings} == groups.keys() | {meter.feeder for meter in meters}
    assert all(one.rating_kva > 0 and one.first == FIRST for one in ratings)
