"""What sqlglot does not know of Athena's SQL, in DuckDB."""

from datetime import datetime
from decimal import Decimal
from typing import Any

import duckdb
import pytest

from analytics.duckdb_dialect import to_duckdb


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        (
            "CAST(at_timezone(with_timezone(TIMESTAMP '2026-07-01 00:00:00', 'UTC'), 'Asia/Kolkata') AS timestamp(3))",
            datetime(2026, 7, 1, 5, 30),
        ),
        (
            "CAST(at_timezone(with_timezone(TIMESTAMP '2026-07-01 00:00:00', 'Asia/Kolkata'), 'UTC') AS timestamp(3))",
            datetime(2026, 6, 30, 18, 30),
        ),
        ("CAST(7 AS bigint) / 2", 3),
        ("CAST(7 AS double) / 2", 3.5),
        ("CAST(CAST(20 AS bigint) * 1 AS decimal(38, 9)) / 3", Decimal("6.666666666")),
        ("CAST(123456789012 * CAST(1234567 AS bigint) AS decimal(38, 9)) / 7", Decimal("21773668234311114.857142857")),
        ("date_format(DATE '2026-03-01' - INTERVAL '1' DAY, '%Y-%m-%d')", "2026-02-28"),
        ("day_of_week(TIMESTAMP '2026-11-22 10:00:00')", 7),
        ("day(last_day_of_month(DATE '2028-02-01'))", 29),
        ("array_position(ARRAY['a', 'b'], 'b')", 2),
        ("bitwise_left_shift(CAST(1 AS bigint), CAST(45 AS integer)) + 1", 35_184_372_088_833),
        ("CAST(bit_count(CAST(7 AS bigint), 64) AS bigint)", 3),
    ],
)
def test_an_expression_means_the_same(expression: str, value: Any):
    (row,) = duckdb.sql(to_duckdb(f"SELECT {expression}", {})).fetchall()
    assert row == (value,)
    assert type(row[0]) is type(value)


def test_a_view_is_put_in_place_of_its_name_with_the_views_that_it_names():
    views = {"inner_view": "SELECT 1 AS n", "outer_view": "SELECT n + 1 AS n FROM inner_view"}

    sql = to_duckdb("SELECT a.n, outer_view.n FROM outer_view AS a CROSS JOIN outer_view", views)

    assert duckdb.sql(sql).fetchall() == [(2, 2)]
