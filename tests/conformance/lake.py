"""A lake to ask both engines about: what a month of a faulty fleet leaves in the bucket, and some hours by hand.

The readings are written by the laptop's delivery, from uploads as meters send them.
"""

import io
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
import pyarrow.parquet as pq

from analytics.registry_tables import publish
from analytics.template import ROOT, load
from dashboard.access.access_log import AccessLog, Subject
from dashboard.access.roles import Data
from dashboard.access.visitor import Visitor
from electrocloud.aws.ingest.kinesis_event import RejectedUpload
from electrocloud.aws.ingest.quarantine import put as put_in_quarantine
from electrocloud.aws.store.bill_outbox import IssuedBill
from electrocloud.domain.billing.bill import bills, reissue
from electrocloud.domain.billing.issuing import issue
from electrocloud.domain.billing.service import BillKey
from electrocloud.domain.forecast import Bounds, Forecast, ForecastDay, ForecastHour
from electrocloud.domain.meter import RegisteredMeter
from electrocloud.domain.readings.meter_day import Interval
from electrocloud.domain.readings.upload import DIRECTIONS, QUALITIES, Direction, Quality
from electrocloud.domain.registry.records import Agreement, Installation, Registry, ServicePoint
from electrocloud.domain.tariffs.tariff import Tariff
from electrocloud.domain.tariffs.urdb import tariff_from_urdb
from electrocloud.domain.weather import Temperature
from lake.publishing import Lake, write_bills, write_forecasts
from lake.weather import store_temperatures
from laptop.cloud import PARAMETERS
from laptop.delivery import Delivery, Plan
from producers.fleet.faults import Faults
from producers.fleet.fleet import Fleet, make_fleet
from producers.fleet.simulate import simulate
from producers.sending.uploads import uploads
from registry.lake import registry_tables

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
FIRST_DAY, DAYS = date(2026, 10, 20), 36  # the clocks of Europe and America go back in it, and a day of it is to come
METERS, INTERVAL_S = 44, 1800  # two feeders
FAULTS = Faults(late=0.05, duplicates=0.05, gaps=0.05, corrections=0.1, spikes=0.01, silent=0.2, outage=0.01)

Record = dict[str, Any]


def fill(s3: Any, bucket: str) -> None:
    """The registry, the tariffs, the readings and some quarantined uploads, where template.yaml's tables look."""
    fleet = make_fleet(METERS, seed=7, place_code="US", shops=0.2)
    documents = sorted((ROOT / "tariffs").glob("*.json"))
    tariffs = {path.stem: tariff_from_urdb(json.loads(path.read_text())) for path in documents}
    publish(s3, bucket, [meter.row() for meter in [*fleet.registered, *_own_meters()]], tariffs)

    def write(key: str, body: bytes) -> None:
        s3.put_object(Bucket=bucket, Key=key, Body=body)

    for name, table in registry_tables(_registry()).items():
        sink = io.BytesIO()
        pq.write_table(table, sink)
        write(f"registry/{name}/{name}.parquet", sink.getvalue())

    delivery = Delivery(Plan.of(load(), PARAMETERS), write, lambda: 0.0)
    delivery.take(list(_fleet_records(fleet)))
    delivery.flush(force=True)
    delivery.take([_record(NOW, number, text) for number, text in enumerate(_own_uploads())])  # a second file a day
    delivery.flush(force=True)
    put_in_quarantine(s3, bucket, list(_refused()), lambda: False)
    log = AccessLog(s3, bucket, NOW.timestamp)
    log.record(Visitor("ann@example.com", ("clerk",)), "view", Data.BILLS, [Subject("A", "AG", "own-mute", "2026-10")])
    log.record(Visitor("bén", ("admin",)), "export", Data.ALL_BILLS, [Subject(detail="2026-10")])
    _publish_bills(s3, bucket, tariffs)
    _publish_forecasts(s3, bucket)
    store_temperatures(s3, bucket, _weather(), lambda _: None)


def _weather() -> Iterator[Temperature]:
    """Two days of a station, and forecasts of them from half past an hour."""
    first = int(datetime(2026, 11, 21, tzinfo=UTC).timestamp())
    for hour in range(48):
        yield Temperature("KSAC", first + hour * 3600, 8.0 + hour % 24 / 4)
        for back in (1800, 90_000):
            yield Temperature("KSAC", first + hour * 3600, 9.0 + hour % 5, first + hour // 24 * 86_400 - back)


def _publish_bills(s3: Any, bucket: str, tariffs: dict[str, Tariff]) -> None:
    """October's bills of some customers, one of them in two versions, and all of them published twice."""
    first = int(datetime(2026, 10, 1, tzinfo=UTC).timestamp())
    issued = []
    for number, (name, tariff) in enumerate(tariffs.items()):
        load = [Interval(first + hour * 3600, 3600, 400 + hour % 24 * 37) for hour in range(34 * 24)]
        (bill, *_) = bills(tariff, load, meter_id=f"billed-{number}")
        bill = issue(msgspec.structs.replace(bill, status="final"), date(2026, 11, 3))
        issued.append(IssuedBill(BillKey(f"A-{name}", "2026-10"), bill))
        if number == 0:
            changed = msgspec.structs.replace(bill, total_rounded=bill.total_rounded + 1)
            issued.append(IssuedBill(BillKey(f"A-{name}", "2026-10"), reissue(bill, changed)))
    for hour in (3, 4):
        write_bills(issued, Lake(s3, bucket), datetime(2026, 11, 3, hour, tzinfo=UTC))


def _publish_forecasts(s3: Any, bucket: str) -> None:
    """Two forecasts of the fleet and of a feeder in some days that have readings, published twice."""
    made = [
        _forecast(series, datetime(2026, month, day, 5, tzinfo=UTC))
        for month, day in ((10, 30), (11, 18))
        for series in ("fleet", "feeder/US-F000")
    ]
    for hour in (6, 7):
        write_forecasts(made, Lake(s3, bucket), datetime(2026, 11, 19, hour, tzinfo=UTC))


def _forecast(series: str, first: datetime) -> Forecast:
    """19 hours of a day, and the two days after it."""
    rows = tuple(
        ForecastHour(first + timedelta(hours=hour), 20_000.5 + hour, 15_000.0, 30_000.25) for hour in range(67)
    )
    days = []
    for lead in range(3):
        day = (first + timedelta(days=lead)).date()
        own = [row for row in rows if row.timestamp.date() == day]
        bounds = Bounds(1.5, 2.5) if lead else None
        days.append(ForecastDay(day, len(own), sum(row.value for row in own), own[-1], 0.07, lead, bounds, bounds))
    return Forecast(series, first, "profile", "ünlike", 0.8, (), rows, readings_until=first, days=tuple(days))


def _fleet_records(fleet: Fleet) -> Iterator[Record]:
    sent = uploads(fleet, simulate(fleet, FIRST_DAY, DAYS, INTERVAL_S), FAULTS)
    for number, delivery in enumerate(sent):
        yield _record(datetime.fromtimestamp(delivery.at, UTC), number, msgspec.json.encode(delivery.upload))


def _record(arrived: datetime, number: int, data: bytes) -> Record:
    return {"Data": data, "SequenceNumber": str(number), "ApproximateArrivalTimestamp": arrived}


def _own_meters() -> Iterator[RegisteredMeter]:
    for name, zone, tariff in (
        ("own-kathmandu", "Asia/Kathmandu", "residential-tou"),
        ("own-lord-howe", "Australia/Lord_Howe", "commercial-demand"),
        ("own-new-york", "America/New_York", "residential-tiered"),
        ("own-mute", "UTC", "flat"),
    ):
        yield RegisteredMeter(name, 0.0, 0.0, "own", "home", tariff, zone)


def _registry() -> Registry:
    """A customer who moved in on November 2, and whose tariff changed on November 12."""
    point = ServicePoint(
        service_point_id="SP", address="", latitude=0.0, longitude=0.0, feeder="own", customer_class="home",
        time_zone="Asia/Kathmandu",
    )  # fmt: skip
    moved, changed = date(2026, 11, 2), date(2026, 11, 12)
    parties = {"agreement_id": "A-own", "account_id": "A", "service_point_id": "SP"}
    first = Agreement(**parties, tariff_id="residential-tou", first=moved, end=changed)
    then = Agreement(**parties, tariff_id="residential-tiered", first=changed)
    installed = Installation(meter_id="own-kathmandu", service_point_id="SP", start=0)
    return Registry({}, {"SP": point}, {installed.key: installed}, {first.key: first, then.key: then}, {})


def _own_uploads() -> Iterator[bytes]:
    """What a fleet does not send: changed interval lengths, ties of every kind, the extremes, an unknown meter."""
    midnight = datetime(2026, 11, 1, tzinfo=UTC)
    for meter in ("own-kathmandu", "own-lord-howe", "own-new-york", "not-registered"):
        for day in range(-1, 4):
            start = midnight + timedelta(days=day)
            yield _upload(meter, start, 900, [(137 * number) % 2501 for number in range(96)])
    yield _upload("own-new-york", midnight, 300, [50] * 12, revision=1)  # one hour anew in another length
    yield _upload("own-new-york", midnight + timedelta(hours=2), 3600, [9_999_999])  # the same revision, longer
    yield _upload("own-kathmandu", midnight, 900, [70, 71, 70], revision=65_535, voltage=229.95)
    yield _upload("own-kathmandu", midnight, 900, [70, 70, 71], revision=65_535, voltage=230.05)
    yield _upload("own-kathmandu", midnight, 900, [70], revision=65_535)  # without a voltage
    for meter, minutes in (("own-kathmandu", 15), ("own-lord-howe", 30)):  # local hours, some beside those of UTC
        yield _upload(meter, midnight + timedelta(days=1, minutes=minutes), 3600, [600] * 23)
        yield _upload(meter, midnight + timedelta(days=3, hours=13, minutes=minutes), 86_400, [24_000])
        yield _upload(meter, midnight + timedelta(days=20, hours=9, minutes=minutes), 1800, [300] * 8)
    yield _upload("own-new-york", midnight + timedelta(days=20, hours=5), 86_400, [24_000])
    yield _upload("own-new-york", midnight + timedelta(days=21, hours=5), 600, [100] * 12)
    yield _upload("not-registered", midnight + timedelta(days=20), 3600, [500] * 8, request_id="call-1")
    yield _upload("own-kathmandu", midnight + timedelta(days=20), 3600, [500] * 8, voltage=195.5)
    yield _upload("own-lord-howe", midnight + timedelta(days=20), 3600, [500] * 8, voltage=254.0)
    for action, wh, meter in (("void", 0, "own-new-york"), ("correct", 123, "own-kathmandu")):
        operator = {"action": action, "by": "ada", "at": "2026-11-20T10:00:00Z", "reason": "a damaged register"}
        yield _upload(meter, midnight + timedelta(days=1), 900, [wh] * 9, operator=operator)
    yield _upload("own-lord-howe", midnight, 3600, [10_000_000] * 24, revision=2, voltage=0.0)
    for first in (
        0,
        20,
    ):  # export, with qualities of every kind, in two interval lengths and in the questions' last days
        start = midnight + timedelta(days=first, hours=8)
        for number, quality in enumerate(QUALITIES):
            for direction in DIRECTIONS:
                wh = [number * 100 + 700] * 6
                yield _rated("own-kathmandu", start + timedelta(hours=number), 900, wh, direction, quality)
        yield _rated("own-kathmandu", start + timedelta(hours=1), 3600, [9_000], "received", "measured")
        yield _rated("not-registered", start, 1800, [250] * 4, "received", "estimated")


def _upload(
    meter: str,
    start: datetime,
    interval_s: int,
    wh: list[int],
    revision: int = 0,
    voltage: float | None = None,
    **fields: Any,
) -> bytes:
    readings = [
        {"start": (start + timedelta(seconds=interval_s * number)).isoformat(), "wh": energy}
        | ({"revision": revision} if revision else {})
        | ({} if voltage is None else {"voltage_v": voltage})
        for number, energy in enumerate(wh)
    ]
    return json.dumps({"meter_id": meter, "interval_s": interval_s, "readings": readings, **fields}).encode()


def _rated(
    meter: str, start: datetime, interval_s: int, wh: list[int], direction: Direction, quality: Quality
) -> bytes:
    document = json.loads(_upload(meter, start, interval_s, wh))
    readings = [{**row, "direction": direction, "quality": quality} for row in document["readings"]]
    return json.dumps({**document, "readings": readings}).encode()


def _refused() -> Iterator[RejectedUpload]:
    for number in range(6):
        reason, arrived = ("not-json", "misaligned", "misaligned")[number % 3], NOW - timedelta(hours=9 * number)
        message = f'upload {number}: "quoted", ü and\nanother line'
        yield RejectedUpload(reason, message, b"{\x00\xff", str(number), 0, f"sender-{number % 2}", arrived)
