"""Instants of the times in a file: ISO 8601 with an offset, or what the clocks of a time zone showed."""

from datetime import datetime, timezone

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from electrocloud.domain.errors import UsageError
from electrocloud.domain.local_time import zone_of
from meter_files.channel import Flags, Numbers

_OFFSET = r"(Z|[+-]\d{2}:?\d{2})$"


class TimeError(UsageError):
    """A time that cannot be read: `at` is its index, and the message says why."""

    def __init__(self, at: int, reason: str) -> None:
        super().__init__(reason)
        self.at = at


def has_offsets(texts: pa.Array) -> bool:
    """Whether the first time ends with Z or an offset such as +02:00."""
    return len(texts) > 0 and bool(pc.match_substring_regex(texts[:1], _OFFSET)[0].as_py())


def instants(texts: pa.Array, formats: tuple[str, ...], zone: str | None, channel: Numbers) -> Numbers:
    """Instants (s since 1970 UTC) of texts, by the first of `formats` that all of them have; "iso" is ISO 8601.

    Where both 31/07 and 07/31 are among the formats and all texts have both, it is the one in which they span less.

    Times without an offset are on the clocks of `zone`; `channel` numbers the series that each belongs to, within which
    a local time that comes twice is the repeated hour. Raises `TimeError`.
    """
    if has_offsets(texts):
        return _with_offsets(texts)
    local = _parsed(texts, formats)
    if zone is None:
        raise TimeError(0, f"{texts[0].as_py()!r} has no zone; give --zone, such as --zone Europe/Berlin")
    return from_local(local, zone, channel)


def from_local(local: Numbers, zone: str, channel: Numbers) -> Numbers:
    """Instants of local times, in s from 1970-01-01 00:00 on the clocks of `zone`.

    A time of the hour that clocks repeat in autumn is its first occurrence, or the second where its channel has that
    time twice. The first second of the hour that they skip in spring is the instant of the change; any other time in
    it is a `TimeError`.
    """
    naive = pa.array(local.astype("datetime64[s]"))
    key = zone_of(zone).key
    early, late = (
        pc.assume_timezone(naive, key, ambiguous=which, nonexistent=which).to_numpy().astype(np.int64)
        for which in ("earliest", "latest")
    )
    if np.array_equal(early, late):
        return np.asarray(early, np.int64)
    skipped = ~exists(local, key)
    if (skipped & (local % 3600 != 0)).any():
        at = int(np.argmax(skipped & (local % 3600 != 0)))
        raise _skipped(at, local, key)
    twice = (early != late) & ~skipped
    found: Numbers = np.where(skipped | _second(local, channel, twice), late, early)
    return found


def exists(local: Numbers, zone: str) -> Flags:
    """Which local times the clocks of `zone` show: not those of the hour that they skip in spring."""
    key = zone_of(zone).key
    instant = pc.assume_timezone(
        pa.array(local.astype("datetime64[s]")), key, ambiguous="earliest", nonexistent="latest"
    )
    shown = pc.local_timestamp(instant).to_numpy().astype("datetime64[s]").astype(np.int64)
    return np.asarray(shown == local)


def refuse_skipped(texts: pa.Array, rows: Numbers, formats: tuple[str, ...], zone: str | None) -> None:
    """`TimeError` if the clocks of `zone` skip the time of one of `rows`, the first second of that hour included."""
    if zone is None or has_offsets(texts):
        return
    local = _parsed(texts, formats)[rows]
    there = exists(local, zone)
    if not there.all():
        at = int(np.argmin(there))
        raise _skipped(at, local, zone)


def _skipped(at: int, local: Numbers, zone: str) -> TimeError:
    return TimeError(
        at,
        f"{np.datetime64(int(local[at]), 's')} does not exist in {zone}: clocks skip it. Correct the row, or give the "
        "--zone of the file's clock, such as Etc/GMT-1 for one that is always UTC+1",
    )


def _second(local: Numbers, channel: Numbers, ambiguous: Flags) -> NDArray[np.bool_]:
    """Which of the ambiguous times are the second occurrence: the later of a pair in the order of the file."""
    found = np.zeros(len(local), bool)
    where = np.flatnonzero(ambiguous)
    if not len(where):
        return found
    descending = len(local) > 1 and local[-1] < local[0]
    order = where[::-1] if descending else where
    seen: set[tuple[int, int]] = set()
    for at in order.tolist():
        key = (int(channel[at]), int(local[at]))
        found[at] = key in seen
        seen.add(key)
    return found


def refuse_end_stamps(texts: pa.Array, stamp: Numbers, zone: str | None) -> None:
    """`TimeError` if a load of less than hourly times begins one interval after midnight on its own clock, as those do
    whose times mark the ends of intervals. `stamp` are the instants of `texts`, `zone` the clock of those without an
    offset."""
    steps = np.diff(np.sort(stamp))  # np.unique would take most of the time of reading a file
    steps = steps[steps > 0]
    step = int(np.median(steps)) if len(steps) else 0
    if not 0 < step < 3600:
        return
    at = int(np.argmin(stamp))
    text = texts[at].as_py()
    offset = datetime.fromisoformat(text).utcoffset() if has_offsets(texts) else None
    clock = timezone(offset) if offset is not None else zone_of(zone or "UTC")
    begun = datetime.fromtimestamp(int(stamp[at]), clock)
    if begun.hour * 3600 + begun.minute * 60 + begun.second == step:
        raise TimeError(
            at,
            f"the first time, {text!r}, is one interval after midnight, as where times mark the ends of intervals; "
            "give --stamp end, or --stamp start if not, and --unit W if the values are average power",
        )


def _with_offsets(texts: pa.Array) -> Numbers:
    ends = pc.match_substring_regex(texts, r"T24:00(:00)?(Z|[+-])")
    if bool(pc.any(ends).as_py()):
        begun = pc.if_else(ends, pc.replace_substring(texts, "T24:00", "T00:00"), texts)
        return _with_offsets(begun) + 86_400 * np.asarray(ends.to_numpy(zero_copy_only=False), np.int64)
    for candidate in (texts, pc.replace_substring_regex(texts, r"^(\d{4}-\d{2}-\d{2}) ", r"\1T")):
        try:
            moments = pc.cast(candidate, pa.timestamp("us", "UTC"))
        except pa.ArrowInvalid:
            continue
        return np.asarray(moments.to_numpy().astype("datetime64[s]").astype(np.int64))
    return np.array([_instant(at, text) for at, text in enumerate(texts.to_pylist())], np.int64)


def _instant(at: int, text: str) -> int:
    """One time in any form of ISO 8601 with an offset."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise TimeError(at, f"the time {text!r} is not like 2026-07-01T00:15:00+02:00") from None
    if moment.tzinfo is None:
        raise TimeError(at, f"the time {text!r} has no offset, where others have one; write +02:00 or Z after it")
    return int(moment.timestamp())


def _parsed(texts: pa.Array, formats: tuple[str, ...]) -> Numbers:
    """Local times, as s from 1970-01-01 00:00 on the clock. A time of 24:00 is the next midnight."""
    ends = pc.match_substring_regex(texts, r"\b24:00(:00)?$")
    midnight = pc.if_else(ends, pc.replace_substring_regex(texts, r"\b24:00", "00:00"), texts)
    first: tuple[int, str] | None = None
    for form in formats:
        found = _strptime(midnight, form)
        if not found.null_count:
            local = _seconds(found)
            if (swapped := form.replace("%d/%m/", "%m/%d/")) != form and swapped in formats:
                month_first = _strptime(midnight, swapped)
                local = local if month_first.null_count else _day_or_month(texts, local, _seconds(month_first))
            return np.asarray(local + 86_400 * ends.to_numpy(zero_copy_only=False))
        at = int(np.argmax(found.is_null().to_numpy(zero_copy_only=False)))
        if first is None or at > first[0]:
            first = (at, form)
    assert first is not None
    raise TimeError(first[0], f"the time {texts[first[0]].as_py()!r} is not like {_example(first[1])}")


def _day_or_month(texts: pa.Array, day_first: Numbers, month_first: Numbers) -> Numbers:
    """Times that can be read in two ways are read in the one in which they span less: the other tears months apart."""
    spans = np.ptp(day_first), np.ptp(month_first)
    differ = day_first != month_first
    if differ.any() and spans[0] == spans[1]:
        at = int(np.argmax(differ))
        days = " or ".join(str(np.datetime64(int(one[at]), "s"))[:10] for one in (day_first, month_first))
        raise TimeError(at, f"the time {texts[at].as_py()!r} may be of {days}; write the dates of the file like these")
    return day_first if spans[0] < spans[1] else month_first


def _seconds(found: pa.Array) -> Numbers:
    return np.asarray(found.to_numpy().astype("datetime64[s]").astype(np.int64))


def _strptime(texts: pa.Array, form: str) -> pa.Array:
    if form != "iso":
        return pc.strptime(texts, format=form, unit="s", error_is_null=True)
    plain = pc.replace_substring_regex(texts, r"\.\d+$", "") if str(texts[0]).find(".") > 0 else texts
    try:
        return pc.cast(plain, pa.timestamp("s"))
    except pa.ArrowInvalid:
        tidy = pc.replace_substring_regex(texts, r"^(\d{4}-\d{2}-\d{2} \d{2}:\d{2})(:\d{2})?(\.\d*)?$", r"\1\2")
        seconds = pc.strptime(tidy, format="%Y-%m-%d %H:%M:%S", unit="s", error_is_null=True)
        return pc.coalesce(seconds, pc.strptime(tidy, format="%Y-%m-%d %H:%M", unit="s", error_is_null=True))


def _example(form: str) -> str:
    if form == "iso":
        return "2026-07-01 00:15"
    parts = {
        "%Y": "2026",
        "%m": "07",
        "%d": "31",
        "%H": "00",
        "%I": "12",
        "%M": "15",
        "%S": "00",
        "%p": "AM",
        "%b": "Jul",
    }
    for key, text in parts.items():
        form = form.replace(key, text)
    return form
