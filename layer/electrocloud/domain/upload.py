"""The ingestion contract: one upload is one meter's readings of one interval length within one UTC day."""

from datetime import UTC, date, datetime
from typing import Annotated, NamedTuple

import msgspec
from msgspec import Meta

from electrocloud.domain.errors import UploadError

INTERVALS_S = (60, 300, 900, 1800, 3600)
MAX_READINGS = 1_440
MAX_POWER_W = 10_000_000  # 10 MW: above any customer on a revenue meter; more is a broken register
MAX_REVISION = 65_535
FIRST_YEAR, LAST_YEAR = 2015, 2099  # a meter's clock beyond these is broken; the analyst's table begins in 2015

MeterId = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}\Z")]


class Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """One reading as it is sent: energy in whole Wh over the upload's interval from `start`; voltage in V."""

    start: Annotated[datetime, Meta(tz=True)]
    wh: Annotated[int, Meta(ge=0)]
    revision: Annotated[int, Meta(ge=0, le=MAX_REVISION)] = 0
    voltage_v: Annotated[float, Meta(ge=0, le=1_000_000)] | None = None


class Upload(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """What a meter sends. `decode` is the only way to make one from bytes, so that a wrong one does not exist."""

    meter_id: MeterId
    interval_s: int
    readings: Annotated[list[Row], Meta(min_length=1, max_length=MAX_READINGS)]

    @property
    def day(self) -> date:
        """The UTC day that every reading of the upload starts in."""
        return self.readings[0].start.astimezone(UTC).date()


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


_decoder = msgspec.json.Decoder(Upload)


def decode(data: bytes) -> Upload:
    """An upload from its JSON bytes, or `UploadError` with the reason and the place of the first fault."""
    try:
        upload = _decoder.decode(data)
    except msgspec.ValidationError as fault:
        raise UploadError("contract", f"the upload breaks the contract: {fault}") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
        raise UploadError("not-json", f"the upload is not JSON: {fault}; send a JSON object") from None
    _check(upload)
    return upload


def _check(upload: Upload) -> None:
    interval_s = upload.interval_s
    if interval_s not in INTERVALS_S:
        raise UploadError("interval", f"interval_s is {interval_s}; it must be one of {INTERVALS_S} (s)")
    most_wh = MAX_POWER_W * interval_s // 3600
    day = _utc(upload.readings[0]).date()
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise UploadError(
            "year",
            f"readings[0].start is in the year {day.year} UTC; "
            f"{FIRST_YEAR} to {LAST_YEAR} can be, so set the meter's clock",
        )
    for index, row in enumerate(upload.readings):
        start = row.start if row.start.tzinfo is UTC else _utc(row)
        if (start.hour * 3600 + start.minute * 60 + start.second) % interval_s or start.microsecond:
            raise UploadError(
                "misaligned",
                f"readings[{index}].start {row.start.isoformat()} is no multiple of {interval_s} s after midnight UTC",
            )
        if start.date() != day:
            raise UploadError(
                "two-days",
                f"readings[{index}].start {row.start.isoformat()} is not on {day} UTC as readings[0] is; "
                "send one upload a UTC day",
            )
        if row.wh > most_wh:
            raise UploadError(
                "absurd-energy",
                f"readings[{index}].wh is {row.wh}; over {interval_s} s the most is {most_wh} Wh ({MAX_POWER_W} W)",
            )


def _utc(row: Row) -> datetime:
    try:
        return row.start.astimezone(UTC)
    except OverflowError:  # an offset that leads out of the calendar
        return row.start.replace(tzinfo=UTC)
