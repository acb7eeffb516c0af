"""How objects in the quarantine are named: by day of arrival, place in the stream, and number of uploads by reason.

The counts are in the name so that a listing answers how many there are. An object that an earlier version wrote is one
upload, in a folder of its reason.
"""

from collections.abc import Mapping

PREFIX = "quarantine/"
SUFFIX = ".jsonl.gz"


def object_key(day: str, place: str, counts: Mapping[str, int], prefix: str = PREFIX) -> str:
    """The key of an object of many uploads; `counts` is how many it has of each reason."""
    listed = "_".join(f"{reason}-{counts[reason]}" for reason in sorted(counts))
    return f"{prefix}dt={day}/{place}.{listed}{SUFFIX}"


def counts_in(key: str) -> dict[str, int]:
    """How many uploads of each reason an object under quarantine/dt=…/ has."""
    folder, _, name = key.partition("dt=")[2].partition("/")[2].rpartition("/")
    if not name.endswith(SUFFIX):
        return {folder: 1}
    listed = name.removesuffix(SUFFIX).partition(".")[2]
    counts = (part.rpartition("-") for part in listed.split("_"))
    return {reason: int(count) for reason, _, count in counts}
