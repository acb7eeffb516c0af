"""The ingestion contract: one upload is one meter's readings of one interval length within one UTC day."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, NamedTuple

import msgspec
from msgspec import Meta

from electrocloud.domain.calendar import DAY_S
from electrocloud.domain.errors import UploadError

INTERVALS_S = (60, 300, 900, 1800, 3600)
MAX_READINGS = 1_440
MAX_POWER_W = 10_000_000  # 10 MW: above any customer on a revenue meter; more is a broken register
MAX_REVISION = 65_535
FIRST_YEAR, LAST_YEAR = 2015, 2099  # a meter's clock beyond these is broken; the analyst's table begins in 2015

RequestId = Annotated[str, Meta(pattern=r"^[A-Za-z0-9-]{1,64}\Z")]
MeterId = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}\Z")]


class Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """One reading as it is sent: energy in whole Wh over the upload's interval from `start`; voltage in V."""

    start: Annotated[datetime, Meta(tz=True)]
    wh: Annotated[int, Meta(ge=0)]
    revision: Annotated[int, Meta(ge=0, le=MAX_REVISION)] = 0
    voltage_v: Annotated[float, Meta(ge=0, le=1_000_000)] | None = None


class Document(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """An upload as it is sent, in JSON. The ingestion API adds its call's `request_id`; a sender to the stream may."""

    meter_id: MeterId
    interval_s: int
    readings: Annotated[list[Row], Meta(min_length=1, max_length=MAX_READINGS)]
    request_id: RequestId | None = None


class Upload(msgspec.Struct, frozen=True, gc=False):
    """A document that keeps the contract. `decode` is the only way to make one, so that a wrong one does not exist.

    All readings start in the UTC `day`; `minutes` has the minute of the day at which each does, in their order.
    """

    meter_id: str
    interval_s: int
    day: date
    minutes: list[int]
    readings: list[Row]
    request_id: str | None = None

    @property
    def midnight(self) -> datetime:
        """The beginning of the day."""
        return datetime.combine(self.day, _MIDNIGHT)


class Reading(NamedTuple):
    """One meter's energy in one interval, as the rest of the system speaks of it.

    `start` is aware UTC and aligned to `interval_s` (s); `wh` is whole watt-hours delivered, 0 or more; of two readings
    of one interval the one with the higher `revision` holds.
    """

    meter_id: str
    start: datetime
    interval_s: int
    wh: int
    revision: int = 0
    voltage_v: float | None = None


_decoder = msgspec.json.Decoder(Document)
_MIDNIGHT = time(tzinfo=UTC)

# For each interval length the minutes of a day at which one may start, by the time since midnight. A look-up tells for
# a reading both whether it is aligned and on the day, and where.
_MINUTES = {
    interval_s: {timedelta(seconds=second): second // 60 for second in range(0, DAY_S, interval_s)}
    for interval_s in INTERVALS_S
}


def decode(data: bytes) -> Upload:
    """An upload from its JSON bytes, or `UploadError` with the reason and the place of the first fault."""
    try:
        document = _decoder.decode(data)
    except msgspec.ValidationError as fault:
        raise UploadError("contract", f"the upload breaks the contract: {fault}") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
        raise UploadError("not-json", f"the upload is not JSON: {fault}; send a JSON object") from None
    return _checked(document)


def _checked(document: Document) -> Upload:
    interval_s, readings = document.interval_s, document.readings
    if interval_s not in INTERVALS_S:
        raise UploadError("interval", f"interval_s is {interval_s}; it must be one of {INTERVALS_S} (s)")
    day = _utc_day(readings[0].start)
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise UploadError(
            "year",
            f"readings[0].start is in the year {day.year} UTC; it must be {FIRST_YEAR} to {LAST_YEAR}: "
            "set the meter's clock",
        )
    midnight = datetime.combine(day, _MIDNIGHT)
    minute_at = _MINUTES[interval_s]
    most_wh = MAX_POWER_W * interval_s // 3600
    minutes: list[int] = []
    for row in readings:
        minute = minute_at.get(row.start - midnight)
        if minute is None or row.wh > most_wh:
            raise _fault(row, f"readings[{len(minutes)}]", midnight, interval_s, most_wh)
        minutes.append(minute)
    return Upload(document.meter_id, interval_s, day, minutes, readings, document.request_id)


def _fault(row: Row, name: str, midnight: datetime, interval_s: int, most_wh: int) -> UploadError:
    since = row.start - midnight
    if since % timedelta(seconds=interval_s):
        return UploadError(
            "misaligned",
            f"{name}.start {row.start.isoformat()} is no multiple of {interval_s} s after midnight UTC",
        )
    if since not in _MINUTES[interval_s]:
        return UploadError(
            "two-days",
            f"{name}.start {row.start.isoformat()} is not on {midnight.date()} UTC as readings[0] is; "
            "send one upload a UTC day",
        )
    return UploadError(
        "absurd-energy",
        f"{name}.wh is {row.wh}; over {interval_s} s the most is {most_wh} Wh ({MAX_POWER_W} W)",
    )


def _utc_day(start: datetime) -> date:
    if start.tzinfo is UTC:
        return start.date()
    try:
        return start.astimezone(UTC).date()
    except OverflowError:  # an offset that leads out of the calendar
        return start.date()
