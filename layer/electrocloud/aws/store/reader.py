"""What people look at: the registry, the readings of meters, bills, and how the pipeline does. Reads only."""

import time
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from itertools import islice
from typing import Any, NamedTuple

import msgspec

from electrocloud.aws.backoff import pause
from electrocloud.aws.quarantine_keys import counts_in, objects_in_quarantine
from electrocloud.aws.stack import Stack
from electrocloud.aws.store import dynamodb_items as items
from electrocloud.aws.store.bill_outbox import IssuedBill
from electrocloud.aws.store.meter_reader import MeterReader, registered_meter, unpacked_day
from electrocloud.aws.store.missing_intervals import missing_in, not_yet_due_in
from electrocloud.aws.store.tables import READ_AT_ONCE, batch_get
from electrocloud.domain.billing.service import BillKey
from electrocloud.domain.meter import RegisteredMeter
from electrocloud.domain.readings.meter_day import MeterDay
from electrocloud.domain.tariffs.tariff import Tariff
from electrocloud.domain.tariffs.urdb import tariff_from_urdb

AT_ONCE = 8
READ_AHEAD = 3  # requests for bills
NAMESPACE = "ElectroCloud"

# A person waits: one more try, and seconds rather than minutes.
_PATIENCE: Mapping[str, Any] = {
    "connect_timeout": 2,
    "read_timeout": 10,
    "max_pool_connections": AT_ONCE,
    "retries": {"mode": "standard", "total_max_attempts": 2},
}


class BillRow(NamedTuple):
    """A bill in one line: energy in kWh, the total in $, and how many intervals are missing, not yet due or estimated.

    `agreement_id` and `cycle` are its `BillKey`.
    """

    meter_id: str
    agreement_id: str
    tariff_id: str
    status: str
    version: int
    energy_kwh: Decimal
    total: Decimal
    missing: int
    estimated: int
    cycle: str
    not_yet_due: int = 0


class Series(NamedTuple):
    """A metric's points in order of time: their moments and values."""

    moments: list[datetime]
    values: list[float]


class Reader(MeterReader):
    """Reads a deployment for people. Errors are botocore's own; reads may be a second behind the writes.

    Of a bill, what is not due yet by the `clock` (s since 1970 UTC) is not missing.
    """

    def __init__(self, stack: Stack, clock: Callable[[], float] = time.time) -> None:
        self._stack = stack
        super().__init__(stack.client("dynamodb", **_PATIENCE), stack, clock)
        self._cloudwatch = stack.client("cloudwatch", **_PATIENCE)
        self._s3 = stack.client("s3", **_PATIENCE)
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="reader")

    def meters(self) -> list[RegisteredMeter]:
        """The meters that are installed, by id. One that was removed is found by its id alone."""
        now = self._clock()
        pages = self._dynamodb.get_paginator("scan").paginate(TableName=self._stack.meters_table)
        found = (item for page in pages for item in page["Items"])
        return sorted(registered_meter(item) for item in found if now < float(item.get("removed", {"N": "inf"})["N"]))

    def tariffs(self) -> dict[str, Tariff]:
        """The tariffs by their id. `TariffError` for a wrong one."""
        pages = self._dynamodb.get_paginator("scan").paginate(TableName=self._stack.tariffs_table)
        return {
            item["tariff_id"]["S"]: tariff_from_urdb(msgspec.json.decode(item["document"]["S"]))
            for page in pages
            for item in page["Items"]
        }

    def newest_days(self, meter_ids: Collection[str]) -> dict[str, MeterDay]:
        """The newest day of each of these meters that has one, by a query each."""
        found = self._pool.map(partial(self._days, limit=1), meter_ids)
        return {meter_id: days[0] for meter_id, days in zip(meter_ids, found, strict=True) if days}

    def day_of_each(self, meter_ids: Sequence[str], day: date) -> dict[str, MeterDay]:
        """One UTC day of many meters: of those that have readings in it."""
        groups = [meter_ids[first : first + READ_AT_ONCE] for first in range(0, len(meter_ids), READ_AT_ONCE)]
        found = self._pool.map(partial(self._group, day=day), groups)
        return {meter_id: meter_day for group in found for meter_id, meter_day in group}

    def bills_of_month(self, month: str) -> list[BillRow]:
        """The current bills of a month such as `2026-11`, by meter."""
        parts = [items.month_part(month, part) for part in range(items.MONTH_PARTS)]
        return sorted(row for rows in self._pool.map(self._month_part, parts) for row in rows)

    def bills(self, keys: Iterable[BillKey]) -> Iterator[IssuedBill]:
        """The current bills of these keys in their order; keys without a bill are left out.

        READ_AT_ONCE bills are a request, and the next READ_AHEAD requests run while a request's bills are worked on.
        """
        rows = iter(keys)
        groups = iter(lambda: list(islice(rows, READ_AT_ONCE)), [])
        coming = deque(self._pool.submit(self._bills_of, group) for group in islice(groups, READ_AHEAD))
        while coming:
            found = coming.popleft().result()
            coming.extend(self._pool.submit(self._bills_of, group) for group in islice(groups, 1))
            yield from found

    def _bills_of(self, keys: Sequence[BillKey]) -> list[IssuedBill]:
        wanted = [(self._stack.bills_table, items.bill_key(key)) for key in keys]
        answer = batch_get(self._dynamodb, wanted, pause, "meter_id, bill, document, missing")
        found = {items.key_of_bill(item): self._bill(item) for _, item in answer}
        return [found[key] for key in keys if key in found]

    def metrics(self, wanted: Mapping[str, str], since: datetime, until: datetime, period_s: int) -> dict[str, Series]:
        """Metrics of the metering function, by name: `wanted` says the statistic of each, such as `Sum` or `p95`.

        A period without data has no point.
        """
        names = list(wanted)
        dimensions = [{"Name": "service", "Value": "metering"}]
        queries: list[Any] = [
            {
                "Id": f"m{number}",
                "MetricStat": {
                    "Metric": {"Namespace": NAMESPACE, "MetricName": name, "Dimensions": dimensions},
                    "Period": period_s,
                    "Stat": wanted[name],
                },
            }
            for number, name in enumerate(names)
        ]
        found = {name: Series([], []) for name in names}
        pages = self._cloudwatch.get_paginator("get_metric_data").paginate(
            MetricDataQueries=queries, StartTime=since, EndTime=until, ScanBy="TimestampAscending"
        )
        for result in (result for page in pages for result in page["MetricDataResults"]):
            series = found[names[int(result["Id"].removeprefix("m"))]]
            series.moments.extend(result["Timestamps"])
            series.values.extend(result["Values"])
        return found

    def quarantined(self, day: date) -> dict[str, int]:
        """How many uploads that arrived on a UTC day are in quarantine, by reason."""
        return self._quarantined(day)

    def quarantined_in_all(self) -> int:
        """How many uploads are in quarantine."""
        return sum(self._quarantined().values())

    def _quarantined(self, day: date | None = None) -> dict[str, int]:
        counts: Counter[str] = Counter()
        for found in objects_in_quarantine(self._s3, self._stack.bucket, day):
            counts.update(counts_in(found["Key"]))
        return dict(counts)

    def _group(self, meter_ids: Sequence[str], day: date) -> list[tuple[str, MeterDay]]:
        wanted: list[items.Item] = [items.day_key(meter_id, day) for meter_id in meter_ids]
        found: list[tuple[str, MeterDay]] = []
        while wanted:
            answer = self._dynamodb.batch_get_item(
                RequestItems={
                    self._stack.windows_table: {
                        "Keys": wanted,
                        "ProjectionExpression": "meter_id, #day, readings",
                        "ExpressionAttributeNames": {"#day": "day"},
                    }
                }
            )
            found += [
                (item["meter_id"]["S"], unpacked_day(item))
                for item in answer["Responses"].get(self._stack.windows_table, [])
            ]
            left = answer.get("UnprocessedKeys", {}).get(self._stack.windows_table, {}).get("Keys", [])
            wanted = left if len(left) < len(wanted) else []
        return found

    def _month_part(self, part: str) -> list[BillRow]:
        pages = self._dynamodb.get_paginator("query").paginate(
            TableName=self._stack.bills_table,
            IndexName="by-month",
            KeyConditionExpression="month_part = :part",
            ExpressionAttributeValues={":part": {"S": part}},
        )
        now = int(self._clock())
        return [_bill_row(item, now) for page in pages for item in page["Items"]]


def _bill_row(item: items.Item, now: int) -> BillRow:
    later = not_yet_due_in(item, now)
    return BillRow(
        meter_id=(item.get("meter") or item["meter_id"])["S"],
        agreement_id=item["meter_id"]["S"],
        tariff_id=item["tariff_id"]["S"],
        status=item["status"]["S"],
        version=int(item["version"]["N"]),
        energy_kwh=Decimal(item["energy_kwh"]["N"]),
        total=Decimal(item["total"]["N"]),
        missing=missing_in(item) - later,
        estimated=int(item["estimated"]["N"]),
        cycle=item["bill"]["S"],
        not_yet_due=later,
    )
