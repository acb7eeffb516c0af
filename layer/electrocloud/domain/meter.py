"""A meter as the registry has it, and when it counts as silent."""

from typing import NamedTuple

SILENCE_MARGIN_S = 2 * 3600  # beyond the expected time between two uploads; sql/silent_meters.sql has it as its default


class RegisteredMeter(NamedTuple):
    """Where a meter is (degrees, WGS 84), its feeder and customer class, its tariff, and its IANA time zone.

    `tariff_id` is empty where nobody has an agreement, and `transformer` where the registry names none.
    `upload_every_s` is how often it is expected to upload (s).
    """

    meter_id: str
    lat: float
    lon: float
    feeder: str
    customer: str
    tariff_id: str
    timezone: str
    upload_every_s: int = 86_400
    transformer: str = ""

    @property
    def allowed_silence_s(self) -> int:
        """How long after the end of its last reading the meter is not silent yet (s)."""
        return self.upload_every_s + SILENCE_MARGIN_S

    def is_silent(self, read_until: int, now: int) -> bool:
        """Whether its last reading ended longer ago than it may be silent (s since 1970 UTC)."""
        return now - read_until > self.allowed_silence_s

    def row(self) -> dict[str, str | float]:
        """The fields under the names of the columns of the lake's table of meters."""
        fields = self._asdict()
        del fields["upload_every_s"], fields["transformer"]  # of the service point
        return {"class" if name == "customer" else name: value for name, value in fields.items()}
