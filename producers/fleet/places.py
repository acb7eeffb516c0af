"""The locations a fleet can have: a real town with its time zone, climate and customs."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from electrocloud.domain.errors import UsageError


class Equipment(NamedTuple):
    """What homes of a place have beside their appliances.

    solar: share of houses with a solar system. batteries: share of these with a battery. ev: share of homes with an
    electric car. solar_kw: median size of a solar system (rated kW of the panels).
    """

    solar: float
    batteries: float
    ev: float
    solar_kw: float = 7.0


class Place(NamedTuple):
    """A town with the climate and customs of its country.

    lat, lon: the town's center (degrees, WGS 84). zone: IANA. country, region: for public holidays (ISO 3166; region ""
    for national ones). mean_c, swing_c: the annual mean of the daily mean temperature, and half the difference between
    the warmest and the coldest day (°C). warmest: the warmest day of the year. volts: nominal voltage at the meter.
    meals_h: how much later than in Germany people eat (h). owned: shares of homes that own an appliance, where they
    differ. cloudy: how much denser clouds are there, as a shift of the cover's logit; set so that the year's irradiance
    is about the Global Solar Atlas's, such as 1,060 kWh/m² in Göttingen. equipment: what homes had in 2024, rounded;
    docs/simulation.md names the sources.
    """

    town: str
    lat: float
    lon: float
    zone: str
    country: str
    region: str
    mean_c: float
    swing_c: float
    warmest: int
    equipment: Equipment
    volts: int = 230
    meals_h: float = 0.0
    owned: Mapping[str, float] = MappingProxyType({})
    cloudy: float = 0.0


def _owned(**shares: float) -> Mapping[str, float]:
    return MappingProxyType({name.replace("_", " "): share for name, share in shares.items()})


PLACES = {
    "DE": Place(
        "Göttingen", 51.5335, 9.9320, "Europe/Berlin", "DE", "", 9.6, 9.3, 202,
        cloudy=1.5, equipment=Equipment(0.3, 0.5, 0.04),
    ),
    "AT": Place(
        "Graz", 47.0680, 15.4390, "Europe/Vienna", "AT", "", 10.2, 11.0, 203,
        cloudy=0.8, equipment=Equipment(0.25, 0.3, 0.05),
        owned=_owned(night_boiler=0.2),
    ),
    "CH": Place(
        "Winterthur", 47.4990, 8.7290, "Europe/Zurich", "CH", "ZH", 9.6, 9.8, 203,
        cloudy=1.2, equipment=Equipment(0.15, 0.3, 0.05),
        owned=_owned(night_boiler=0.3),
    ),
    "FR": Place(
        "Dijon", 47.3220, 5.0410, "Europe/Paris", "FR", "", 11.4, 9.6, 204,
        cloudy=0.9, equipment=Equipment(0.05, 0.1, 0.04),
        meals_h=0.6, owned=_owned(night_boiler=0.4, heater=0.35, circulation_pump=0.3),
    ),
    "GB": Place(
        "Leicester", 52.6370, -1.1310, "Europe/London", "GB", "ENG", 10.3, 6.8, 207,
        cloudy=1.8, equipment=Equipment(0.07, 0.15, 0.05, 4.0),
        owned=_owned(shower=0.3, evening_shower=0.2, coffee=0.4, dryer=0.55),
    ),
    "US": Place(
        "Fresno", 36.7660, -119.7900, "America/Los_Angeles", "US", "CA", 18.3, 10.2, 204,
        cloudy=-2.0, equipment=Equipment(0.2, 0.2, 0.06, 3.2),
        volts=240, meals_h=-0.5, owned=_owned(air_conditioner=0.9, dryer=0.6, circulation_pump=0.05, heater=0.2),
    ),
    "AU": Place(
        "Bendigo", -36.7610, 144.2790, "Australia/Melbourne", "AU", "VIC", 14.8, 7.3, 24,
        cloudy=-0.4, equipment=Equipment(0.4, 0.1, 0.02, 6.0),
        owned=_owned(air_conditioner=0.75, night_boiler=0.25, circulation_pump=0.05, heater=0.3),
    ),
}  # fmt: skip


def place(code: str) -> Place:
    """The place with a code such as `DE`. `UsageError` lists the known codes."""
    if code not in PLACES:
        raise UsageError(f"unknown place {code!r}; choose one of {', '.join(PLACES)}")
    return PLACES[code]
