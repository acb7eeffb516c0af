"""The network of a simulated fleet: a transformer for eight neighbors, and ratings of transformers and feeders.

Ratings follow from the customers that each supplies, as a utility sizes them; some transformers are a size too small.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from statistics import fmean

from electrocloud.domain.meter import RegisteredMeter
from electrocloud.domain.registry.records import Equipment

METERS_OF_TRANSFORMER = 8
DEMAND_KVA = {"home": 3.5, "apartment": 1.8, "shop": 9.0}  # a customer's share of the peak of many
SIZES_KVA = (10, 15, 25, 37.5, 50, 75, 100, 167, 250, 333, 500)
TOO_SMALL = 4  # one of so many transformers: homes were added since


def network(meters: Sequence[RegisteredMeter], first: date) -> tuple[dict[str, str], list[Equipment]]:
    """The transformer of each meter, and the ratings of transformers and feeders since the local day `first`."""
    by_feeder: dict[str, list[RegisteredMeter]] = {}
    for meter in meters:
        by_feeder.setdefault(meter.feeder, []).append(meter)
    groups = {
        f"T{number}-{place}": own[start : start + METERS_OF_TRANSFORMER]
        for number, own in enumerate(by_feeder.values())
        for place, start in enumerate(range(0, len(own), METERS_OF_TRANSFORMER))
    }
    transformers = {meter.meter_id: name for name, own in groups.items() for meter in own}
    return transformers, [*_transformers(groups.items(), first), *_feeders(by_feeder.items(), first)]


def _transformers(groups: Iterable[tuple[str, list[RegisteredMeter]]], first: date) -> Iterator[Equipment]:
    for number, (name, own) in enumerate(groups):
        size = next((place for place, kva in enumerate(SIZES_KVA) if kva >= _demand_kva(own)), len(SIZES_KVA) - 1)
        yield _equipment(name, "transformer", SIZES_KVA[max(0, size - (number % TOO_SMALL == 1))], own, first)


def _feeders(groups: Iterable[tuple[str, list[RegisteredMeter]]], first: date) -> Iterator[Equipment]:
    for name, own in groups:
        rating = next((kva for kva in SIZES_KVA if kva >= _demand_kva(own)), round(_demand_kva(own)))
        yield _equipment(name, "feeder", rating, own, first)


def _equipment(name: str, kind: str, rating: float, own: Sequence[RegisteredMeter], first: date) -> Equipment:
    return Equipment(
        equipment_id=name,
        kind="feeder" if kind == "feeder" else "transformer",
        rating_kva=rating,
        first=first,
        latitude=round(fmean(meter.lat for meter in own), 6),
        longitude=round(fmean(meter.lon for meter in own), 6),
    )


def _demand_kva(own: Iterable[RegisteredMeter]) -> float:
    return sum(DEMAND_KVA.get(meter.customer, DEMAND_KVA["home"]) for meter in own)
