"""The ingestion contract: one upload is one meter's readings of one interval length within one UTC day."""

from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Annotated, NamedTuple

import msgspec
from msgspec import Meta

from electrocloud.domain.errors import UploadError

INTERVALS_S = (60, 300, 900, 1800, 3600)
MAX_READINGS = 1_440
MAX_POWER_W = 10_000_000  # 10 MW: above any customer on a revenue meter; more is a broken register
MAX_REVISION = 65_535
FIRST_YEAR, LAST_YEAR = 2015, 2099  # a meter's clock beyond these is broken; the analyst's table begins in 2015

RequestId = Annotated[str, Meta(pattern=r"^[A-Za-z0-9-]{1,64}\Z")]
MeterId = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}\Z")]


Start = Annotated[datetime, Meta(tz=True)]


class Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """One reading as it is sent: energy in whole Wh over the upload's interval from `start`; voltage in V.

    `start` is RFC 3339 text with an offset from UTC.
    """

    start: Annotated[str, Meta(max_length=40)]
    wh: Annotated[int, Meta(ge=0)]
    revision: Annotated[int, Meta(ge=0, le=MAX_REVISION)] = 0
    voltage_v: Annotated[float, Meta(ge=0, le=1_000_000)] | None = None


class Document(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """An upload as it is sent, in JSON. The ingestion API adds its call's `request_id`; a sender to the stream may.

    `meter_id` is to be a `MeterId`.
    """

    meter_id: str
    interval_s: int
    readings: Annotated[list[Row], Meta(min_length=1, max_length=MAX_READINGS)]
    request_id: RequestId | None = None


# What a reading says: revision, Wh, and voltage in tenths of a volt or 0. Compared as a tuple, so that one of two
# different readings with one revision wins whatever the order in which they come.
Value = tuple[int, int, int]


class Upload(msgspec.Struct, frozen=True, gc=False):
    """A document that keeps the contract. `decode` is the only way to make one, so that a wrong one does not exist.

    All readings start in the UTC `day`; `minutes` has the minute of the day at which each does, in their order, and
    `values` what it says.
    """

    meter_id: str
    interval_s: int
    day: date
    minutes: list[int]
    values: list[Value]
    request_id: str | None = None


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

_MOST_WH = {interval_s: MAX_POWER_W * interval_s // 3600 for interval_s in INTERVALS_S}


def decode(data: bytes) -> Upload:
    """An upload from its JSON bytes, or `UploadError` with the reason and the place of the first fault."""
    try:
        return _checked(_decoder.decode(data))
    except msgspec.ValidationError as fault:
        raise UploadError("contract", f"the upload breaks the contract: {fault}") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
        raise UploadError("not-json", f"the upload is not JSON: {fault}; send a JSON object") from None


def _checked(document: Document) -> Upload:
    interval_s, readings = document.interval_s, document.readings
    if interval_s not in _MOST_WH:
        raise UploadError("interval", f"interval_s is {interval_s}; it must be one of {INTERVALS_S} (s)")
    _check_meter_id(document.meter_id)
    step, most_wh = interval_s // 60, _MOST_WH[interval_s]
    minutes: list[int] = []
    values: list[Value] = []
    try:
        day, _ = _place(readings[0].start)
        for row in readings:
            its_day, minute = _place(row.start)
            wh, volts = row.wh, row.voltage_v
            if its_day != day or minute is None or minute % step or wh > most_wh:
                break
            minutes.append(minute)
            values.append((row.revision, wh, int(volts * 10 + 0.5) if volts else 0))  # half up, as SQL rounds
    except msgspec.ValidationError as fault:
        raise msgspec.ValidationError(f"{fault} - at `$.readings[{len(minutes)}].start`") from None
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise UploadError(
            "year",
            f"readings[0].start is in the year {day.year} UTC; it must be {FIRST_YEAR} to {LAST_YEAR}: "
            "set the meter's clock",
        )
    if len(minutes) < len(readings):
        raise _fault(document, len(minutes), day)
    return Upload(document.meter_id, interval_s, day, minutes, values, document.request_id)


# A fleet's meters measure at the same times and come again and again, so each time and each id is looked at once.


@lru_cache(maxsize=1 << 14)
def _place(start: str) -> tuple[date, int | None]:
    """The UTC day of a time, and its minute there; None where it is no whole minute."""
    moment = msgspec.convert(start, Start)
    try:
        moment = moment.astimezone(UTC)
    except OverflowError:  # an offset that leads out of the calendar
        moment = moment.replace(tzinfo=UTC)
    whole = moment.second == moment.microsecond == 0
    return moment.date(), moment.hour * 60 + moment.minute if whole else None


@lru_cache(maxsize=1 << 16)
def _check_meter_id(meter_id: str) -> None:
    try:
        msgspec.convert(meter_id, MeterId)
    except msgspec.ValidationError as fault:
        raise msgspec.ValidationError(f"{fault} - at `$.meter_id`") from None


def _fault(document: Document, index: int, day: date) -> UploadError:
    """What is wrong with the reading at the index."""
    row, interval_s = document.readings[index], document.interval_s
    its_day, minute = _place(row.start)
    if minute is None or minute % (interval_s // 60):
        return UploadError(
            "misaligned",
            f"readings[{index}].start {row.start} is no multiple of {interval_s} s after midnight UTC",
        )
    if its_day != day:
        return UploadError(
            "two-days",
            f"readings[{index}].start {row.start} is not on {day} UTC as readings[0] is; send one upload a UTC day",
        )
    most_wh = _MOST_WH[interval_s]
    return UploadError(
        "absurd-energy",
        f"readings[{index}].wh is {row.wh}; over {interval_s} s the most is {most_wh} Wh ({MAX_POWER_W} W)",
    )
