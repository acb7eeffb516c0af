"""The objects in the quarantine: how they are listed, and named by day of arrival, place in the stream, and number of
uploads by reason.

The counts are in the name so that a listing answers how many there are. An object that an earlier version wrote is one
upload, in a folder of its reason.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import TYPE_CHECKING

from electrocloud.aws.clients import S3Client

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import ObjectTypeDef

PREFIX = "quarantine/"
SUFFIX = ".jsonl.gz"


def object_key(day: str, place: str, counts: Mapping[str, int], prefix: str = PREFIX) -> str:
    """The key of an object of many uploads; `counts` is how many it has of each reason."""
    listed = "_".join(f"{reason}-{counts[reason]}" for reason in sorted(counts))
    return f"{prefix}dt={day}/{place}.{listed}{SUFFIX}"


def objects_in_quarantine(s3: S3Client, bucket: str, day: date | None = None) -> "Iterator[ObjectTypeDef]":
    """The objects of rejected uploads as S3 lists them: of those that arrived on a UTC day, or of all."""
    prefix = f"{PREFIX}dt={day}/" if day else f"{PREFIX}dt="
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        yield from page.get("Contents", [])


def counts_in(key: str) -> dict[str, int]:
    """How many uploads of each reason an object under quarantine/dt=…/ has."""
    folder, _, name = key.partition("dt=")[2].partition("/")[2].rpartition("/")
    if not name.endswith(SUFFIX):
        return {folder: 1}
    listed = name.removesuffix(SUFFIX).partition(".")[2]
    counts = (part.rpartition("-") for part in listed.split("_"))
    return {reason: int(count) for reason, _, count in counts}
