"""Temperatures as people of a country read them."""

from typing import NamedTuple

# Countries that use °F for the weather (Unicode CLDR, unitPreferenceData); the others use °C.
_FAHRENHEIT = frozenset(["BS", "BZ", "KY", "PR", "PW", "US"])


class Scale(NamedTuple):
    """A scale of temperatures: its unit, the degrees of 1 K, and those at 0 °C, and the decimals that are shown."""

    unit: str
    per_k: float
    degrees_at_0_c: float
    places: int

    def text(self, celsius: float) -> str:
        """`48 °F`, `9.1 °C`."""
        return f"{celsius * self.per_k + self.degrees_at_0_c:.{self.places}f} {self.unit}"


CELSIUS = Scale("°C", 1.0, 0.0, 1)
FAHRENHEIT = Scale("°F", 1.8, 32.0, 0)


def scale_of(country: str) -> Scale:
    """The scale of a country (ISO 3166)."""
    return FAHRENHEIT if country.upper() in _FAHRENHEIT else CELSIUS
