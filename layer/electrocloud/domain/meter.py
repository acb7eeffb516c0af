"""A meter as the registry has it."""

from typing import NamedTuple


class RegisteredMeter(NamedTuple):
    """Where a meter is (degrees, WGS 84), its feeder and customer class, its tariff, and its IANA time zone."""

    meter_id: str
    lat: float
    lon: float
    feeder: str
    customer: str
    tariff_id: str
    timezone: str

    def row(self) -> dict[str, str | float]:
        """The fields under the names of the registry's columns."""
        fields = self._asdict()
        return {"class" if name == "customer" else name: value for name, value in fields.items()}
