"""The hourly loads of the fleet, of each feeder and of each customer class in DynamoDB: one item a series and UTC day.

Athena is asked for a day only when its Parquet has changed; forecasts and pages read the days from here. A day's item
has `series` = `load/fleet` and `made` = `2026-11-24`. `load-series` lists the series that are
forecast (not the classes), `load-versions` the Parquet that each day was read from.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, NamedTuple

import msgspec

from electrocloud.aws.clients import DynamoDBClient
from electrocloud.aws.store.batch_write import batch_write
from electrocloud.domain.hourly_load import HourlyLoad, LoadDay, LoadHour

FLEET = "fleet"
CLASS = "class/"  # and the class: series that show the shape of a class's load, and are not forecast themselves
_DIRECTORY = "load-series"
_VERSIONS = "load-versions"

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(list[LoadHour])


class SeriesLoad(NamedTuple):
    """A series' hourly load, and the IANA time zone of most of its meters."""

    load: HourlyLoad
    zone: str


class HourlyLoads:
    """A deployment's hourly loads, in the forecasts table, on a boto3 DynamoDB client."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def put(self, days: Iterable[LoadDay], versions: Mapping[date, str]) -> None:
        """Store days in place of earlier ones, and then `versions`: the Parquet that each day was read from."""
        names: set[str] = set()
        items: list[dict[str, Any]] = []
        for day in days:
            if not day.series.startswith(CLASS):
                names.add(day.series)
            items.append(
                {
                    "series": {"S": f"load/{day.series}"},
                    "made": {"S": day.day.isoformat()},
                    "zone": {"S": day.zone},
                    "hours": {"S": _encoder.encode(day.hours).decode()},
                }
            )
        items += [{"series": {"S": _DIRECTORY}, "made": {"S": series}} for series in sorted(names)]
        batch_write(self._client, self._table, [{"PutRequest": {"Item": item}} for item in items])
        marks = [
            {"series": {"S": _VERSIONS}, "made": {"S": day.isoformat()}, "version": {"S": version}}
            for day, version in versions.items()
        ]
        batch_write(self._client, self._table, [{"PutRequest": {"Item": mark}} for mark in marks])

    def load(self, series: str, first: date) -> SeriesLoad:
        """A series from a UTC day on; an empty load in UTC if there is none."""
        days = self._items(f"load/{series}", first.isoformat())
        hours = [hour for item in days for hour in _decoder.decode(item["hours"]["S"])]
        return SeriesLoad(HourlyLoad(hours), days[-1]["zone"]["S"] if days else "UTC")

    def series(self) -> list[str]:
        """The series that are forecast, by name."""
        return [item["made"]["S"] for item in self._items(_DIRECTORY, " ")]

    def versions(self, first: date) -> dict[date, str]:
        """From which Parquet each day from `first` on was read."""
        items = self._items(_VERSIONS, first.isoformat())
        return {date.fromisoformat(item["made"]["S"]): item["version"]["S"] for item in items}

    def _items(self, series: str, first: str) -> list[dict[str, Any]]:
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="series = :series AND made >= :first",
            ExpressionAttributeValues={":series": {"S": series}, ":first": {"S": first}},
        )
        return [item for page in pages for item in page["Items"]]
