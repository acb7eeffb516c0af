"""The places a fleet can stand in: a real town, its clock, its climate, and the ways of its people."""

from typing import NamedTuple

from electrocloud.domain.errors import UsageError


class Place(NamedTuple):
    """A town with the climate and customs of its country.

    lat, lon: the middle of the town (degrees, WGS 84). zone: IANA. country, region: for public holidays (ISO 3166; region
    "" for national holidays only). mean_c, swing_c: the year's mean of the daily mean temperature and half the difference
    of its warmest and coldest day (°C). warmest: that day of the year. volts: nominal voltage. meals: how much later than
    in Germany one eats (h). owned: shares of homes with appliances that are more or less common than in Germany.
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
    volts: int = 230
    meals_h: float = 0.0
    owned: dict[str, float] = {}  # noqa: RUF012 - a NamedTuple's default, never changed


PLACES = {
    "DE": Place("Göttingen", 51.5335, 9.9320, "Europe/Berlin", "DE", "", 9.6, 9.3, 202),
}


def place(code: str) -> Place:
    """The place of a code such as `DE`, or `UsageError` that lists the known ones."""
    if code not in PLACES:
        raise UsageError(f"place {code!r} is not known; choose one of {', '.join(PLACES)}")
    return PLACES[code]
