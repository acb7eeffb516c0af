"""Temperatures in the lake, on S3 in memory."""

import io
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import count
from typing import Any

import pyarrow.parquet as pq
import pytest

from electrocloud.domain.errors import StoreBusyError
from electrocloud.domain.weather import Temperature
from lake.weather import store_temperatures
from tests.integration.conftest import Aws

HOUR = 3600
NOVEMBER = int(datetime(2026, 11, 30, 23, tzinfo=UTC).timestamp())


def _store(aws: Aws, *temperatures: Temperature, pause: Callable[[int], None] = lambda _: None) -> int:
    return store_temperatures(aws.s3, aws.bucket, temperatures, pause)


def _rows(aws: Aws, month: str) -> list[tuple[Any, ...]]:
    body = aws.s3.get_object(Bucket=aws.bucket, Key=f"weather/{month}.parquet")["Body"].read()
    return [tuple(row.values()) for row in pq.read_table(io.BytesIO(body)).to_pylist()]


def test_temperatures_lie_in_the_month_of_their_hour(aws: Aws) -> None:
    issued = NOVEMBER - 6 * HOUR
    assert _store(aws, Temperature("S", NOVEMBER, 4.5), Temperature("S", NOVEMBER + HOUR, 5.0, issued)) == 2
    assert _rows(aws, "2026-11") == [("S", datetime(2026, 11, 30, 23), 4.5, None)]
    assert _rows(aws, "2026-12") == [("S", datetime(2026, 12, 1), 5.0, datetime(2026, 11, 30, 17))]


def test_a_temperature_that_is_stored_again_takes_the_place_of_the_earlier_one(aws: Aws) -> None:
    observed, forecast = Temperature("S", NOVEMBER, 4.5), Temperature("S", NOVEMBER, 6.0, NOVEMBER - HOUR)
    other = Temperature("T", NOVEMBER, 7.0)
    _store(aws, observed, forecast, other)
    _store(aws, observed, forecast._replace(celsius=6.5))
    _store(aws, observed._replace(celsius=4.0))
    assert sorted(row[2] for row in _rows(aws, "2026-11")) == [4.0, 6.5, 7.0]


@pytest.mark.parametrize("before", [[], [Temperature("S", NOVEMBER - 5 * HOUR, 1.0)]])
def test_writers_at_the_same_time_lose_nothing_of_each_other(
    aws: Aws, monkeypatch: pytest.MonkeyPatch, before: list[Temperature]
) -> None:
    _store(aws, *before)
    put, others = aws.s3.put_object, [Temperature("T", NOVEMBER, 3.0), Temperature("T", NOVEMBER - HOUR, 2.0)]

    def put_after_another(**call: Any) -> Any:
        if others:
            one = others.pop()
            monkeypatch.setattr(aws.s3, "put_object", put)
            _store(aws, one)
            monkeypatch.setattr(aws.s3, "put_object", put_after_another)
        return put(**call)

    monkeypatch.setattr(aws.s3, "put_object", put_after_another)
    _store(aws, Temperature("S", NOVEMBER, 4.0))
    assert [row[2] for row in _rows(aws, "2026-11")] == [*(one.celsius for one in before), 4.0, 2.0, 3.0]


def test_a_file_that_others_keep_changing_is_left_with_what_to_do(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    _store(aws, Temperature("S", NOVEMBER, 1.0))
    put, numbers = aws.s3.put_object, count(2)

    def put_after_another(**call: Any) -> Any:
        with monkeypatch.context() as patch:
            patch.setattr(aws.s3, "put_object", put)
            _store(aws, Temperature("T", NOVEMBER, float(next(numbers))))
        return put(**call)

    monkeypatch.setattr(aws.s3, "put_object", put_after_another)
    with pytest.raises(StoreBusyError, match="import the file again later"):
        _store(aws, Temperature("S", NOVEMBER, 2.0))
