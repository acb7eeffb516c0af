"""What a function must know of its deployment, checked once, at its cold start."""

import os
from collections.abc import Mapping
from typing import Self

import msgspec

from electrocloud.domain.errors import SettingsError


class Settings(msgspec.Struct, frozen=True):
    """Names and numbers from the environment variables of the fields' names in capitals."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """The settings of this process; `SettingsError` names each variable that is missing or wrong."""
        values = {name: environment.get(name.upper(), "") for name in cls.__struct_fields__}
        if missing := [name.upper() for name, value in values.items() if not value]:
            raise SettingsError(f"the environment lacks {', '.join(missing)}; template.yaml sets them")
        try:
            return msgspec.convert(values, cls, strict=False)
        except msgspec.ValidationError as fault:
            raise SettingsError(f"the environment is wrong: {fault}") from None


class _Admitting(Settings, frozen=True):
    """How far ahead of its arrival a reading may start (min), and whether unregistered meters' uploads are stored."""

    future_tolerance_minutes: int
    accept_unregistered_meters: bool

    @property
    def future_tolerance_s(self) -> int:
        """How far ahead of its arrival a reading may start (s)."""
        return self.future_tolerance_minutes * 60


class TransformSettings(_Admitting, frozen=True):
    """Where the transform finds the registry."""

    meters_table: str


class MeteringSettings(_Admitting, frozen=True):
    """Where the metering function finds tables and bucket; a bill is due `payment_days` after its issue."""

    windows_table: str
    bills_table: str
    meters_table: str
    tariffs_table: str
    service_points_table: str
    bucket: str
    payment_days: int


class ForecastingSettings(Settings, frozen=True):
    """Where the forecasting function finds the tables, the Parquet, Athena's database and work group, and its queue."""

    windows_table: str
    meters_table: str
    tariffs_table: str
    service_points_table: str
    forecasts_table: str
    bucket: str
    database: str
    work_group: str
    queue_url: str
    dead_letters_url: str


class PublishingSettings(Settings, frozen=True):
    """Where the publishing function finds bills and events, and the bucket and the event bus that it publishes to."""

    bills_table: str
    forecasts_table: str
    bucket: str
    event_bus: str


class ReadApiSettings(Settings, frozen=True):
    """Where the read function finds the tables, and the KMS key of customers' tokens."""

    windows_table: str
    bills_table: str
    meters_table: str
    tariffs_table: str
    service_points_table: str
    accounts_table: str
    forecasts_table: str
    token_key: str


class ClosingSettings(Settings, frozen=True):
    """Where the closing function finds the tables and its queue, and how long after its end a month is closed (h).

    A bill is due `payment_days` after its issue.
    """

    windows_table: str
    bills_table: str
    meters_table: str
    tariffs_table: str
    service_points_table: str
    queue_url: str
    dead_letters_url: str
    estimate_after_hours: int
    payment_days: int

    @property
    def grace_s(self) -> int:
        """How long after its end a month is closed, in s."""
        return self.estimate_after_hours * 3600
