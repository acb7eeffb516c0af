"""The ingestion contract: one upload is one meter's readings of one interval length that start in one UTC day.

A reading of a day is of a local day, whose length is 86,400 s but for the days on which clocks change.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache, partial
from typing import Annotated, Literal, NamedTuple

import msgspec
from msgspec import Meta

from electrocloud.domain.errors import UploadError

INTERVALS_S = (60, 300, 600, 900, 1800, 3600, 86_400)
DAY_MINUTES = 1_440
SHORTEST_DAY_S = 23 * 3600  # on which clocks go forward
# Half-hours, hours and days are aligned to local time, and the zones of the world are at whole quarter-hours from UTC.
ZONE_STEP_S = 900
MAX_READINGS = 1_440
MAX_POWER_W = 10_000_000  # 10 MW: above any customer on a revenue meter; more is a broken register
MAX_REVISION = 65_535
FIRST_YEAR, LAST_YEAR = 2015, 2099  # a meter's clock beyond these is broken; the analyst's table begins in 2015

VOIDED = -1  # what stands in the place of a reading's Wh where an operator voided it
OPERATOR_EPOCH = datetime(2026, 1, 1, tzinfo=UTC)  # an operator's revision counts seconds from it: 32 bits until 2094

# Delivered to the customer, or received from the customer by the grid (export).
Direction = Literal["delivered", "received"]
DIRECTIONS: tuple[Direction, ...] = ("delivered", "received")

# How a reading came about, from the least to the most reliable. A reading's rank is its place here.
Quality = Literal["questionable", "estimated", "substituted", "measured"]
QUALITIES: tuple[Quality, ...] = ("questionable", "estimated", "substituted", "measured")
_RANK = {quality: rank for rank, quality in enumerate(QUALITIES)}
MEASURED = _RANK["measured"]

RequestId = Annotated[str, Meta(pattern=r"^[A-Za-z0-9+/=_-]{1,128}\Z")]
Caller = Annotated[str, Meta(pattern=r"^[!-~]{1,640}\Z")]
Words = Annotated[str, Meta(pattern=r"^[^\x00-\x1f\x7f]{1,300}\Z")]
MeterId = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}\Z")]


Start = Annotated[datetime, Meta(tz=True)]


class ReadingDocument(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """One reading as it is sent: energy in whole Wh over the upload's interval from `start`; voltage in V.

    `start` is RFC 3339 text with an offset from UTC. `direction` says which way the energy flowed: `delivered` to the
    customer, or `received` from the customer. `varh` is the interval's inductive reactive energy in whole varh, of a
    reading of energy delivered.
    """

    start: Annotated[str, Meta(max_length=40)]
    wh: Annotated[int, Meta(ge=0)]
    revision: Annotated[int, Meta(ge=0, le=MAX_REVISION)] = 0
    voltage_v: Annotated[float, Meta(ge=0, le=1_000_000)] | None = None
    direction: Direction = "delivered"
    quality: Quality = "measured"
    varh: Annotated[int, Meta(ge=0)] | None = None


class Operator(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """In an upload: an operator voids or corrects its readings. Who does so, when and why."""

    action: Literal["void", "correct"]
    by: Words
    at: Start
    reason: Words


class UploadDocument(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """An upload as it is sent, in JSON. The ingestion API adds its call's `request_id` and the `caller`, after all that
    was sent and so in place of it; a sender to the stream may. `meter_id` is to be a `MeterId`.

    With `operator` it is an operator's action, which the API never lets in. Its readings have no revision, and 0 Wh
    where they are voided.
    """

    meter_id: str
    interval_s: int
    readings: Annotated[list[ReadingDocument], Meta(min_length=1, max_length=MAX_READINGS)]
    request_id: RequestId | None = None
    caller: Caller | None = None
    operator: Operator | None = None


class Adjustment(NamedTuple):
    """What an operator did to some of a day's readings of one interval length (s), and who, when and why.

    `revision` is that of the readings it made: above any meter's, and the higher the later the action. Which readings
    these are is not said here, so that parts of an action add up to the action.
    """

    revision: int
    action: str
    by: str
    reason: str
    interval_s: int

    @property
    def at(self) -> datetime:
        """When it was done, in whole seconds UTC."""
        return OPERATOR_EPOCH + timedelta(seconds=self.revision - MAX_REVISION - 1)


# What a reading says: revision, rank of its quality, Wh or VOIDED, voltage in tenths of a volt or 0, and varh where
# reactive energy is metered. Compared as a tuple, so that one of two different readings with one revision wins whatever
# the order in which they come: the one of better quality, then the one with more energy.
Value = tuple[int, ...]
REVISION, QUALITY, WH, DECIVOLTS, VARH = range(5)


class Upload(msgspec.Struct, frozen=True, gc=False):
    """A document that keeps the contract. `decode` is the only way to make one, so that a wrong one does not exist.

    All readings start in the UTC `day`: each, in the order sent, is the minute of the day at which it does, and what it
    says. `readings` are those of energy delivered, `received` those of energy received from the customer.
    """

    meter_id: str
    interval_s: int
    day: date
    readings: list[tuple[int, Value]]
    request_id: str | None = None
    caller: str | None = None
    adjustment: Adjustment | None = None
    received: Sequence[tuple[int, Value]] = ()

    def in_both_directions(self) -> list[tuple[int, Value]]:
        """The readings of both directions, those delivered first."""
        return [*self.readings, *self.received] if self.received else self.readings


class Reading(NamedTuple):
    """One meter's energy in one interval, as the rest of the system speaks of it.

    `start` is aware UTC, a multiple of `alignment_s(interval_s)` after midnight; `wh` is whole watt-hours in
    `direction`, 0 or more; of two readings of one interval and direction the one with the higher `revision` holds.
    """

    meter_id: str
    start: datetime
    interval_s: int
    wh: int
    revision: int = 0
    voltage_v: float | None = None
    direction: Direction = "delivered"
    quality: Quality = "measured"
    varh: int | None = None


def alignment_s(interval_s: int) -> int:
    """Intervals of a length (s) start at multiples of this (s) after midnight UTC."""
    return min(interval_s, ZONE_STEP_S)


_decoder = msgspec.json.Decoder(UploadDocument)

_MOST_WH = {interval_s: MAX_POWER_W * interval_s // 3600 for interval_s in INTERVALS_S}


def decode(data: bytes) -> Upload:
    """An upload from its JSON bytes, or `UploadError` with the reason and the place of the first fault."""
    try:
        document = _decoder.decode(data)
        _check_meter_id(document.meter_id)
    except msgspec.ValidationError as fault:
        raise UploadError("contract", f"the upload breaks the contract: {fault}") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
        raise UploadError("not-json", f"the upload is not JSON: {fault}; send a JSON object") from None
    interval_s = document.interval_s
    if interval_s not in _MOST_WH:
        raise UploadError("interval", f"interval_s is {interval_s}; it must be one of {INTERVALS_S} (s)")
    day, readings, received = _checked(document.readings, interval_s)
    upload = Upload(
        document.meter_id, interval_s, day, readings, document.request_id, document.caller, None, received or ()
    )
    return upload if document.operator is None else _adjusting(upload, document.operator)


def _adjusting(upload: Upload, operator: Operator) -> Upload:
    """An operator's action: its revision is above any that a meter can send, and grows from action to action."""
    if upload.request_id or upload.caller:
        raise UploadError(
            "operator", "only an operator voids or corrects readings, by `electrocloud readings`; the API does not"
        )
    seconds = int((operator.at - OPERATOR_EPOCH).total_seconds())
    void = operator.action == "void"
    if not 0 <= seconds < 2**31 - 1 - MAX_REVISION:
        raise UploadError("operator", f"operator.at is {operator.at}; it must be from 2026 to 2093")
    if any(value[REVISION] or (void and value[WH]) for _, value in upload.in_both_directions()):
        raise UploadError("operator", "an operator's readings have no revision, and 0 Wh where they are voided")
    revision = MAX_REVISION + 1 + seconds
    adjusted, received = (
        [
            (minute, (revision, quality, VOIDED, 0) if void else (revision, quality, wh, 0, *varh))
            for minute, (_, quality, wh, _, *varh) in readings
        ]
        for readings in (upload.readings, upload.received)
    )
    adjustment = Adjustment(revision, operator.action, operator.by, operator.reason, upload.interval_s)
    return msgspec.structs.replace(upload, readings=adjusted, adjustment=adjustment, received=received)


def _checked(
    rows: list[ReadingDocument], interval_s: int
) -> tuple[date, list[tuple[int, Value]], list[tuple[int, Value]]]:
    """The UTC day of some readings, those delivered, and those received."""
    place, most_wh = _place_of[interval_s], _MOST_WH[interval_s]
    day = date.min
    delivered: list[tuple[int, Value]] = []
    received: list[tuple[int, Value]] = []
    try:
        for row in rows:
            its_day, minute = place(row.start)
            wh, volts = row.wh, row.voltage_v
            if its_day != day:
                if day != date.min:
                    raise UploadError(
                        "two-days",
                        f"start {row.start} is not on {day} UTC as readings[0] is; send one upload a UTC day",
                    )
                day = its_day
            if wh > most_wh:
                raise UploadError(
                    "absurd-energy", f"wh is {wh}; over {interval_s} s the most is {most_wh} Wh ({MAX_POWER_W} W)"
                )
            # tenths of a volt, half up, as SQL rounds
            decivolt = int(volts * 10 + 0.5) if volts else 0
            if row.direction == "delivered":
                rank = MEASURED if row.quality == "measured" else _RANK[row.quality]
                varh = row.varh
                if varh is None:
                    delivered.append((minute, (row.revision, rank, wh, decivolt)))
                else:
                    _check_varh(varh, most_wh, interval_s)
                    delivered.append((minute, (row.revision, rank, wh, decivolt, varh)))
            else:
                _refuse_received_varh(row)
                received.append((minute, (row.revision, _RANK[row.quality], wh, decivolt)))
    except UploadError as fault:
        raise UploadError(fault.reason, f"readings[{len(delivered) + len(received)}].{fault}") from None
    return day, delivered, received


def _check_varh(varh: int, most: int, interval_s: int) -> None:
    if varh > most:
        raise UploadError(
            "absurd-energy", f"varh is {varh}; over {interval_s} s the most is {most} varh ({MAX_POWER_W} var)"
        )


def _refuse_received_varh(row: ReadingDocument) -> None:
    if row.varh is not None:
        raise UploadError(
            "contract", f"varh is {row.varh} with energy received; send varh with the reading of the energy delivered"
        )


# A fleet's meters measure at the same times and come again and again, so each time and each id is looked at once.


def _place(interval_s: int, start: str) -> tuple[date, int]:
    """The UTC day of a reading's start and its minute there, or `UploadError` where none starts then."""
    try:
        moment = msgspec.convert(start, Start)
    except msgspec.ValidationError as fault:
        raise UploadError("contract", f"start {start!r} breaks the contract: {fault}") from None
    try:
        moment = moment.astimezone(UTC)
    except OverflowError:  # an offset that leads out of the calendar
        moment = moment.replace(tzinfo=UTC)
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise UploadError(
            "year",
            f"start {start} is in the year {moment.year} UTC; it must be {FIRST_YEAR} to {LAST_YEAR}: "
            "set the meter's clock",
        )
    minute = moment.hour * 60 + moment.minute
    step_s = alignment_s(interval_s)
    if minute % (step_s // 60) or moment.second or moment.microsecond:
        raise UploadError("misaligned", f"start {start} is no multiple of {step_s} s after midnight UTC")
    return moment.date(), minute


_place_of = {interval_s: lru_cache(maxsize=1 << 14)(partial(_place, interval_s)) for interval_s in INTERVALS_S}


@lru_cache(maxsize=1 << 16)
def _check_meter_id(meter_id: str) -> None:
    try:
        msgspec.convert(meter_id, MeterId)
    except msgspec.ValidationError as fault:
        raise msgspec.ValidationError(f"{fault} - at `$.meter_id`") from None
