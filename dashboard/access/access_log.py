"""The access log: who looked at which customer, exported or changed something, as JSON lines in the bucket.

An entry is stored before its data are given, so nothing is seen that the log does not have; while it cannot be stored,
the data cannot be read. It names accounts, agreements and meters by their IDs, and has neither names nor addresses.
"""

import time
import uuid
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import cache
from threading import Lock
from typing import NamedTuple

import msgspec

from dashboard.access.roles import Data
from dashboard.access.visitor import Visitor
from electrocloud.aws.clients import S3Client
from electrocloud.aws.stack import find_stack

FOLDER = "access_log"
AGAIN_S = 900  # the same view of the same user is one entry in this time (s), since pages read again every few seconds
MOST_SEEN = 10_000


class Subject(NamedTuple):
    """Whose data it is, by the IDs that are known; `detail` is the month, the question's SQL, or what was put back."""

    account_id: str = ""
    agreement_id: str = ""
    meter_id: str = ""
    detail: str = ""


class AccessLog:
    """Stores entries below `access_log/dt=…/` of a bucket, one object per call, of `action` view, export or change."""

    def __init__(self, s3: S3Client, bucket: str, clock: Callable[[], float] = time.time) -> None:
        self._s3 = s3
        self._bucket = bucket
        self._clock = clock
        self._seen: dict[tuple[str, str, Data, Subject], float] = {}
        self._lock = Lock()

    def record(self, who: Visitor, action: str, data: Data, subjects: Iterable[Subject]) -> None:
        """Store an entry per subject, except views that are in the log already."""
        now = self._clock()
        entries = {(who.name, action, data, subject): now for subject in subjects}
        if action == "view":
            with self._lock:
                entries = {key: now for key in entries if now - self._seen.get(key, 0) > AGAIN_S}
        if not entries:
            return
        at = datetime.fromtimestamp(now, UTC)
        lines = [
            {
                "accessed_at": f"{at:%Y-%m-%d %H:%M:%S.%f}"[:-3],
                "user_name": name,
                "roles": ",".join(who.roles),
                "action": action,
                "data_kind": data.name.lower(),
                **subject._asdict(),
            }
            for name, action, data, subject in entries
        ]
        self._s3.put_object(
            Bucket=self._bucket,
            Key=f"{FOLDER}/dt={at:%Y-%m-%d}/{at:%H%M%S}-{uuid.uuid4()}.json",
            Body=b"".join(msgspec.json.encode(line) + b"\n" for line in lines),
        )
        if action == "view":
            self._remember(entries)

    def _remember(self, entries: dict[tuple[str, str, Data, Subject], float]) -> None:
        with self._lock:
            self._seen |= entries
            if len(self._seen) > MOST_SEEN:
                self._seen = dict(sorted(self._seen.items(), key=lambda seen: seen[1])[-MOST_SEEN // 2 :])


@cache
def access_log() -> AccessLog:
    """The log of the deployment at hand."""
    stack = find_stack()
    return AccessLog(stack.client("s3", connect_timeout=2, read_timeout=10), stack.bucket)
