"""The last audit of all meters, kept in the bucket for the Health page and `electrocloud status --json`."""

from datetime import date, datetime

import msgspec
from botocore.exceptions import ClientError

from electrocloud.aws.clients import S3Client

KEY = "audit/last.json"


class AuditRecord(msgspec.Struct, frozen=True):
    """What an audit found at an instant: the UTC days from `first` to before `end`, the bills compared, differences."""

    at: datetime
    first: date
    end: date
    bills: int
    differences: int

    def __str__(self) -> str:
        found = f"{self.differences:,} differences" if self.differences else "no differences"
        return f"{found}; {self.bills:,} bills, {self.first} to {self.end} (UTC, exclusive)"


_decoder = msgspec.json.Decoder(AuditRecord)


def write_record(s3: S3Client, bucket: str, record: AuditRecord) -> None:
    """Keep a record in place of the one before it."""
    s3.put_object(Bucket=bucket, Key=KEY, Body=msgspec.json.encode(record), ContentType="application/json")


def last_record(s3: S3Client, bucket: str) -> AuditRecord | None:
    """The record of the last audit; None if there was none."""
    try:
        body = s3.get_object(Bucket=bucket, Key=KEY)["Body"].read()
    except ClientError as fault:
        if fault.response["Error"]["Code"] != "NoSuchKey":
            raise
        return None
    return _decoder.decode(body)
