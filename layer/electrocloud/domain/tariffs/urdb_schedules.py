"""Which period holds when, from URDB's schedules."""

from collections.abc import Mapping
from typing import Any

from electrocloud.domain.errors import TariffError
from electrocloud.domain.tariffs.tariff import Schedule
from electrocloud.domain.tariffs.urdb_values import number


def schedule(rate: Mapping[str, Any], kind: str, periods: int) -> Schedule:
    """The schedule of the `energy` or `demand` periods, of which there are `periods`. A single one holds always."""
    weekday, weekend = (_table(rate, f"{kind}{side}schedule", periods) for side in ("weekday", "weekend"))
    return Schedule(weekday, weekend)


def flat_months(rate: Mapping[str, Any], periods: int) -> tuple[int, ...]:
    """The period of each month of demand at any time."""
    months = rate.get("flatdemandmonths")
    if not months:
        if periods > 1:
            raise TariffError("flatdemandmonths", "is missing; give the period of each of the 12 months")
        return (0,) * 12
    return _periods("flatdemandmonths", months, 12, periods)


def coincident_schedule(rate: Mapping[str, Any], periods: int) -> tuple[tuple[int, ...], ...]:
    """The coincident period of each month and hour."""
    return _table(rate, "coincidentrateschedule", periods)


def _table(rate: Mapping[str, Any], field: str, periods: int) -> tuple[tuple[int, ...], ...]:
    table = rate.get(field)
    if not table:
        if periods > 1:
            raise TariffError(field, "is missing; give 12 months of 24 hours with the period of each")
        return ((0,) * 24,) * 12
    if not isinstance(table, list | tuple) or len(table) != 12:
        raise TariffError(field, f"must have 12 rows, a month each; it has {_size(table)}")
    return tuple(_periods(f"{field}[{month}]", row, 24, periods) for month, row in enumerate(table))


def _periods(field: str, row: object, length: int, periods: int) -> tuple[int, ...]:
    if not isinstance(row, list | tuple) or len(row) != length:
        raise TariffError(field, f"must have {length} periods; it has {_size(row)}")
    for place, period in enumerate(row):
        value = number(f"{field}[{place}]", period)
        if value != int(value) or not 0 <= value < max(periods, 1):
            raise TariffError(f"{field}[{place}]", f"{period} is not a period; there are {periods}, from 0")
    return tuple(map(int, row))


def _size(value: object) -> str:
    return str(len(value)) if isinstance(value, list | tuple) else f"no list but {value!r:.40}"
