"""Rejected uploads and suspect readings as one queue."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

import pandas as pd

from analytics.exceptions_desk import Note, suspect_id
from analytics.rejected_uploads import Rejected
from electrocloud.domain.forecast import Suspect
from presentation.suspects_text import MEANINGS
from presentation.units import time_text

UPLOAD, SUSPECT = "rejected upload", "suspect reading"


class Queued(NamedTuple):
    """An exception that waits for somebody: a rejected upload or suspect readings; one of the last two is there."""

    exception_id: str
    at: datetime
    kind: str
    reason: str
    message: str
    meter_id: str
    sender: str
    partition_key: str
    upload: Rejected | None = None
    suspect: Suspect | None = None


def queue(uploads: Iterable[Rejected], suspects: Iterable[Suspect], since: datetime, zone: str) -> list[Queued]:
    """The exceptions since an instant, the newest first; times in their texts are in the zone."""
    found = [*map(_of_upload, uploads), *(_of_suspect(one, zone) for one in suspects if one.end >= since.timestamp())]
    return sorted(found, key=lambda one: one.at, reverse=True)


def matching(found: Iterable[Queued], kind: str, reason: str, text: str) -> list[Queued]:
    """Those of a kind and a reason, "" for any, with a text in meter, sender or message."""
    return [
        one
        for one in found
        if kind in ("", one.kind)
        and reason in ("", one.reason)
        and any(text.lower() in field.lower() for field in (one.meter_id, one.sender, one.message))
    ]


def table(found: Sequence[Queued], notes: Mapping[str, Sequence[Note]], zone: str) -> pd.DataFrame:
    """A row per exception, with times in the zone."""
    return pd.DataFrame(
        {
            "Time": time_text(one.at, zone),
            "Reason": one.reason,
            "What was wrong": one.message,
            "Meter": one.meter_id or "–",
            "Sender": one.sender or "–",
            "Partition key": one.partition_key or "–",
            "Kind": one.kind,
            "Notes": history(notes.get(one.exception_id, ()), zone),
        }
        for one in found
    )


def history(notes: Sequence[Note], zone: str) -> str:
    """`2026-11-24 09:30 PST ann: put back (clock corrected)`, the last first."""
    return "; ".join(
        f"{time_text(one.at, zone)} {one.by}: {one.action}{f' ({one.text})' if one.text else ''}"
        for one in reversed(notes)
    )


def _of_upload(one: Rejected) -> Queued:
    texts = one.reason, one.message, one.meter_id, one.caller, one.partition_key
    return Queued(one.exception_id, one.arrived, UPLOAD, *texts, upload=one)


def _of_suspect(one: Suspect, zone: str) -> Queued:
    start, end = (datetime.fromtimestamp(at, UTC) for at in (one.start, one.end))
    until = f"until {time_text(end, zone)}, expected {one.low:,.0f} to {one.high:,.0f} Wh per hour"
    return Queued(
        suspect_id(one), start, SUSPECT, one.kind, f"{MEANINGS[one.kind]}; {until}", one.meter_id, "", "", suspect=one
    )
