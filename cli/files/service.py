"""The options that say how a file's load is served: zone, dates of service, billing cycle, and when bills are made."""

from datetime import date, datetime
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

from cli.files.opening_credit import opening_credit
from cli.files.rating import Service
from cli.files.tariffs import TariffOptions
from electrocloud.domain.billing.credit import NO_CREDIT
from electrocloud.domain.billing.terms import ServiceTerms, Spread
from electrocloud.domain.errors import UsageError
from electrocloud.domain.local_time import zone_of
from electrocloud.domain.tariffs.metering import MeteringOption


class ServiceOptions(NamedTuple):
    """The options as they were given; None: not given. `strict` refuses tariffs with a charge that cannot be billed."""

    zone: str | None
    service_from: str | None
    service_to: str | None
    cycle_day: int | None
    as_of: str | None
    spread: str | None
    strict: bool = False
    coincident_peaks: Path | None = None
    prices: Path | None = None
    metering: MeteringOption | None = None
    opening_credit: str | None = None

    @property
    def known_zone(self) -> str | None:
        """The IANA zone of `--zone`."""
        if self.zone is None:
            return None
        return zone_of(self.zone).key

    @property
    def tariff(self) -> TariffOptions:
        """How the tariff files are read."""
        return TariffOptions(self.known_zone, self.coincident_peaks, self.prices, self.metering)

    def service(self, zone: str, *, fill: bool) -> Service:
        """The service that they describe, by the clocks of `zone`; `UsageError` names an option that is wrong."""
        if self.cycle_day is not None and not 1 <= self.cycle_day <= 28:
            raise UsageError(f"--cycle-day {self.cycle_day} is not a day of every month; give 1 to 28")
        spread: Spread = ""
        if self.spread is not None:
            if self.spread != "even":
                raise UsageError(f"--spread {self.spread} is not known; only even is, which shares a reading by time")
            spread = "even"
        first, end = (
            _day(option, text)
            for option, text in (("--service-from", self.service_from), ("--service-to", self.service_to))
        )
        if first and end and first >= end:
            raise UsageError(f"--service-to {end} is not after --service-from {first}; it is the day after the last")
        terms = ServiceTerms(first=first, end=end, cycle_day=self.cycle_day or 1, spread=spread)
        as_of = None if self.as_of is None else _instant(self.as_of, zone)
        return Service(terms, as_of, fill, opening_credit(self.opening_credit) if self.opening_credit else NO_CREDIT)


def _day(option: str, text: str | None) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{option} {text} is not a date; write it like 2026-07-16") from None


def _instant(text: str, zone: str) -> int:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"--as-of {text} is not a time; write it like 2026-07-31T12:00 or 2026-07-31") from None
    return int((instant if instant.tzinfo else instant.replace(tzinfo=ZoneInfo(zone))).timestamp())
