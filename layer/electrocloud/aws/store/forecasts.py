"""Forecasts in DynamoDB: one item a forecast, by its series and moment; one a backtest, a month-end or a suspect."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from electrocloud.aws.backoff import pause
from electrocloud.aws.clients import DynamoDBClient
from electrocloud.aws.store.batch_write import batch_write
from electrocloud.aws.store.event_outbox import EventOutbox
from electrocloud.aws.store.tables import batch_get
from electrocloud.domain.forecast import Forecast, MonthEnd, Suspect
from electrocloud.domain.pipeline_events import forecast_made

SUSPECTS_EXPIRE = timedelta(days=14)  # of a meter that is no longer registered

_encoder = msgspec.json.Encoder()
_forecast_decoder = msgspec.json.Decoder(Forecast)
_month_end_decoder = msgspec.json.Decoder(MonthEnd)
_suspect_decoder = msgspec.json.Decoder(Suspect)
_SUSPECTS = "suspects"


class Forecasts:
    """A deployment's forecasts, on a boto3 DynamoDB client. One of the same hours takes the place of an earlier one."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def put(self, forecast: Forecast) -> None:
        """Store a forecast."""
        self._client.put_item(TableName=self._table, Item=_item(forecast.series, _moment(forecast), forecast))

    def add(self, forecast: Forecast) -> None:
        """Store a new forecast together with its event."""
        item = _item(forecast.series, _moment(forecast), forecast)
        EventOutbox(self._client, self._table).put_with(item, forecast_made(forecast))

    def newest(self, series: str, count: int = 1) -> list[Forecast]:
        """The last `count` forecasts of a series, newest first: of `fleet`, `feeder/DE-F000` or `meter/DE-000001`."""
        answer = self._client.query(
            TableName=self._table,
            KeyConditionExpression="series = :series",
            ExpressionAttributeValues={":series": {"S": series}},
            ScanIndexForward=False,
            Limit=count,
        )
        return [_forecast_decoder.decode(item["document"]["S"]) for item in answer["Items"]]

    def made(self, keys: Iterable[tuple[str, datetime]]) -> list[Forecast]:
        """Forecasts by their series and first hour: those that are stored, in no order."""
        asked = [(self._table, _key(series, _made(first))) for series, first in keys]
        found = batch_get(self._client, asked, pause)
        return [_forecast_decoder.decode(item["document"]["S"]) for _, item in found]

    def put_learned(self, series: str, body: bytes) -> None:
        """Keep what a backtest of a series found, in place of what an earlier one did."""
        self._client.put_item(TableName=self._table, Item=_learned_key(series) | {"body": {"B": body}})

    def learned(self, series: str) -> bytes | None:
        """What the last backtest of a series found."""
        item = self._client.get_item(TableName=self._table, Key=_learned_key(series)).get("Item")
        return bytes(item["body"]["B"]) if item else None

    def put_month_ends(self, month_ends: Iterable[MonthEnd]) -> None:
        """Keep month-ends, each in the place of an earlier one of its meter and month."""
        items = (_item(month_end_series(end.meter_id), end.month, end) for end in month_ends)
        batch_write(self._client, self._table, ({"PutRequest": {"Item": item}} for item in items))

    def month_end(self, meter_id: str, month: str) -> MonthEnd | None:
        """What a meter's month (such as `2026-11`) was last expected to come to."""
        key = _month_end_key(meter_id, month)
        item = self._client.get_item(TableName=self._table, Key=key).get("Item")
        return _month_end_of(item) if item else None

    def month_ends(self, meter_ids: Sequence[str], month: str) -> list[MonthEnd]:
        """The month-ends of many meters: of those that have one, in no order."""
        keys = [(self._table, _month_end_key(meter_id, month)) for meter_id in meter_ids]
        return [_month_end_of(item) for _, item in batch_get(self._client, keys, pause)]

    def replace_suspects(self, meter_ids: Iterable[str], suspects: Iterable[Suspect], now: datetime) -> None:
        """Store what is suspect of these meters, in place of what was; it expires if no later run replaces it."""
        expires = str(int((now + SUSPECTS_EXPIRE).timestamp()))
        items = [_item(_SUSPECTS, f"{one.meter_id}/{one.start:010d}/{one.kind}", one) for one in suspects]
        made = {item["made"]["S"] for item in items}
        before = (item["made"] for meter_id in meter_ids for item in self._suspect_items(meter_id))
        batch_write(
            self._client,
            self._table,
            [{"PutRequest": {"Item": item | {"expires": {"N": expires}}}} for item in items]
            + [
                {"DeleteRequest": {"Key": {"series": {"S": _SUSPECTS}, "made": key}}}
                for key in before
                if key["S"] not in made
            ],
        )

    def suspects(self) -> list[Suspect]:
        """What the last runs found suspect, by meter and time."""
        return [_suspect_decoder.decode(item["document"]["S"]) for item in self._suspect_items()]

    def _suspect_items(self, meter_id: str | None = None) -> list[dict[str, Any]]:
        """Of all meters, or of one."""
        values = {":series": {"S": _SUSPECTS}}
        condition = "series = :series"
        if meter_id is not None:
            condition, values = f"{condition} AND begins_with(made, :meter)", values | {":meter": {"S": f"{meter_id}/"}}
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table, KeyConditionExpression=condition, ExpressionAttributeValues=values
        )
        return [item for page in pages for item in page["Items"]]


def _learned_key(series: str) -> dict[str, Any]:
    return _key(f"learned/{series}", "last")


def _month_end_key(meter_id: str, month: str) -> dict[str, Any]:
    return _key(month_end_series(meter_id), month)


def _month_end_of(item: dict[str, Any]) -> MonthEnd:
    return _month_end_decoder.decode(item["document"]["S"])


def month_end_series(meter_id: str) -> str:
    """Where the month-ends of a meter are kept, as the `series` of their items."""
    return f"month-end/{meter_id}"


def _moment(forecast: Forecast) -> str:
    return _made(forecast.rows[0].timestamp)


def _made(first: datetime) -> str:
    """The first hour forecast, by which forecasts sort as they were made; a second one of a day replaces the first."""
    return f"{int(first.timestamp()):010d}"


def _key(series: str, made: str) -> dict[str, Any]:
    return {"series": {"S": series}, "made": {"S": made}}


def _item(series: str, made: str, document: Forecast | MonthEnd | Suspect) -> dict[str, Any]:
    return _key(series, made) | {"document": {"S": _encoder.encode(document).decode()}}
