"""The options that say how a file's load is served: zone, dates of service, billing cycle, and when bills are made."""

from datetime import date, datetime
from typing import Annotated, NamedTuple
from zoneinfo import ZoneInfo

import typer

from cli.files.rating import Service
from electrocloud.domain.errors import UsageError
from electrocloud.domain.registry.agreement import Agreement, Spread

_PANEL = "Service"
Zone = Annotated[
    str | None,
    typer.Option(help="Whose clocks: Area/City. Default: the tariff's timezone.", rich_help_panel=_PANEL),
]
ServiceFrom = Annotated[
    str | None, typer.Option(metavar="DATE", help="First local day of service.", rich_help_panel=_PANEL)
]
ServiceTo = Annotated[
    str | None,
    typer.Option(metavar="DATE", help="The local day on which service has ended (exclusive).", rich_help_panel=_PANEL),
]
CycleDay = Annotated[
    int | None,
    typer.Option(help="Read day, 1 to 28, that billing periods begin on. Default: 1.", rich_help_panel=_PANEL),
]
AsOf = Annotated[
    str | None,
    typer.Option(
        metavar="TIME", help="Readings are due that have ended by then. Default: now.", rich_help_panel=_PANEL
    ),
]
SpreadOption = Annotated[
    str | None,
    typer.Option(
        "--spread",
        metavar="even",
        help="Share a reading that spans two prices or bills between them by time.",
        rich_help_panel=_PANEL,
    ),
]


class ServiceOptions(NamedTuple):
    """The options as they were given; None: not given."""

    zone: str | None
    service_from: str | None
    service_to: str | None
    cycle_day: int | None
    as_of: str | None
    spread: str | None

    @property
    def known_zone(self) -> str | None:
        """The IANA zone of `--zone`."""
        if self.zone is None:
            return None
        try:
            return ZoneInfo(self.zone).key
        except (KeyError, ValueError, OSError):
            raise UsageError(f"--zone {self.zone} is not an IANA time zone; write it like America/Phoenix") from None

    def service(self, zone: str, *, fill: bool) -> Service:
        """The service that they describe, by the clocks of `zone`; `UsageError` names an option that is wrong."""
        if self.cycle_day is not None and not 1 <= self.cycle_day <= 28:
            raise UsageError(f"--cycle-day {self.cycle_day} is not a day of every month; give 1 to 28")
        spread: Spread = "none"
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
        agreement = Agreement(first=first, end=end, cycle_day=self.cycle_day, spread=spread)
        return Service(agreement, None if self.as_of is None else _instant(self.as_of, zone), fill)


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
