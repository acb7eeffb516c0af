"""How windows and bills look as DynamoDB items, both ways.

An item's `mark` is a hash of its content: equal content gives an equal item, no matter who wrote it or how often.
"""

import zlib
from collections.abc import Mapping
from datetime import date
from fractions import Fraction
from hashlib import blake2b
from typing import Any, NamedTuple

import msgspec

from electrocloud.aws.store.missing_intervals import missing_attribute, unread_in
from electrocloud.domain.billing.bill import Bill
from electrocloud.domain.billing.carry_forward import CarryForward
from electrocloud.domain.billing.counting import as_of
from electrocloud.domain.billing.determinants import DayDeterminants
from electrocloud.domain.billing.estimation import ClassProfile
from electrocloud.domain.billing.service import BillKey
from electrocloud.domain.readings.meter_day import MeterDay
from electrocloud.services.store import BilledPeriod, ReplacedBill, StoredBill, StoredDay

MONTH_PARTS = 8  # a month's bills are indexed in this many partitions, so that midnight's updates do not meet in one
OUTBOX_PARTS = 8  # and the index of the bills that are not in the lake yet likewise

Item = dict[str, Any]

_DAY_TYPES = {False: "workday", True: "weekend"}

_determinants_encoder = msgspec.msgpack.Encoder()
_determinants_decoder = msgspec.msgpack.Decoder(dict[str, DayDeterminants])
_carried_decoder = msgspec.msgpack.Decoder(tuple[CarryForward, CarryForward])
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
    """`readings` holds the set; `hours` (Wh of each UTC hour), `wh` and `count` are there for people to read.

    A day with energy received from the customer has these of it too, after `received_`.
    """
    readings = day.pack()
    hours = day.hours_wh()
    received: Item = {}
    if count := day.received_count:
        received_hours = day.hours_wh("received")
        received = {
            "received_hours": {"S": " ".join(map(str, received_hours))},
            "received_wh": {"N": str(sum(received_hours))},
            "received_count": {"N": str(count)},
        }
    return {
        **day_key(meter_id, day.day),
        "readings": {"B": readings},
        "mark": {"S": _mark(readings)},
        "hours": {"S": " ".join(map(str, hours))},
        "wh": {"N": str(sum(hours))},
        "count": {"N": str(day.count)},
        **received,
    }


def stored_day(item: Item) -> StoredDay:
    """A day as its item has it, with the tag of its content."""
    day = date.fromisoformat(item["day"]["S"])
    return StoredDay(MeterDay.unpack(day, item["readings"]["B"]), item["mark"]["S"])


def bill_key(key: BillKey) -> Item:
    """The key of a bill. The attribute `meter_id` holds the agreement: it is named for bills before agreements were."""
    return {"meter_id": {"S": key.agreement_id}, "bill": {"S": key.cycle}}


def key_of_bill(item: Item) -> BillKey:
    """The key of a bill's item."""
    return BillKey(item["meter_id"]["S"], item["bill"]["S"])


def bill_item(key: BillKey, billed: BilledPeriod) -> Item:
    """`document` is the bill as JSON, `determinants` the days it was made of; the rest is for the index by month.

    Both are deflated: a change of a bill is the most expensive write there is, and is priced by the kilobyte. A bill of
    another cycle than the calendar month is in the index of the month in which its cycle begins. An issued bill is in
    the outbox until it has been published. `carried` is what it begins with and what it carries forward.
    """
    bill = billed.bill
    document = _document(bill)
    determinants = zlib.compress(_determinants_encoder.encode(_named_days(key, billed)), 6)
    carried = _carried(billed)
    return {
        **bill_key(key),
        "document": {"B": document},
        "determinants": {"B": determinants},
        **({"carried": {"B": carried}} if carried else {}),
        "fingerprint": {"S": billed.fingerprint},
        "shape": {"S": billed.shape},
        "mark": {"S": _mark(document, determinants, carried)},
        "month": {"S": key.month},
        "month_part": {"S": month_part(key.month, _part(key, MONTH_PARTS))},
        "meter": {"S": bill.meter_id},
        "tariff_id": {"S": bill.tariff},
        "status": {"S": bill.status},
        "version": {"N": str(bill.version)},
        "energy_kwh": {"N": str(bill.energy_kwh)},
        "total": {"N": str(bill.total_rounded)},
        "missing": missing_attribute(bill.intervals.missing, billed.unread, bill.zone),
        "estimated": {"N": str(bill.intervals.estimated)},
        **_in_outbox(key, bill),
    }


def stored_bill(item: Item) -> StoredBill:
    """The bill of an item, with its determinants by span."""
    spans = by_span(_decoded_days(item))
    shape = item["shape"]["S"] if "shape" in item else ""
    billed = BilledPeriod(item["fingerprint"]["S"], spans, bill_of(item), (), shape, *carried_of(item))
    return StoredBill(billed, item["mark"]["S"], "to_lake" in item)


def carried_of(item: Item) -> tuple[CarryForward | None, CarryForward | None]:
    """What a bill begins with and what it carries forward; None where bills do not depend on each other."""
    return _carried_decoder.decode(item["carried"]["B"]) if "carried" in item else (None, None)


class MeterSpanDay(NamedTuple):
    """Whose determinants these are: a meter's UTC day, in a span of the bill's plan by number."""

    day: date
    span: int
    meter_id: str


def determinants_of(item: Item) -> dict[MeterSpanDay, DayDeterminants]:
    """The days that a bill is made of."""
    return _decoded_days(item)


def by_span(days: Mapping[MeterSpanDay, DayDeterminants]) -> list[dict[date, DayDeterminants]]:
    """The days by span of the bill's plan."""
    spans: list[dict[date, DayDeterminants]] = []
    for name, determinants in days.items():
        while len(spans) <= name.span:
            spans.append({})
        spans[name.span][name.day] = determinants
    return spans


def _named_days(key: BillKey, billed: BilledPeriod) -> dict[str, DayDeterminants]:
    """The determinants by name: the day, and where they are of another span than the first its number and meter."""
    named = {}
    for number, own in enumerate(billed.days):
        meter_id = billed.meters[number]
        plain = number == 0 and meter_id == key.agreement_id
        for day in sorted(own):
            named[str(day) if plain else f"{day}|{number}|{meter_id}"] = own[day]
    return named


def _decoded_days(item: Item) -> dict[MeterSpanDay, DayDeterminants]:
    days = _determinants_decoder.decode(zlib.decompress(item["determinants"]["B"]))
    found = {}
    for name, determinants in days.items():
        day, _, rest = name.partition("|")
        number, _, meter_id = rest.partition("|")
        found[MeterSpanDay(date.fromisoformat(day), int(number or 0), meter_id or item["meter_id"]["S"])] = determinants
    return found


def replaced_item(replaced: ReplacedBill) -> Item:
    """A bill that a new version took the place of, under its cycle and version.

    It is in the outbox if it was there: the new version's item takes the place of the one that waited.
    """
    key, bill, in_outbox = replaced
    return {
        **bill_key(BillKey(key.agreement_id, f"{key.cycle}#v{bill.version:03}")),
        "document": {"B": _document(bill)},
        **(_in_outbox(key, bill) if in_outbox else {}),
    }


def bill_of(item: Item) -> Bill:
    """The bill in an item."""
    return _bill_decoder.decode(zlib.decompress(item["document"]["B"]))


def with_bill(key: BillKey, item: Item, bill: Bill) -> Item:
    """An item, current or replaced, with another document in the place of its own. It goes into the outbox."""
    document = _document(bill)
    others = [item[name]["B"] for name in ("determinants", "carried") if name in item]
    mark = {"mark": {"S": _mark(document, *others)}} if "mark" in item else {}
    return {**item, "document": {"B": document}, **mark, **_in_outbox(key, bill)}


def bill_as_of(item: Item, now: int) -> Bill:
    """The bill in an item, its intervals counted as of `now` (s since 1970 UTC): what is not due yet is not missing."""
    bill = bill_of(item)
    unread = unread_in(item)
    if not unread:
        return bill
    return msgspec.structs.replace(bill, intervals=as_of(bill.intervals, unread, now, bill.zone))


def profile_key(customer_class: str, month: str) -> Item:
    """The key of a class's mean profile, among the bills. No agreement's ID, and no cycle, has such a name."""
    return {"meter_id": {"S": f"#class-profile/{customer_class}"}, "bill": {"S": f"profile#{month}"}}


def profile_item(customer_class: str, month: str, profile: ClassProfile) -> Item:
    """`profile` has the mean power by day type and hour as exact fractions of W: `workday 17` and `weekend 17`."""
    named = {f"{_DAY_TYPES[weekend]} {hour}": str(power) for (weekend, hour), power in sorted(profile.items())}
    return {**profile_key(customer_class, month), "profile": {"S": _bill_encoder.encode(named).decode()}}


def profile_of(item: Item) -> ClassProfile:
    """The profile in an item."""
    named = msgspec.json.decode(item["profile"]["S"], type=dict[str, str])
    pairs = ((name.split(), Fraction(power)) for name, power in named.items())
    return {(day_type == _DAY_TYPES[True], int(hour)): power for (day_type, hour), power in pairs}


def month_part(month: str, part: int) -> str:
    """The partition of the index by month that a meter's bill is in."""
    return f"{month}#{part}"


def _in_outbox(key: BillKey, bill: Bill) -> Item:
    """What puts the item of an issued bill into the outbox."""
    return {"to_lake": {"S": str(_part(key, OUTBOX_PARTS))}} if bill.issued_on else {}


def _part(key: BillKey, parts: int) -> int:
    return zlib.crc32(key.agreement_id.encode()) % parts


def _carried(billed: BilledPeriod) -> bytes:
    if billed.begins is None or billed.carries is None:
        return b""
    return _determinants_encoder.encode((billed.begins, billed.carries))


def _document(bill: Bill) -> bytes:
    return zlib.compress(_bill_encoder.encode(bill), 6)


def _mark(*contents: bytes) -> str:
    digest = blake2b(digest_size=12)
    for content in contents:
        digest.update(content)
    return digest.hexdigest()
