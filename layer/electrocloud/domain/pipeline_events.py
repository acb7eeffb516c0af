"""Events of the pipeline for other systems, as CloudEvents 1.0: silent meters, rejected uploads, forecasts made."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Literal
from uuid import NAMESPACE_URL, uuid5

import msgspec

from electrocloud.domain.forecast import Forecast
from electrocloud.domain.meter import RegisteredMeter

METERS, UPLOADS, FORECASTS = "/electrocloud/meters", "/electrocloud/uploads", "/electrocloud/forecasts"


class MeterSilent(msgspec.Struct, frozen=True):
    """A meter whose last reading ended at `read_until`; it was expected to send again by `expected_by` (both UTC)."""

    meter_id: str
    feeder: str
    read_until: datetime
    expected_by: datetime
    upload_every_s: int


class UploadsRejected(msgspec.Struct, frozen=True):
    """Uploads of a batch that went to the quarantine: how many by reason, the UTC day of arrival, and the S3 object."""

    day: date
    uploads: int
    reasons: Mapping[str, int]
    object: str


class ForecastMade(msgspec.Struct, frozen=True):
    """A forecast of `fleet` or a feeder: its hours from `start` on (UTC), and the energy expected (Wh)."""

    series: str
    made_at: datetime
    start: datetime
    hours: int
    wh: int
    model: str


class PipelineEvent(msgspec.Struct, frozen=True):
    """An event as a CloudEvent. Its `id` follows from what it is about, so that a repeated event is recognized."""

    id: str
    type: Literal["MeterSilent", "UploadsRejected", "ForecastMade"]
    subject: str
    data: msgspec.Raw
    source: str
    specversion: str = "1.0"
    datacontenttype: str = "application/json"


_forecast_made_decoder = msgspec.json.Decoder(ForecastMade)


def meter_silent(meter: RegisteredMeter, read_until: int) -> PipelineEvent:
    """The event of a meter that has been silent since its last reading ended (s since 1970 UTC)."""
    data = MeterSilent(
        meter_id=meter.meter_id,
        feeder=meter.feeder,
        read_until=_utc(read_until),
        expected_by=_utc(read_until + meter.allowed_silence_s),
        upload_every_s=meter.upload_every_s,
    )
    return _event("MeterSilent", METERS, meter.meter_id, str(read_until), data)


def uploads_rejected(day: date, key: str, reasons: Mapping[str, int]) -> PipelineEvent:
    """The event of an object of the quarantine: its key, and how many uploads of each reason it has."""
    data = UploadsRejected(day, sum(reasons.values()), reasons, key)
    return _event("UploadsRejected", UPLOADS, key, "", data)


def forecast_made(forecast: Forecast) -> PipelineEvent:
    """The event of a new forecast. A later one of the same hours is the same event."""
    first = forecast.rows[0].timestamp
    wh = round(sum(row.value for row in forecast.rows))
    data = ForecastMade(forecast.series, forecast.made_at, first, len(forecast.rows), wh, forecast.model)
    return _event("ForecastMade", FORECASTS, forecast.series, str(int(first.timestamp())), data)


def forecast_made_of(event: PipelineEvent) -> ForecastMade:
    """What an event of the type ForecastMade says."""
    return _forecast_made_decoder.decode(event.data)


def _event(
    type_: Literal["MeterSilent", "UploadsRejected", "ForecastMade"],
    source: str,
    subject: str,
    occasion: str,
    data: MeterSilent | UploadsRejected | ForecastMade,
) -> PipelineEvent:
    return PipelineEvent(
        id=str(uuid5(NAMESPACE_URL, f"{source}/{subject}/{occasion}")),
        type=type_,
        subject=subject,
        data=msgspec.Raw(msgspec.json.encode(data)),
        source=source,
    )


def _utc(instant: int) -> datetime:
    return datetime.fromtimestamp(instant, UTC)
