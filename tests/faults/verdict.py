"""The verdict on a run: where each upload is, and what differs from a run without faults.

What is compared, and why:

Windows: the items, byte for byte. A window is a set of readings, so it has no history.

Bills: a meter's month has a current bill and those that it replaced. All of the current bill is compared byte for byte,
but for `version`, `adjustment` and `status`, which tell when the bill became final and what came after: two orders of
the same readings rightly differ there. In their place these must hold. The bill is final if its month is complete, and
if not, then only as one that replaced a final bill. The versions are 1, 2, 3 … without a gap, each final, and each
adjustment is what its version owes more than the one before. So the first final bill and all adjustments add up to
the reference's total: the customer pays what was used, once.

Parquet: the rows of the view `readings_by_direction`, which must be those of the windows too; and the bills that
`domain.billing.bills` makes of those of energy delivered, without windows or ledgers, must owe what the current bills
owe.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from decimal import Decimal
from functools import cache, lru_cache, partial

import msgspec

from electrocloud.aws.ingest.kpl import user_records
from electrocloud.aws.ingest.quarantine import unpack
from electrocloud.aws.store.dynamodb_items import Item, bill_of, stored_day
from electrocloud.domain.billing.bill import Bill, bills
from electrocloud.domain.billing.issuing import unissued
from electrocloud.domain.billing.service import Service, service_without_agreement
from electrocloud.domain.billing.terms import UNREGISTERED
from electrocloud.domain.errors import UploadError
from electrocloud.domain.readings.admission import Admission, admit
from electrocloud.domain.readings.meter_day import Interval
from electrocloud.domain.readings.upload import DIRECTIONS, Upload, decode
from electrocloud.domain.tariffs.tariff import Tariff
from electrocloud.domain.tariffs.urdb import tariff_from_urdb
from producers.fleet.fleet import Meter
from tests.faults.dated_verdict import (
    bills_of_rows,
    broken_links,
    determinants_that_differ,
    services_of,
    without_readings,
)
from tests.faults.dynamo import MemoryDynamo
from tests.faults.fleet import TARIFFS, head_ends_of
from tests.faults.simulation import Simulation
from tests.faults.table import ParquetRow

Key = tuple[str, ...]


def locate_uploads(simulation: Simulation) -> Counter[str]:
    """How many uploads of the stream are windowed, quarantined (rightly, or though they are good), waiting in the
    stream, and lost. A repeated upload counts as often as it is in the stream."""
    windows = {key: stored_day(item).day for key, item in simulation.dynamo.items["windows"].items()}
    quarantined = {row.payload for key, body in simulation.objects.items() for row in unpack(key, body)}
    waiting = simulation.mapping.pending()
    for message in map(msgspec.json.decode, (*simulation.mapping.dead, *simulation.mapping.dead_objects.values())):
        batch = message["KinesisBatchInfo"]
        first, last = int(batch["startSequenceNumber"]), int(batch["endSequenceNumber"])
        waiting |= {
            record.sequence
            for record in simulation.stream.shards[batch["shardId"]].records
            if first <= record.sequence <= last
        }
    found: Counter[str] = Counter()
    admission = Admission(head_ends_of=partial(head_ends_of, simulation.dynamo))
    for record in simulation.stream.records():
        payloads = _payloads(record.data)
        admitted = _admitted(payloads, record.arrived.timestamp(), admission)
        for payload in payloads:
            found["accepted"] += 1
            upload = admitted.get(payload)
            day = windows.get((upload.meter_id, upload.day.isoformat())) if upload else None
            if upload and day and day.merge(upload) == 0:
                found["windowed"] += 1
            elif payload in quarantined:
                found["good, in quarantine" if upload else "quarantined"] += 1
            else:
                found["waiting" if record.sequence in waiting else "lost"] += 1
    return found


def differences(simulation: Simulation, reference: MemoryDynamo, reference_rows: list[ParquetRow]) -> Iterator[str]:
    """What differs from the reference or is inconsistent in itself."""
    yield from _windows(simulation.dynamo.items["windows"], reference.items["windows"])
    ours, theirs = simulation.dynamo.items["bills"], reference.items["bills"]
    if simulation.clerks:
        yield from simulation.clerks.faults
        services = services_of(simulation.clerks.registry())
        gaps = _with_gaps(ours, theirs, services)
        yield from _bills(ours, theirs, partial(without_readings, services=services), gaps)
        yield from determinants_that_differ(ours, theirs)
    else:
        services = {one.meter_id: _service(one) for one in simulation.fleet.meters}
        yield from _bills(ours, theirs, lambda _: None)
    yield from broken_links(ours, services)
    rows = simulation.table.rows()
    if rows != reference_rows:
        yield f"Parquet: {len(rows)} rows, {len({*rows} ^ {*reference_rows})} of which differ from the reference's"
    if rows != sorted(_window_rows(simulation.dynamo.items["windows"]), key=lambda row: (row[0], row[1], row[6])):
        yield "Parquet: its rows are not those of the windows"
    of_rows = bills_of_rows(rows, services, ours) if simulation.clerks else _bills_of(rows, simulation.fleet.meters)
    for key, bill in of_rows:
        item = ours.get(key)
        if item and _without_history(bill_of(item)) != _without_history(bill):
            yield f"bill {' '.join(key)} is not the bill of the Parquet rows"


def _with_gaps(ours: dict[Key, Item], theirs: dict[Key, Item], services: Mapping[str, Service]) -> set[str]:
    """The agreements whose bills depend on each other, and of which one has lost all its readings.

    The reference has no such bill, so it carries nothing forward over the gap and its later bills differ.
    """
    lost = {agreement for agreement, cycle in ours.keys() - theirs.keys() if "#" not in cycle}
    return {
        agreement for agreement in lost if agreement in services and services[agreement].prices.lookback is not None
    }


def _admitted(payloads: list[bytes], arrived: float, admission: Admission) -> dict[bytes, Upload]:
    readable = [(payload, arrived) for payload in payloads if _is_valid(payload)]
    judged = zip(readable, admit(readable, admission), strict=True)
    return {payload: upload for (payload, _), upload in judged if isinstance(upload, Upload)}


@lru_cache(maxsize=200_000)  # every check decodes the tens of thousands of a poison frame again
def _is_valid(payload: bytes) -> bool:
    try:
        decode(payload)
    except UploadError:
        return False
    return True


def _payloads(data: bytes) -> list[bytes]:
    try:
        return user_records(data)
    except UploadError:
        return [data]


def _windows(ours: dict[Key, Item], theirs: dict[Key, Item]) -> Iterator[str]:
    for key in sorted(ours.keys() | theirs.keys()):
        if ours.get(key) != theirs.get(key):
            what = "is missing" if key not in ours else "should not be there" if key not in theirs else "differs"
            yield f"window {' '.join(key)} {what}"


def _bills(
    ours: dict[Key, Item],
    theirs: dict[Key, Item],
    without_readings: Callable[[Key], Bill | None],
    gaps: Collection[str] = (),
) -> Iterator[str]:
    """`without_readings` gives the bill of a key that the reference does not have, if there may be one.

    The bills of agreements in `gaps` are not compared.
    """
    current = {key: bill_of(item) for key, item in theirs.items() if "#" not in key[1]}
    versions: dict[Key, list[Bill]] = defaultdict(list)
    for (meter, name), item in sorted(ours.items()):
        versions[meter, name.partition("#")[0]].append(bill_of(item))
    for key in sorted(current.keys() | versions.keys()):
        if key not in versions:
            yield f"bill {' '.join(key)} is missing"
            continue
        bill = max(versions[key], key=lambda version: version.version)
        expected = current.get(key) or without_readings(key)
        if expected is None and (bill.lines or bill.total_rounded):
            yield f"bill {' '.join(key)} is one too many: ${bill.total_rounded}"
        if expected and key[0] not in gaps and _without_history(bill) != _without_history(expected):
            yield f"bill {' '.join(key)} differs: ${bill.total_rounded} for ${expected.total_rounded}"
        yield from _history(key, sorted(versions[key], key=lambda version: version.version))


def _without_history(bill: Bill) -> bytes:
    """The bill without what depends on its history; a final bill keeps the names of the rules it was rated by, and does
    not say that the bill before is open.
    """
    segments = tuple(msgspec.structs.replace(one, tariff_fingerprint="") for one in bill.segments)
    reasons = tuple(one for one in bill.open_reasons if one.kind != "earlier bill open")
    plain = msgspec.structs.replace(unissued(bill), tariff_fingerprint="", segments=segments, open_reasons=reasons)
    return msgspec.json.encode(plain)


def _history(key: Key, versions: list[Bill]) -> Iterator[str]:
    name = " ".join(key)
    if [bill.version for bill in versions] != list(range(1, len(versions) + 1)):
        yield f"bill {name} has the versions {[bill.version for bill in versions]}"
    last = versions[-1]
    complete, final = not (last.intervals.missing or last.open_reasons), last.status == "final"
    if complete != final and (complete or len(versions) == 1):
        yield f"bill {name} is {'complete' if complete else 'not complete'} and {versions[-1].status}"
    if any(bill.status != "final" for bill in versions[:-1]):
        yield f"bill {name} replaced one that was not final"
    paid = versions[0].total_rounded + sum((_adjusted(bill) for bill in versions[1:]), Decimal(0))
    if paid != versions[-1].total_rounded:
        yield f"bill {name}: ${paid} is charged in all and ${versions[-1].total_rounded} is owed"


def _adjusted(bill: Bill) -> Decimal:
    return bill.adjustment.amount_rounded if bill.adjustment else Decimal(0)


def _window_rows(items: dict[Key, Item]) -> Iterator[ParquetRow]:
    for (meter, _), item in items.items():
        for direction in DIRECTIONS:
            for row in stored_day(item).day.rows(meter, direction):
                yield (*row._replace(start=row.start.replace(tzinfo=None)),)


def _bills_of(rows: Iterable[ParquetRow], meters: Iterable[Meter]) -> Iterator[tuple[Key, Bill]]:
    """The bills of meters without agreements, made of the Parquet rows alone."""
    intervals: dict[tuple[str, str], list[Interval]] = defaultdict(list)
    for meter_id, start, seconds, wh, *_, direction, _, _ in rows:
        intervals[meter_id, direction].append(Interval(int(start.timestamp()), seconds, wh))
    for meter in meters:
        terms = UNREGISTERED._replace(agreement_id=meter.meter_id)
        own, sent = (intervals[meter.meter_id, direction] for direction in ("delivered", "received"))
        for bill in bills(_tariff(meter.tariff_id), own, meter_id=meter.meter_id, terms=terms, received=sent):
            yield (meter.meter_id, bill.month), bill


def _service(meter: Meter) -> Service:
    return service_without_agreement(meter.meter_id, _tariff(meter.tariff_id))


@cache
def _tariff(tariff_id: str) -> Tariff:
    return tariff_from_urdb(TARIFFS[tariff_id])
