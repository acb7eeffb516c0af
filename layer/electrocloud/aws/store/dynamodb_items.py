"""How windows and bills look as DynamoDB items, both ways.

An item's `mark` is a hash of its content: equal content is an equal item, whoever wrote it and however often.
"""

import zlib
from datetime import date
from hashlib import blake2b
from typing import Any

import msgspec

from electrocloud.domain.billing.bill import Bill
from electrocloud.domain.billing.determinants import DayDeterminants
from electrocloud.domain.local_time import BillingMonth
from electrocloud.domain.readings.meter_day import MeterDay
from electrocloud.services.ingest import BilledMonth, StoredBilledMonth, StoredDay

MONTH_PARTS = 8  # a month's bills are indexed in this many partitions, so that midnight's updates do not meet in one

Item = dict[str, Any]

_determinants_encoder = msgspec.msgpack.Encoder()
_determinants_decoder = msgspec.msgpack.Decoder(dict[str, DayDeterminants])
_bill_encoder = msgspec.json.Encoder()
_bill_decoder = msgspec.json.Decoder(Bill)


def day_key(meter_id: str, day: date) -> Item:
    """The key of a meter's day among the windows."""
    return {"meter_id": {"S": meter_id}, "day": {"S": day.isoformat()}}


def days_between(meter_id: str, first: date, last: date) -> dict[str, Any]:
    """The part of a Query of the windows table that asks for a meter's days from `first` to `last`; `#day` is named."""
    return {
        "KeyConditionExpression": "meter_id = :meter AND #day BETWEEN :first AND :last",
        "ExpressionAttributeNames": {"#day": "day"},
        "ExpressionAttributeValues": {
            ":meter": {"S": meter_id},
            ":first": {"S": first.isoformat()},
            ":last": {"S": last.isoformat()},
        },
    }


def day_item(meter_id: str, day: MeterDay) -> Item:
    """`readings` holds the set; `hours` (Wh of each UTC hour), `wh` and `count` are there for people to read."""
    readings = day.pack()
    hours = day.hours_wh()
    return {
        **day_key(meter_id, day.day),
        "readings": {"B": readings},
        "mark": {"S": _mark(readings)},
        "hours": {"S": " ".join(map(str, hours))},
        "wh": {"N": str(sum(hours))},
        "count": {"N": str(day.count)},
    }


def stored_day(item: Item) -> StoredDay:
    """A day as its item has it, with the tag of its content."""
    day = date.fromisoformat(item["day"]["S"])
    return StoredDay(MeterDay.unpack(day, item["readings"]["B"]), item["mark"]["S"])


def month_key(meter_id: str, month: BillingMonth | str) -> Item:
    """The key of a meter's current bill of a month."""
    return {"meter_id": {"S": meter_id}, "bill": {"S": str(month)}}


def billed_month_item(meter_id: str, billed_month: BilledMonth) -> Item:
    """`document` is the bill as JSON, `determinants` the days it was made of; the rest is for the index by month.

    Both are deflated: a change of a bill is the dearest write there is, and is priced by the kilobyte.
    """
    bill = billed_month.bill
    document = _document(bill)
    days = {day.isoformat(): billed_month.days[day] for day in sorted(billed_month.days)}
    determinants = zlib.compress(_determinants_encoder.encode(days), 6)
    return {
        **month_key(meter_id, bill.month),
        "document": {"B": document},
        "determinants": {"B": determinants},
        "fingerprint": {"S": billed_month.fingerprint},
        "mark": {"S": _mark(document, determinants)},
        "month": {"S": bill.month},
        "month_part": {"S": month_part(bill.month, zlib.crc32(meter_id.encode()) % MONTH_PARTS)},
        "tariff_id": {"S": bill.tariff},
        "status": {"S": bill.status},
        "version": {"N": str(bill.version)},
        "energy_kwh": {"N": str(bill.energy_kwh)},
        "total": {"N": str(bill.total_rounded)},
        "missing": {"N": str(bill.intervals.missing)},
        "estimated": {"N": str(bill.intervals.estimated)},
    }


def stored_billed_month(item: Item) -> StoredBilledMonth:
    """A month's bill with its determinants as its item has them, with the tag of its content."""
    billed_month = BilledMonth(item["fingerprint"]["S"], determinants_of(item), bill_of(item))
    return StoredBilledMonth(billed_month, item["mark"]["S"])


def determinants_of(item: Item) -> dict[date, DayDeterminants]:
    """The days that a ledger's bill is made of."""
    days = _determinants_decoder.decode(zlib.decompress(item["determinants"]["B"]))
    return {date.fromisoformat(day): determinants for day, determinants in days.items()}


def replaced_item(bill: Bill) -> Item:
    """A bill that a new version took the place of, under the month and its version, and in no index."""
    return {
        **month_key(bill.meter_id, f"{bill.month}#v{bill.version:03}"),
        "document": {"B": _document(bill)},
    }


def bill_of(item: Item) -> Bill:
    """The bill in an item."""
    return _bill_decoder.decode(zlib.decompress(item["document"]["B"]))


def month_part(month: str, part: int) -> str:
    """The partition of the index by month that a meter's bill is in."""
    return f"{month}#{part}"


def _document(bill: Bill) -> bytes:
    return zlib.compress(_bill_encoder.encode(bill), 6)


def _mark(*contents: bytes) -> str:
    digest = blake2b(digest_size=12)
    for content in contents:
        digest.update(content)
    return digest.hexdigest()
