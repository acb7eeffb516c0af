"""Which Parquet files each UTC day has, by one listing of the bucket."""

import re
from datetime import date, datetime
from typing import NamedTuple

from electrocloud.aws.clients import S3Client

PREFIX = "readings/"
_DAY = re.compile(rf"{PREFIX}dt=(\d{{4}}-\d\d-\d\d)/")


class ParquetDay(NamedTuple):
    """A day's files: their bytes together, and a version that changes whenever one is added, replaced or removed."""

    bytes: int
    version: str


def parquet_days(s3: S3Client, bucket: str, first: date) -> dict[date, ParquetDay]:
    """The days from `first` on that have Parquet, in order."""
    found: dict[date, tuple[int, int, datetime]] = {}
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=PREFIX, StartAfter=f"{PREFIX}dt={first}")
    for item in (item for page in pages for item in page.get("Contents", [])):
        if day := _DAY.match(item["Key"]):
            size, modified = item["Size"], item["LastModified"]
            files, total, newest = found.get(date.fromisoformat(day[1]), (0, 0, modified))
            found[date.fromisoformat(day[1])] = files + 1, total + size, max(newest, modified)
    return {
        day: ParquetDay(size, f"{files} files, {size} bytes, {newest.isoformat()}")
        for day, (files, size, newest) in sorted(found.items())
    }
