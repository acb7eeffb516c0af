"""The parameters of the read API's calls: what is sent, and what it means."""

from datetime import date, timedelta
from typing import Annotated, Literal, NamedTuple

from aws_lambda_powertools.event_handler.exceptions import BadRequestError
from aws_lambda_powertools.event_handler.openapi.params import Path, Query

from electrocloud.domain.local_time import local_day, midnight_of

LONGEST = timedelta(days=800)
DEFAULT = timedelta(days=31)
LIMIT = 3_000  # rows: a month of quarter-hours
MOST = 10_000

_ID = r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$"

MeterId = Annotated[str, Path(description="The meter.", pattern=_ID)]
AgreementId = Annotated[str, Path(description="The agreement; of an unregistered customer the meter.", pattern=_ID)]
Cycle = Annotated[
    str,
    Path(description="The billing cycle: its month, or its first day.", pattern=r"^[0-9]{4}-[0-9]{2}(-[0-9]{2})?$"),
]
From = Annotated[
    date | None,
    Query(alias="from", description="The first local day. Default: 31 days before `to`."),
]
To = Annotated[date | None, Query(description="The local day after the last one. Default: tomorrow.")]
DirectionOf = Annotated[
    Literal["delivered", "received"], Query(description="Energy delivered to the customer, or received from there.")
]
ResolutionOf = Annotated[
    Literal["interval", "hour", "day", "month"],
    Query(description="Readings as they are, or their sums by local hours, days or months."),
]
Qualities = Annotated[
    list[Literal["measured", "edited", "substituted", "estimated", "questionable"]] | None,
    Query(alias="quality", description="The qualities that count, each as a parameter of its own. Default: all."),
]
Limit = Annotated[int, Query(description="The most rows of a page.", ge=1, le=MOST)]
After = Annotated[
    str | None,
    Query(alias="next", description="`next` of the page before.", pattern=r"^[0-9]{1,11}$"),
]
Version = Annotated[int | None, Query(description="A version of the bill. Default: the newest.", ge=1, le=9_999)]
Month = Annotated[
    str | None,
    Query(description="The month, as 2026-11. Default: the current one.", pattern=r"^[0-9]{4}-(0[1-9]|1[0-2])$"),
]
Series = Annotated[
    str, Query(description="`fleet`, or `feeder/` and a feeder.", pattern=r"^(fleet|feeder/[^/]{1,200})$")
]


class Range(NamedTuple):
    """Local days from `first` to before `end`, as instants in s since 1970 UTC."""

    first: date
    end: date
    start: int
    until: int


def range_of(first: date | None, end: date | None, zone: str, now: float, default: timedelta = DEFAULT) -> Range:
    """The days that a call asks for. `BadRequestError` for none and for too many."""
    end = end or local_day(int(now), zone) + timedelta(days=1)
    first = first or max(end - default, date.min + timedelta(days=1))
    if not date(1970, 1, 2) <= first < end <= date(2200, 1, 1):
        raise BadRequestError(f"from {first} is not before to {end}, or one of them is not between 1970 and 2200")
    if end - first > LONGEST:
        raise BadRequestError(f"from {first} to {end} are {(end - first).days} days; ask for {LONGEST.days} at most")
    return Range(first, end, midnight_of(first, zone), midnight_of(end, zone))
