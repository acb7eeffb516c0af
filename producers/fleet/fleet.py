"""The meters of a simulated fleet: their locations, feeders, customer classes and tariffs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import cos, pi, radians
from typing import NamedTuple

import numpy as np

from electrocloud.domain.errors import UsageError
from electrocloud.domain.meter import RegisteredMeter
from producers.fleet import random_numbers
from producers.fleet.places import Place, place

FEEDER_METERS = 40
_GOLDEN_RATIO = (5**0.5 - 1) / 2

SOLAR_HOME = "solar home"
TARIFFS = {
    "home": ("residential-tou", "residential-tiered"),
    SOLAR_HOME: ("residential-solar",),
    "apartment": ("residential-tiered", "flat"),
    "shop": ("commercial-demand",),
}


class Meter(NamedTuple):
    """A meter and its home. `kind` is the customer class: home, apartment or shop. `ev`, `heat_pump`, `solar`,
    `battery`: whether it has one. With solar, it measures energy in both directions.
    """

    meter_id: str
    lat: float
    lon: float
    feeder: str
    kind: str
    tariff_id: str
    timezone: str
    ev: bool = False
    heat_pump: bool = False
    solar: bool = False
    battery: bool = False

    @property
    def registered(self) -> RegisteredMeter:
        """The meter as a registry entry."""
        return RegisteredMeter(*self[:7])


@dataclass(frozen=True)
class Fleet:
    """The meters of one place and seed. `first` is the index of the first meter, which keys its random numbers."""

    place: Place
    seed: int
    meters: tuple[Meter, ...]
    first: int = 0

    def __len__(self) -> int:
        return len(self.meters)

    @property
    def registered(self) -> list[RegisteredMeter]:
        """The meters as registry entries."""
        return [meter.registered for meter in self.meters]

    def part(self, meters: slice) -> "Fleet":
        """Some of the meters (a slice with step 1), with the same behavior as in the whole fleet."""
        start, _, _ = meters.indices(len(self))
        return replace(self, meters=self.meters[meters], first=self.first + start)


def make_fleet(
    meters: int,
    seed: int,
    place_code: str = "DE",
    *,
    shops: float = 0.04,
    ev: float = 0.0,
    heat_pumps: float = 0.0,
    solar: float = 0.0,
    batteries: float = 0.0,
    tariffs: Mapping[str, Sequence[str]] = TARIFFS,
) -> Fleet:
    """A fleet of `meters` meters. Meter i is the same in a fleet of any size.

    shops, ev, heat_pumps, solar, batteries: shares (0 to 1) of shops among the meters, of homes and apartments with an
    electric car, of houses with a heat pump, of houses with a solar system, and of these with a battery. tariffs: the
    tariff IDs assigned to each customer class, and to SOLAR_HOME if houses with solar have others.
    """
    if meters < 1:
        raise UsageError(f"a fleet needs at least 1 meter, not {meters}")
    shares = {"shops": shops, "ev": ev, "heat_pumps": heat_pumps, "solar": solar, "batteries": batteries}
    for name, share in shares.items():
        if not 0 <= share <= 1:
            raise UsageError(f"{name} is {share}; it must be a share between 0 and 1")
    where = place(place_code)
    index = np.arange(meters)
    keys = random_numbers.fold_in(random_numbers.key(seed, "meter"), index)
    kinds = np.where(random_numbers.low_discrepancy(seed, index, 16) < 0.45, "apartment", "home")
    kinds[random_numbers.low_discrepancy(seed, index, 17) < shops] = "shop"
    cars = (random_numbers.low_discrepancy(seed, index, 18) < ev) & (kinds != "shop")
    pumps = (random_numbers.low_discrepancy(seed, index, 19) < heat_pumps) & (kinds == "home")
    panels = (random_numbers.low_discrepancy(seed, index, 21) < solar) & (kinds == "home")
    stored = (random_numbers.low_discrepancy(seed, index, 20) >= 1 - batteries) & panels
    choice = random_numbers.uniform(keys, "tariff")
    offered = [tariffs.get(SOLAR_HOME, tariffs["home"]) if panels[i] else tariffs[kind] for i, kind in enumerate(kinds)]
    lats, lons = _addresses(where, seed, index)
    rows = [
        Meter(
            f"{place_code}-{i:06d}",
            round(float(lats[i]), 6),
            round(float(lons[i]), 6),
            f"{place_code}-F{i // FEEDER_METERS:03d}",
            str(kind),
            offered[i][int(choice[i] * len(offered[i]))],
            where.zone,
            bool(cars[i]),
            bool(pumps[i]),
            bool(panels[i]),
            bool(stored[i]),
        )
        for i, kind in enumerate(kinds)
    ]
    return Fleet(where, seed, tuple(rows))


def typical_fleet(meters: int, seed: int, place_code: str) -> Fleet:
    """A fleet with as many solar systems, batteries and electric cars as homes of the place have."""
    typical = place(place_code).equipment
    return make_fleet(meters, seed, place_code, ev=typical.ev, solar=typical.solar, batteries=typical.batteries)


def _addresses(where: Place, seed: int, index: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Latitudes and longitudes. Feeders fill the town from its center, each with a main street and side streets."""
    feeder, house = np.divmod(index, FEEDER_METERS)
    keys = random_numbers.fold_in(random_numbers.key(seed, "feeder"), feeder)
    radius = 190.0 * np.sqrt(feeder + 0.5)  # m: Vogel's spiral, equal areas
    angle = 2 * pi * _GOLDEN_RATIO * feeder
    turned = random_numbers.uniform(keys, "turn") < 0.5
    heading = radians(20) + pi / 2 * turned + 0.12 * random_numbers.normal(keys, "bend")
    street, number = np.divmod(house, 10)
    side = np.where(number % 2 == 0, 1.0, -1.0)
    jitter = random_numbers.fold_in(keys, house)
    across = (street - 1.5) * 64.0 + side * 13 + 1.5 * random_numbers.normal(jitter, "across")
    along = (
        (number // 2 - 2) * 32.0
        + 18 * random_numbers.normal(random_numbers.fold_in(keys, street), "street")
        + 3 * random_numbers.normal(jitter, "along")
    )
    east = radius * np.cos(angle) + along * np.cos(heading) - across * np.sin(heading)
    north = radius * np.sin(angle) + along * np.sin(heading) + across * np.cos(heading)
    metres = 111_320.0
    return where.lat + north / metres, where.lon + east / (metres * cos(radians(where.lat)))
