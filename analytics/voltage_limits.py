"""The limits of the supply voltage where a meter is."""

from functools import cache
from importlib import resources
from typing import NamedTuple

ANSI, EN = "ANSI C84.1 Range A", "EN 50160"
ANSI_COUNTRIES = {"US", "CA", "PR"}


class VoltageLimits(NamedTuple):
    """A standard's limits: `share` of the nominal voltage (V) above and below it."""

    standard: str
    nominal_v: int
    share: float

    @property
    def range_v(self) -> tuple[float, float]:
        """The lowest and the highest voltage that it allows."""
        return self.nominal_v * (1 - self.share), self.nominal_v * (1 + self.share)


def standard_of(zone: str) -> str:
    """The standard that holds in an IANA time zone."""
    return ANSI if zone in _ansi_zones() or zone.startswith(("US/", "Canada/")) else EN


def limits_of(zone: str, usual_v: float) -> VoltageLimits:
    """ANSI C84.1's service voltage range A in the United States and Canada, EN 50160 elsewhere.

    `zone` is the meter's IANA time zone. The nominal voltage is the standard's that is nearest to `usual_v`.
    sql/voltage_out_of_band.sql has the same rule.
    """
    standard = standard_of(zone)
    nominal, share = ((120, 208, 240), 0.05) if standard == ANSI else ((230, 400), 0.10)
    return VoltageLimits(standard, min(nominal, key=lambda volts: abs(volts - usual_v)), share)


@cache
def _ansi_zones() -> frozenset[str]:
    lines = resources.files("tzdata").joinpath("zoneinfo", "zone.tab").read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines if not line.startswith("#")]
    return frozenset(row[2] for row in rows if row[0] in ANSI_COUNTRIES)
