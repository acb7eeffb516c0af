"""Forecasts in DynamoDB: one item a forecast, by its series and the moment it was made; one a meter and month-end."""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from electrocloud.domain.forecast import Forecast, MonthEnd

WRITE_AT_ONCE = 25  # DynamoDB's limit for BatchWriteItem
READ_AT_ONCE = 100  # and for BatchGetItem

_encoder = msgspec.json.Encoder()
_forecast_decoder = msgspec.json.Decoder(Forecast)
_month_end_decoder = msgspec.json.Decoder(MonthEnd)


class Forecasts:
    """A deployment's forecasts, on a boto3 DynamoDB client. One of the same hours takes the place of an earlier one."""

    def __init__(self, client: Any, table: str) -> None:
        self._client = client
        self._table = table

    def put(self, forecast: Forecast) -> None:
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
        requests = [{"PutRequest": {"Item": _item(_of_meter(end.meter_id), end.month, end)}} for end in month_ends]
        while requests:
            now, requests = requests[:WRITE_AT_ONCE], requests[WRITE_AT_ONCE:]
            answer = self._client.batch_write_item(RequestItems={self._table: now})
            requests += answer.get("UnprocessedItems", {}).get(self._table, [])

    def month_end(self, meter_id: str, month: str) -> MonthEnd | None:
        """What a meter's month (such as `2026-11`) was last expected to come to."""
        key = _month_end_key(meter_id, month)
        item = self._client.get_item(TableName=self._table, Key=key).get("Item")
        return _month_end_of(item) if item else None

    def month_ends(self, meter_ids: Sequence[str], month: str) -> list[MonthEnd]:
        """The month-ends of many meters: of those that have one, in no order."""
        wanted = [_month_end_key(meter_id, month) for meter_id in meter_ids]
        found: list[MonthEnd] = []
        while wanted:
            now, wanted = wanted[:READ_AT_ONCE], wanted[READ_AT_ONCE:]
            answer = self._client.batch_get_item(RequestItems={self._table: {"Keys": now}})
            found += (_month_end_of(item) for item in answer["Responses"].get(self._table, []))
            wanted += answer.get("UnprocessedKeys", {}).get(self._table, {}).get("Keys", [])
        return found


def _month_end_key(meter_id: str, month: str) -> dict[str, Any]:
    return {"series": {"S": _of_meter(meter_id)}, "made": {"S": month}}


def _month_end_of(item: dict[str, Any]) -> MonthEnd:
    return _month_end_decoder.decode(item["document"]["S"])


def _of_meter(meter_id: str) -> str:
    return f"month-end/{meter_id}"


def _moment(forecast: Forecast) -> str:
    """The first hour forecast, by which forecasts sort as they were made; a second one of a day replaces the first."""
    return f"{int(forecast.rows[0].timestamp.timestamp()):010d}"


def _item(series: str, made: str, document: Forecast | MonthEnd) -> dict[str, Any]:
    return {"series": {"S": series}, "made": {"S": made}, "document": {"S": _encoder.encode(document).decode()}}
