"""The work items of forecasting, each a part of the fleet that one worker does within its time.

The forecasting function takes them from a queue, the laptop's loop runs them one after the other. Every item may run
twice, at the same time or later, with the same result.
"""

import time
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from typing import Literal, NamedTuple, Protocol

import msgspec

from electrocloud.aws.backoff import pause
from electrocloud.aws.clients import DynamoDBClient, S3Client
from electrocloud.aws.store.event_outbox import EventOutbox
from electrocloud.aws.store.forecasts import Forecasts
from electrocloud.aws.store.hourly_loads import FLEET, HourlyLoads
from electrocloud.aws.store.meter_lookup import MeterLookup
from electrocloud.aws.store.meter_segments import MeterSegments
from electrocloud.aws.store.parquet_days import parquet_days
from electrocloud.aws.store.registry import RegistryStore, RegistryTables
from electrocloud.aws.store.service_lookup import ServiceLookup
from electrocloud.domain.forecast import DayAheadError, day_ahead_error
from forecasting.fleet_loads import DAYS, Ask, changed_days, read_days
from forecasting.meters import update_meters
from forecasting.series import is_new, update_fleet, update_series
from forecasting.stored_weather import StoredWeather

METERS_AN_ITEM = 500

Kind = Literal["loads", "series", "fleet", "meters", "silence"]
KINDS: tuple[Kind, ...] = (
    "loads",
    "series",
    "fleet",
    "meters",
    "silence",
)  # in the order in which each finds what the one before stored


class Schedule(msgspec.Struct, frozen=True):
    """What a schedule asks for."""

    work: Kind


class ReadLoads(msgspec.Struct, frozen=True, tag="read-loads"):
    """Read these days from Parquet: the version of each that was there when the item was made."""

    days: dict[date, str]


class ForecastSeries(msgspec.Struct, frozen=True, tag="forecast-series"):
    """Judge and forecast `fleet` or a feeder."""

    series: str


class SumFeeders(msgspec.Struct, frozen=True, tag="sum-feeders"):
    """Make the fleet's forecast the sum of its feeders'."""


class ForecastMeters(msgspec.Struct, frozen=True, tag="forecast-meters"):
    """Month-ends and suspect readings of one of `segments` segments of the registry, after the meter `after`."""

    segment: int
    segments: int
    after: str | None = None


class CheckSilence(msgspec.Struct, frozen=True, tag="check-silence"):
    """Which meters of one of `segments` segments of the registry, after the meter `after`, have fallen silent."""

    segment: int
    segments: int
    after: str | None = None


Item = ReadLoads | ForecastSeries | SumFeeders | ForecastMeters | CheckSilence


class Deployment(NamedTuple):
    """What the work is done on."""

    store: Forecasts
    events: EventOutbox
    loads: HourlyLoads
    meters: MeterSegments
    weather: StoredWeather
    ask: Ask
    s3: S3Client
    bucket: str


class Names(Protocol):
    """What names the tables and the bucket: the function's settings, or a `Stack`."""

    @property
    def windows_table(self) -> str:
        """Meters' days."""

    @property
    def meters_table(self) -> str:
        """Registered meters."""

    @property
    def tariffs_table(self) -> str:
        """Tariffs."""

    @property
    def service_points_table(self) -> str:
        """Service points."""

    @property
    def forecasts_table(self) -> str:
        """Forecasts and hourly loads."""

    @property
    def bucket(self) -> str:
        """Parquet."""


def open_deployment(dynamodb: DynamoDBClient, s3: S3Client, names: Names, ask: Ask) -> Deployment:
    """The parts of a deployment that forecasting works on, on boto3 clients."""
    tables = RegistryTables(names.service_points_table, names.meters_table, names.tariffs_table)
    meters = MeterLookup(dynamodb, names.meters_table, pause, time.monotonic)
    stored = RegistryStore(dynamodb, tables, pause)
    registry = ServiceLookup(stored, meters, time.monotonic)
    return Deployment(
        store=Forecasts(dynamodb, names.forecasts_table),
        events=EventOutbox(dynamodb, names.forecasts_table),
        loads=HourlyLoads(dynamodb, names.forecasts_table),
        meters=MeterSegments(dynamodb, names.meters_table, names.windows_table, registry),
        weather=StoredWeather(ask, stored.stations.load),
        ask=ask,
        s3=s3,
        bucket=names.bucket,
    )


class Done(NamedTuple):
    """What came of an item: how many of each were stored, and what is left of it when its time was over.

    feeders: of how many the fleet's forecast became the sum. error: of a series' last days that were forecast the day
    before; None if too few of them have actual values.
    """

    days: int = 0
    forecasts: int = 0
    month_ends: int = 0
    suspects: int = 0
    left: ForecastMeters | CheckSilence | None = None
    silent: int = 0
    feeders: int = 0
    error: DayAheadError | None = None


def plan(kind: Kind, on: Deployment, now: datetime) -> Iterator[Item]:
    """The items that are due: changed days of Parquet, every series, their sum, or all segments of the registry."""
    first = (now - timedelta(days=DAYS)).date()
    if kind == "loads":
        yield from map(ReadLoads, changed_days(parquet_days(on.s3, on.bucket, first), on.loads.versions(first)))
    elif kind == "series":
        yield from map(ForecastSeries, on.loads.series())
    elif kind == "fleet":
        yield SumFeeders()
    else:
        segments = on.meters.segments(METERS_AN_ITEM)
        item = ForecastMeters if kind == "meters" else CheckSilence
        yield from (item(segment, segments) for segment in range(segments))


def run(item: Item, on: Deployment, now: datetime, out_of_time: Callable[[], bool]) -> Done:
    """Do an item's work. `out_of_time` is asked between groups of meters."""
    match item:
        case ReadLoads(days):
            on.loads.put(read_days(on.ask, days), days)
            return Done(days=len(days))
        case ForecastSeries(series):
            first = now - timedelta(days=DAYS)
            known = on.loads.load(series, first.date())
            group = on.loads.load(FLEET, first.date()).load if is_new(known.load) and series != FLEET else None
            made, newest = update_series(series, known, on.store, now, group, lambda: on.weather.of(series, first, now))
            return Done(forecasts=len(made), error=day_ahead_error(newest))
        case SumFeeders():
            return Done(feeders=update_fleet(on.loads.series(), on.store))
        case ForecastMeters():
            return _forecast_meters(item, on, now, out_of_time)
        case CheckSilence():
            return _check_silence(item, on, int(now.timestamp()), out_of_time)


def _forecast_meters(item: ForecastMeters, on: Deployment, now: datetime, out_of_time: Callable[[], bool]) -> Done:
    month_ends = suspects = 0
    for meter_ids in on.meters.read(item.segment, item.segments, item.after):
        made = update_meters(meter_ids, on.meters, on.store, now)
        month_ends, suspects = month_ends + made[0], suspects + made[1]
        if out_of_time():
            return Done(0, 0, month_ends, suspects, ForecastMeters(item.segment, item.segments, meter_ids[-1]))
    return Done(0, 0, month_ends, suspects)


def _check_silence(item: CheckSilence, on: Deployment, now: int, out_of_time: Callable[[], bool]) -> Done:
    """A meter that has never reported is no news; one that fell silent is, once until it reports again."""
    silent = 0
    for meter_ids in on.meters.read(item.segment, item.segments, item.after):
        for meter in on.meters.installed(meter_ids, now):
            read_until = on.meters.read_until(meter.meter_id)
            if read_until is not None and meter.is_silent(read_until, now):
                silent += on.events.report_silence(meter, read_until)
        if out_of_time():
            return Done(left=CheckSilence(item.segment, item.segments, meter_ids[-1]), silent=silent)
    return Done(silent=silent)
