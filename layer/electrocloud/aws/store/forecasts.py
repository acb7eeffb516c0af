"""Forecasts in DynamoDB: one item a forecast, by its series and moment; one a meter and month-end; one a suspect."""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from electrocloud.aws.backoff import pause
from electrocloud.aws.store.tables import batch_get
from electrocloud.domain.forecast import Forecast, MonthEnd, Suspect

WRITE_AT_ONCE = 25  # DynamoDB's limit for BatchWriteItem

_encoder = msgspec.json.Encoder()
_forecast_decoder = msgspec.json.Decoder(Forecast)
_month_end_decoder = msgspec.json.Decoder(MonthEnd)
_suspect_decoder = msgspec.json.Decoder(Suspect)
_SUSPECTS = "suspects"


class Forecasts:
    """A deployment's forecasts, on a boto3 DynamoDB client. One of the same hours takes the place of an earlier one."""

    def __init__(self, client: Any, table: str) -> None:
        self._client = client
        self._table = table

    def put(self, forecast: Forecast) -> None:
        """Store a forecast."""
        self._client.put_item(TableName=self._table, Item=_item(forecast.series, _moment(forecast), forecast))

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

    def put_month_ends(self, month_ends: Iterable[MonthEnd]) -> None:
        """Keep month-ends, each in the place of an earlier one of its meter and month."""
        self._write(
            [{"PutRequest": {"Item": _item(month_end_series(end.meter_id), end.month, end)}} for end in month_ends]
        )

    def month_end(self, meter_id: str, month: str) -> MonthEnd | None:
        """What a meter's month (such as `2026-11`) was last expected to come to."""
        key = _month_end_key(meter_id, month)
        item = self._client.get_item(TableName=self._table, Key=key).get("Item")
        return _month_end_of(item) if item else None

    def month_ends(self, meter_ids: Sequence[str], month: str) -> list[MonthEnd]:
        """The month-ends of many meters: of those that have one, in no order."""
        keys = [(self._table, _month_end_key(meter_id, month)) for meter_id in meter_ids]
        return [_month_end_of(item) for _, item in batch_get(self._client, keys, pause)]

    def replace_suspects(self, suspects: Iterable[Suspect]) -> None:
        """Keep these as what is suspect, in the place of all that were before."""
        items = [_item(_SUSPECTS, f"{one.meter_id}/{one.start:010d}/{one.kind}", one) for one in suspects]
        made = {item["made"]["S"] for item in items}
        gone = [{name: item[name] for name in ("series", "made")} for item in self._items_of_suspects()]
        self._write(
            [{"PutRequest": {"Item": item}} for item in items]
            + [{"DeleteRequest": {"Key": key}} for key in gone if key["made"]["S"] not in made]
        )

    def suspects(self) -> list[Suspect]:
        """What was suspect at the last run, by meter and time."""
        return [_suspect_decoder.decode(item["document"]["S"]) for item in self._items_of_suspects()]

    def _items_of_suspects(self) -> list[dict[str, Any]]:
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="series = :series",
            ExpressionAttributeValues={":series": {"S": _SUSPECTS}},
        )
        return [item for page in pages for item in page["Items"]]

    def _write(self, requests: list[dict[str, Any]]) -> None:
        while requests:
            now, requests = requests[:WRITE_AT_ONCE], requests[WRITE_AT_ONCE:]
            answer = self._client.batch_write_item(RequestItems={self._table: now})
            requests = requests + answer.get("UnprocessedItems", {}).get(self._table, [])


def _month_end_key(meter_id: str, month: str) -> dict[str, Any]:
    return {"series": {"S": month_end_series(meter_id)}, "made": {"S": month}}


def _month_end_of(item: dict[str, Any]) -> MonthEnd:
    return _month_end_decoder.decode(item["document"]["S"])


def month_end_series(meter_id: str) -> str:
    """Where the month-ends of a meter are kept, as the `series` of their items."""
    return f"month-end/{meter_id}"


def _moment(forecast: Forecast) -> str:
    """The first hour forecast, by which forecasts sort as they were made; a second one of a day replaces the first."""
    return f"{int(forecast.rows[0].timestamp.timestamp()):010d}"


def _item(series: str, made: str, document: Forecast | MonthEnd | Suspect) -> dict[str, Any]:
    return {"series": {"S": series}, "made": {"S": made}, "document": {"S": _encoder.encode(document).decode()}}
