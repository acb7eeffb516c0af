"""What an operator does to stored readings, as uploads that go the way all readings go."""

from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta

from electrocloud.domain.errors import UsageError
from electrocloud.domain.readings.meter_day import MeterDay
from electrocloud.domain.readings.upload import DIRECTIONS, Direction, Operator, ReadingDocument, UploadDocument


def void(
    meter_id: str,
    days: Iterable[MeterDay],
    begin: datetime,
    end: datetime,
    operator: Operator,
    direction: Direction | None = None,
) -> list[UploadDocument]:
    """Uploads that void all that starts from `begin` to before `end`: what was read, and what may still come for it.

    They are of the interval lengths and directions that the meter has readings of on these days, or of `direction`
    alone. `UsageError` where it has none.
    """
    asked = DIRECTIONS if direction is None else (direction,)
    documents = []
    for day in days:
        midnight = datetime.combine(day.day, time(), UTC)
        for one, seconds in [(each, length) for each in asked for length in day.lengths(each)]:
            starts = [midnight + timedelta(minutes=minute) for minute in day.starts(seconds, one)]
            rows = [ReadingDocument(_text(start), 0, direction=one) for start in starts if begin <= start < end]
            if rows:
                documents.append(UploadDocument(meter_id, seconds, rows, operator=operator))
    if not documents:
        raise UsageError(f"{meter_id} has no readings from {_text(begin)} to {_text(end)}")
    return documents


def correct(
    meter_id: str,
    day: MeterDay | None,
    at: datetime,
    wh: int,
    operator: Operator,
    direction: Direction = "delivered",
    varh: int | None = None,
) -> UploadDocument:
    """An upload that puts `wh` in the place of the reading that starts at `at`, voided or not.

    The reading keeps its reactive energy where no `varh` is given. `UsageError` where no reading that counts starts
    then.
    """
    seconds = day.length_at(at.hour * 60 + at.minute, direction) if day else None
    if seconds is None:
        raise UsageError(
            f"{meter_id} has no reading of energy {direction} that starts at {_text(at)}; "
            "a reading that never came is an upload"
        )
    if varh is None and day and direction == "delivered":
        varh = next((one.wh for one in day.reactive() if one.start == int(at.timestamp())), None)
    reading = ReadingDocument(_text(at), wh, direction=direction, varh=varh)
    return UploadDocument(meter_id, seconds, [reading], operator=operator)


def _text(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
