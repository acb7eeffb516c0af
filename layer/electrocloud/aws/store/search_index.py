"""Finding service points by any part of a name, address, account, meter or feeder.

The index is PARTS objects of JSON lines in the bucket, a line per service point; a search reads all of them, which for
100,000 service points is some 20 MB. It names customers, so it lies apart from the tables, and `erase` rewrites it.
"""

import zlib
from collections.abc import Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import msgspec
from botocore.exceptions import ClientError

from electrocloud.aws.clients import S3Client
from electrocloud.domain.registry.records import Registry

PREFIX = "personal/search/"
PARTS = 16
READERS = 8


class SearchEntry(msgspec.Struct, frozen=True):
    """A service point as it is found: who is served there now, and the meters that are or were there.

    Of customers who were served there before, it has the IDs of their accounts alone.
    """

    service_point_id: str
    address: str
    feeder: str
    account_id: str
    name: str
    meter_ids: tuple[str, ...]
    former_account_ids: tuple[str, ...] = ()


_decoder = msgspec.json.Decoder(SearchEntry)


def entries_of(registry: Registry, points: Collection[str]) -> list[SearchEntry]:
    """The entries of these service points, in order of their ids."""
    meters: dict[str, list[str]] = {}
    for installation in sorted(registry.installations.values(), key=lambda one: one.start):
        if installation.service_point_id in points and not installation.is_void:
            meters.setdefault(installation.service_point_id, []).append(installation.meter_id)
    accounts: dict[str, list[str]] = {}  # of each point, the present or last one at the end
    void: dict[str, list[str]] = {}  # of agreements that nobody was ever served by
    for agreement in sorted(registry.agreements.values(), key=lambda one: (one.end is None, one.end or date.min)):
        if agreement.service_point_id in points:
            own = void if agreement.is_void else accounts
            own.setdefault(agreement.service_point_id, []).append(agreement.account_id)
    found = []
    for key in sorted(points):
        point = registry.service_points[key]
        served = accounts.get(key, [""])
        account = registry.accounts.get(served[-1])
        name, account_id = (account.name, account.account_id) if account else ("", "")
        meter_ids = tuple(dict.fromkeys(meters.get(key, ())))
        others = dict.fromkeys([*void.get(key, ()), *served[:-1]])
        former = tuple(one for one in others if one != served[-1])
        found.append(SearchEntry(key, point.address, point.feeder, account_id, name, meter_ids, former))
    return found


class SearchIndex:
    """The index in a bucket, on a boto3 S3 client."""

    def __init__(self, s3: S3Client, bucket: str) -> None:
        self._s3 = s3
        self._bucket = bucket

    def update(self, entries: Iterable[SearchEntry]) -> None:
        """Put entries in place of those of the same service points. One writer at a time."""
        by_part: dict[int, list[SearchEntry]] = {}
        for entry in entries:
            by_part.setdefault(zlib.crc32(entry.service_point_id.encode()) % PARTS, []).append(entry)
        for part, own in by_part.items():
            kept = {entry.service_point_id: entry for entry in map(_decoder.decode, self._lines(part))}
            kept |= {entry.service_point_id: entry for entry in own}
            body = b"".join(msgspec.json.encode(kept[key]) + b"\n" for key in sorted(kept))
            self._s3.put_object(Bucket=self._bucket, Key=_key(part), Body=body)

    def search(self, text: str, most: int = 50) -> list[SearchEntry]:
        """The first `most` service points, by id, that have the text in some field. Upper and lower case are alike."""
        needle = text.strip().casefold()
        if not needle:
            return []
        with ThreadPoolExecutor(READERS) as pool:
            parts = pool.map(self._lines, range(PARTS))
            found = [_decoder.decode(line) for lines in parts for line in lines if needle in line.decode().casefold()]
        matching = (entry for entry in found if any(needle in value.casefold() for value in _values(entry)))
        return sorted(matching, key=lambda entry: entry.service_point_id)[:most]

    def _lines(self, part: int) -> list[bytes]:
        try:
            answer = self._s3.get_object(Bucket=self._bucket, Key=_key(part))
        except ClientError as fault:
            if fault.response["Error"]["Code"] != "NoSuchKey":
                raise
            return []
        body: bytes = answer["Body"].read()
        return body.splitlines()


def _values(entry: SearchEntry) -> list[str]:
    own = [entry.service_point_id, entry.address, entry.feeder, entry.account_id, entry.name]
    return [*own, *entry.meter_ids, *entry.former_account_ids]


def _key(part: int) -> str:
    return f"{PREFIX}{part:02}.jsonl"
