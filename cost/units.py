"""Counts the AWS units that a fleet uses in a month, by running a sample of it through the system's own code.

A few of the fleet's meters are simulated for a month: their uploads are decoded, merged, rated and stored, and turned
into rows and Parquet. The resources used are counted and scaled up. The settings come from the template.
"""

import io
import math
import time
from contextlib import redirect_stdout
from datetime import UTC, date, datetime
from itertools import groupby
from typing import Any, NamedTuple, cast

import msgspec
from aws_lambda_powertools import Logger, Metrics

from cost.billed_dynamodb import BilledDynamoDB
from cost.bills import MONTHS, BillUnits, bill_units
from electrocloud.aws.ingest.batch_metrics import record_batch_metrics
from electrocloud.aws.ingest.firehose_rows import to_rows
from electrocloud.aws.ingest.kinesis_event import AcceptedUpload
from electrocloud.aws.store.tables import DynamoTables
from electrocloud.domain.readings.upload import decode
from electrocloud.domain.tariffs.tariff import Tariff
from electrocloud.domain.tariffs.urdb import tariff_from_urdb
from electrocloud.services.fixed_services import FixedServices
from electrocloud.services.ingest import Outcome, ingest_uploads
from electrocloud.services.replay import BILLS_AT_ONCE
from laptop.delivery import Delivery, Plan
from producers.fleet.fleet import Fleet, make_fleet
from producers.fleet.simulate import simulate
from producers.sending.head_end import FRAME_BYTES
from producers.sending.live import TARIFFS
from producers.sending.uploads import uploads
from registry.folder import read_tariffs

MONTH, DAYS = date(2026, 10, 1), 31
HOURS = DAYS * 24
SAMPLE_UPLOADS, SAMPLE_READINGS, SAMPLE_METERS = 6_000, 300_000, 40
KB, GB = 1_024, 1e9

# Assumptions that a sample cannot measure.
BURST_S = 295  # uploads arrive within this time after their interval's end, as in the simulated fleet
PAYLOAD_BYTES = 6_000_000  # Lambda's event limit; a record takes its base64 plus the envelope
ENVELOPE_BYTES = 500
SHARD_BYTES_S = 1_000_000
LEAST_SHARDS = 4  # minimum of an on-demand stream
# On-demand Advantage bills at least 25 MiB/s in and 25 MiB/s out, of all the account's on-demand streams in a region.
COMMITTED_BYTES_S = 25 << 20
SDK_S = 0.0007  # CPU of boto3 for a bill that is read and written in a batch; an estimate
CLOSING_WORKERS = 50  # the queue's MaximumConcurrency in an account
TABLE_WRITES_S = 40_000  # DynamoDB's default quota of an on-demand table, write units a second
GET_S, QUERY_S, TRANSACTION_S = 0.010, 0.005, 0.025  # duration of a DynamoDB call for up to 100 items
CPU_MB = 1_769  # memory at which a function has one CPU
KEY_REQUESTS_AN_HOUR = 12  # per encrypted table, stream consumer, log group and bucket; keys are cached for 5 minutes
READS = 10  # calls of the read API per meter and month, each for a month of usage
READ_S, READ_UNITS = 0.04, 6  # CPU and waits of such a call, and DynamoDB's read units; measured on a laptop
QUESTIONS = 100  # Athena queries per month, each over a month of data
TRACED = 0.05  # X-Ray's default sampling: this share of requests, plus the first one each second
ACCESS_LOG_BYTES = 350


class FleetPlan(NamedTuple):
    """A fleet: meters, interval (s), time between a meter's uploads (s), KPL or API, shards (0 for on-demand).

    `advantage`: the account has on-demand Advantage, and no on-demand streams but this one. `dashboard`: it is hosted.
    `mail`: every meter's bill is mailed each month.
    """

    meters: int
    interval_s: int
    upload_every_s: int
    kpl: bool
    shards: int
    advantage: bool = False
    dashboard: bool = False
    mail: bool = False

    @property
    def uploads(self) -> int:
        """Uploads per month."""
        return self.meters * DAYS * 86_400 // self.upload_every_s

    @property
    def readings(self) -> int:
        """Readings per month."""
        return self.meters * DAYS * 86_400 // self.interval_s


class Sample(NamedTuple):
    """A month of a few meters: all counts, and CPU seconds on this machine."""

    uploads: int
    upload_bytes: int
    firehose_bytes: int
    row_bytes: int
    parquet_bytes: int
    table_bytes: int
    counts: dict[str, float]
    bills: BillUnits
    metering_s: float
    transform_s: float


class Correction(NamedTuple):
    """A price corrected for all meters and a year of bills: its billed units, and the hours it takes at least.

    It takes as long as the workers' CPU and waits, or as the writes to a table that has DynamoDB's default quota.
    """

    bills: int
    hours: float
    units: dict[str, float]


def correction(fleet: FleetPlan, sample: Sample, template: dict[str, Any]) -> Correction:
    """What a price that is corrected retroactively takes, with the closing function's workers."""
    own, memory = sample.bills, template["Globals"]["Function"]["MemorySize"]
    bills = fleet.meters * MONTHS
    cpu_s = (own.rerate_cpu_s + SDK_S) / min(1.0, memory / CPU_MB)
    waits = (2 * GET_S + QUERY_S * 2 * BILLS_AT_ONCE / MONTHS + TRANSACTION_S) / BILLS_AT_ONCE
    worker_s, writes = bills * (cpu_s + waits), bills * own.rerate_writes
    return Correction(
        bills,
        max(worker_s / CLOSING_WORKERS, writes / TABLE_WRITES_S) / 3_600,
        {
            "write_units": writes,
            "read_units": bills * own.rerate_reads,
            "lambda_gb_s": memory / 1_024 * worker_s,
        },
    )


def units(fleet: FleetPlan, sample: Sample, template: dict[str, Any]) -> dict[str, float]:
    """The billed units of a month, by the names in the price list."""
    scale = fleet.uploads / sample.uploads
    found = _stream(fleet, sample, template)
    found |= _functions(fleet, sample, template)
    found |= {
        "api_requests": 0 if fleet.kpl else fleet.uploads,
        "write_units": sample.counts["write_units"] * scale + sample.bills.publish_writes * fleet.meters,
        "read_units": sample.counts["read_units"] * scale + sample.bills.publish_reads * fleet.meters,
        "table_gb": sample.table_bytes * scale / GB,
        "table_backup_gb": sample.table_bytes * scale / GB,
        "lake_gb": sample.parquet_bytes * scale / GB,
        "scanned_tb": QUESTIONS * sample.parquet_bytes * scale / 1e12,
    }
    found |= _firehose(fleet, sample, template)
    reads = _reads(fleet, template)
    found |= {name: found[name] + more for name, more in reads.items()}
    found |= _watching(fleet, found, template)
    found["key_requests"] += fleet.meters * READS  # each checks a token
    return found


def live(fleet: FleetPlan, template: dict[str, Any]) -> Sample:
    """Simulate a month of a few meters and count what it uses."""
    month_uploads = fleet.uploads // fleet.meters
    month_readings = fleet.readings // fleet.meters
    most = min(SAMPLE_UPLOADS // month_uploads, SAMPLE_READINGS // month_readings, SAMPLE_METERS, fleet.meters)
    few = make_fleet(max(1, most), 7)
    tariff_of = _tariffs(few)
    dynamodb = _billed(template)
    tables = DynamoTables(cast("Any", dynamodb), "windows", "bills", time.sleep)
    files: list[bytes] = []
    delivery = Delivery(Plan.of(template, {}), lambda _, body: files.append(body), lambda: 0.0)
    count = sent = rounded = rows = 0
    metering_s = transform_s = 0.0
    deliveries = uploads(few, simulate(few, MONTH, DAYS, fleet.interval_s), every_s=fleet.upload_every_s)
    for at, together in groupby(deliveries, lambda delivery: delivery.at // BURST_S):
        payloads = [msgspec.json.encode(one.upload) for one in together]
        arrived = datetime.fromtimestamp(at * BURST_S, UTC)
        began = time.process_time()
        ingest_uploads(map(decode, payloads), tables, FixedServices(lambda _: tariff_of), time.sleep)
        metering_s += time.process_time() - began
        began = time.process_time()
        flat = [to_rows(decode(payload), arrived)[1] for payload in payloads]
        transform_s += time.process_time() - began
        delivery.take([{"Data": p, "SequenceNumber": "1", "ApproximateArrivalTimestamp": arrived} for p in payloads])
        count += len(payloads)
        sent += sum(map(len, payloads))
        rounded += sum(_up(len(payload), 5 * KB) for payload in payloads)
        rows += sum(map(len, flat))
    delivery.flush(force=True)
    metering_s -= dynamodb.seconds
    size, counts, stored = sum(map(len, files)), dict(dynamodb.counts), dynamodb.stored_bytes()
    bills = bill_units(dynamodb, tariff_of, f"{MONTH:%Y-%m}")
    return Sample(count, sent, rounded, rows, size, stored, counts, bills, metering_s, transform_s)


def _stream(fleet: FleetPlan, sample: Sample, template: dict[str, Any]) -> dict[str, float]:
    """A record is an upload or a KPL frame."""
    each = sample.upload_bytes / sample.uploads
    total = fleet.uploads * each
    record = _frame_bytes(fleet, each) if fleet.kpl else each
    records = total / record
    kept_days = max(0.0, template["Parameters"]["StreamRetentionHours"]["Default"] / 24 - 1)
    if fleet.shards:
        return {
            "shard_hours": fleet.shards * HOURS,
            "shard_kept_hours": fleet.shards * HOURS if kept_days else 0,
            "put_units": records * math.ceil(record / (25 * KB)),
        }
    in_gb, out_gb, kept_gb = records * _up(record, KB) / GB, 2 * total / GB, total / DAYS * kept_days / GB
    if fleet.advantage:
        committed_gb = COMMITTED_BYTES_S * HOURS * 3_600 / GB
        return {
            "advantage_in_gb": max(in_gb, committed_gb),
            "advantage_out_gb": max(out_gb, committed_gb),
            "advantage_kept_gb": kept_gb,
        }
    return {"stream_hours": HOURS, "stream_in_gb": in_gb, "stream_out_gb": out_gb, "stream_kept_gb": kept_gb}


def _functions(fleet: FleetPlan, sample: Sample, template: dict[str, Any]) -> dict[str, float]:
    """The metering and transform functions: CPU time scaled to their memory, and waits for DynamoDB."""
    memory = template["Globals"]["Function"]["MemorySize"]
    share = min(1.0, memory / CPU_MB)
    batch = _batch_uploads(fleet, sample, template)
    invocations = fleet.uploads / batch
    per_upload = {name: count * batch / sample.uploads for name, count in sample.counts.items()}
    waits = (
        math.ceil(per_upload["gets"] / 100) * GET_S
        + math.ceil(per_upload["writes"] / 100) * TRANSACTION_S
        + per_upload["queries"] * QUERY_S
    )
    cpu_s = (sample.metering_s + sample.transform_s) / sample.uploads * fleet.uploads
    transforms = fleet.uploads * sample.upload_bytes / sample.uploads / 1e6
    return {
        "lambda_requests": invocations + transforms,
        "lambda_gb_s": memory / 1_024 * (cpu_s / share + invocations * waits),
        "invocations": invocations,
    }


def _reads(fleet: FleetPlan, template: dict[str, Any]) -> dict[str, float]:
    """What calls of the read API add."""
    calls, memory = fleet.meters * READS, template["Resources"]["ReadApiFunction"]["Properties"]["MemorySize"]
    return {
        "api_requests": calls,
        "lambda_requests": calls,
        "lambda_gb_s": calls * READ_S * memory / 1_024,
        "read_units": calls * READ_UNITS,
    }


def _firehose(fleet: FleetPlan, sample: Sample, template: dict[str, Any]) -> dict[str, float]:
    """Bytes rounded up to 5 KB per record, and one file per full or expired buffer."""
    hints = template["Resources"]["Delivery"]["Properties"]["ExtendedS3DestinationConfiguration"]["BufferingHints"]
    scale = fleet.uploads / sample.uploads
    taken = sample.firehose_bytes * scale / GB
    full = sample.row_bytes * scale / (hints["SizeInMBs"] << 20)
    seconds = template["Parameters"]["DeliverySeconds"]["Default"]
    timely = DAYS * 86_400 / max(seconds, fleet.upload_every_s)
    objects = max(full, timely)
    return {
        "firehose_gb": taken,
        "firehose_converted_gb": taken,
        "firehose_partitioned_gb": taken,
        "firehose_objects": objects,
        "lake_puts": objects,
    }


def _watching(fleet: FleetPlan, found: dict[str, float], template: dict[str, Any]) -> dict[str, float]:
    """Logs and metrics of batches, and the template's other monitoring and encryption resources."""
    kinds = [resource["Type"] for resource in template["Resources"].values()]
    written, names = _observed()
    invocations = found.pop("invocations")
    calls = found["api_requests"]
    seconds = min(fleet.upload_every_s, BURST_S) / fleet.upload_every_s * DAYS * 86_400
    traced = sum(TRACED * count + min(count, seconds) for count in (invocations, calls))
    encrypted = sum(kind in ("AWS::DynamoDB::Table", "AWS::Logs::LogGroup", "AWS::S3::Bucket") for kind in kinds) + 3
    return {
        "metrics": names,
        "log_gb": (invocations * written + calls * ACCESS_LOG_BYTES) / GB,
        "alarms": kinds.count("AWS::CloudWatch::Alarm"),
        "dashboards": kinds.count("AWS::CloudWatch::Dashboard"),
        "traces": traced,
        "keys": kinds.count("AWS::KMS::Key"),
        "key_requests": encrypted * HOURS * KEY_REQUESTS_AN_HOUR,
    }


def _observed() -> tuple[int, int]:
    """The bytes a batch of uploads logs, and its number of metrics."""
    out = io.StringIO()
    metrics = Metrics(namespace="ElectroCloud", service="metering")
    logger = Logger(service="metering", stream=out)
    payload = b'{"meter_id":"m","interval_s":900,"readings":[{"start":"2026-10-01T00:00:00Z","wh":1}]}'
    accepted = [AcceptedUpload(decode(payload), payload, "4" * 56, 0.0, 0, "m")] * 100
    with redirect_stdout(out):
        record_batch_metrics(metrics, logger, accepted, [], {}, Outcome(1, 1, 0, 1, frozenset()), datetime.now(UTC))
        names = len(metrics.metric_set)
        metrics.flush_metrics()
    return len(out.getvalue()), names


def _batch_uploads(fleet: FleetPlan, sample: Sample, template: dict[str, Any]) -> float:
    """Uploads per batch: what a shard receives within the batching window, limited by event and batch size."""
    source = template["Resources"]["MeteringFunction"]["Properties"]["Events"]["Uploads"]["Properties"]
    each = sample.upload_bytes / sample.uploads
    in_record = _frame_bytes(fleet, each) / each if fleet.kpl else 1
    shards = fleet.shards or max(LEAST_SHARDS, math.ceil(_rate(fleet) * each / SHARD_BYTES_S))
    arrives = _rate(fleet) / shards * source["MaximumBatchingWindowInSeconds"]
    fits = PAYLOAD_BYTES / (each * 4 / 3 + ENVELOPE_BYTES / in_record)
    records = template["Parameters"][source["BatchSize"]["Ref"]]["Default"]
    found: float = max(1.0, min(arrives, fits, records * in_record))
    return found


def _frame_bytes(fleet: FleetPlan, upload_bytes: float) -> float:
    """A frame is closed when it is full or after a second."""
    return min(FRAME_BYTES, max(upload_bytes, _rate(fleet) / (fleet.shards or LEAST_SHARDS) * upload_bytes))


def _rate(fleet: FleetPlan) -> float:
    """Uploads per second while uploads arrive."""
    return fleet.meters / min(BURST_S, fleet.upload_every_s)


def _billed(template: dict[str, Any]) -> BilledDynamoDB:
    indexes = template["Resources"]["BillsTable"]["Properties"]["GlobalSecondaryIndexes"]
    projected = {
        index["KeySchema"][0]["AttributeName"]: index["Projection"].get("NonKeyAttributes", []) for index in indexes
    }
    return BilledDynamoDB({"windows": "day", "bills": "bill"}, projected)


def _tariffs(fleet: Fleet) -> dict[str, Tariff]:
    tariffs = {name: tariff_from_urdb(document) for name, document in read_tariffs(TARIFFS).items()}
    return {meter.meter_id: tariffs[meter.tariff_id] for meter in fleet.meters}


def _up(size: float, step: int) -> int:
    return math.ceil(size / step) * step
