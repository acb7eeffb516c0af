"""Studies in the bucket: what was asked, how far it is, and what was found; each customer's result beside it.

They name agreements, accounts and meters by their IDs, and nobody by name.
"""

import gzip
import secrets
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import msgspec
from botocore.exceptions import ClientError

from electrocloud.aws.clients import S3Client
from electrocloud.domain.errors import UsageError
from electrocloud.domain.studies.study import CustomerResult, Study

PREFIX = "studies/"
CUSTOMERS = "customers.jsonl.gz"
LOST_AFTER = timedelta(minutes=10)  # without news, the process that makes it has died
READ_AT_ONCE = 8

_encoder = msgspec.json.Encoder(decimal_format="string")
_study = msgspec.json.Decoder(Study)
_customers = msgspec.json.Decoder(CustomerResult)


def new_id(now: datetime) -> str:
    """An id that sorts by time: `20261124-173000123-1f3a`."""
    return f"{now:%Y%m%d-%H%M%S}{now.microsecond // 1000:03}-{secrets.token_hex(2)}"


class StudyStore:
    """Reads and writes studies below `studies/` of a bucket."""

    def __init__(self, s3: S3Client, bucket: str) -> None:
        self._s3 = s3
        self._bucket = bucket

    def put(self, study: Study) -> None:
        """Store a study in the place of its earlier state."""
        self._s3.put_object(Bucket=self._bucket, Key=_key(study.study_id), Body=_encoder.encode(study))

    def put_customers(self, study_id: str, customers: Sequence[CustomerResult]) -> None:
        """Store each customer's result."""
        body = gzip.compress(_encoder.encode_lines(customers), compresslevel=4, mtime=0)
        self._s3.put_object(Bucket=self._bucket, Key=f"{PREFIX}{study_id}/{CUSTOMERS}", Body=body)

    def get(self, study_id: str) -> Study:
        """A study. `UsageError` for an id that has none."""
        return _study.decode(self._read(study_id, _key(study_id)))

    def customers(self, study_id: str) -> list[CustomerResult]:
        """Each customer's result of a study that is done, those who save most first."""
        body = gzip.decompress(self._read(study_id, f"{PREFIX}{study_id}/{CUSTOMERS}"))
        return _customers.decode_lines(body)

    def newest(self, most: int) -> list[Study]:
        """The newest studies."""
        with ThreadPoolExecutor(READ_AT_ONCE) as pool:
            return list(pool.map(self.get, sorted(self._ids(), reverse=True)[:most]))

    def _ids(self) -> Iterator[str]:
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=PREFIX)
        for page in pages:
            for found in page.get("Contents", []):
                if found["Key"].endswith("/study.json"):
                    yield found["Key"].removeprefix(PREFIX).removesuffix("/study.json")

    def _read(self, study_id: str, key: str) -> bytes:
        try:
            return self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].read()
        except ClientError as fault:
            if fault.response["Error"]["Code"] not in ("NoSuchKey", "404"):
                raise
            raise UsageError(f"there is no study {study_id}; `electrocloud study list` names them") from None


def is_lost(study: Study, now: datetime) -> bool:
    """Whether a study that is not done has had no news for so long that its process must have died."""
    return study.status in ("waiting", "running") and now - (study.updated_at or study.made_at) > LOST_AFTER


def _key(study_id: str) -> str:
    return f"{PREFIX}{study_id}/study.json"
