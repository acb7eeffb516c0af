"""The registry's meters and tariffs as Parquet, for questions that join readings with them."""

import io
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet

from analytics.voltage_limits import standard_of
from electrocloud.aws.clients import S3Client
from electrocloud.domain.money import exact
from electrocloud.domain.tariffs.tariff import Tariff, Tiers
from electrocloud.domain.tariffs.versions import DatedTariff, always

RATE = pa.decimal128(24, 15)  # $ a kWh, a kW or a month
LIMIT = pa.decimal128(24, 12)  # kWh, kW, or kWh a kW

METERS = pa.schema(
    [
        ("meter_id", pa.string()),
        ("lat", pa.float64()),
        ("lon", pa.float64()),
        ("feeder", pa.string()),
        ("class", pa.string()),
        ("tariff_id", pa.string()),
        ("timezone", pa.string()),
        ("voltage_standard", pa.string()),
    ]
)
TARIFFS = {
    "tariffs": pa.schema(
        [
            ("tariff_id", pa.string()),
            ("version", pa.int32()),
            ("first", pa.date32()),
            ("end", pa.date32()),
            ("name", pa.string()),
            ("timezone", pa.string()),
            ("allocation", pa.string()),
            ("demand_window_s", pa.int32()),
        ]
    ),
    "tariff_hours": pa.schema(
        [
            ("tariff_id", pa.string()),
            ("version", pa.int32()),
            ("month", pa.int32()),
            ("weekend", pa.bool_()),
            ("hour", pa.int32()),
            ("energy_period", pa.int32()),
            ("demand_period", pa.int32()),
            ("flat_demand_period", pa.int32()),
        ]
    ),
    "tariff_prices": pa.schema(
        [
            ("tariff_id", pa.string()),
            ("version", pa.int32()),
            ("charge", pa.string()),
            ("period", pa.int32()),
            ("tier", pa.int32()),
            ("above", LIMIT),
            ("above_daily", pa.bool_()),
            ("up_to", LIMIT),
            ("up_to_daily", pa.bool_()),
            ("per_kw", pa.bool_()),
            ("rate", RATE),
            ("unit", pa.string()),
        ]
    ),
}

TariffRow = dict[str, Any]


def meters_table(rows: Iterable[Mapping[str, Any]]) -> pa.Table:
    """The table `meters`, one row per meter, from mappings by column name. Its time zone tells its voltage standard."""
    with_standard = [{**row, "voltage_standard": standard_of(row["timezone"])} for row in rows]
    return pa.Table.from_pylist(with_standard, schema=METERS)


def tariff_tables(tariffs: Mapping[str, Tariff | DatedTariff]) -> dict[str, pa.Table]:
    """The tables that a bill in SQL needs, by name, from the tariffs by their id.

    `tariffs`: a row a version, which is numbered from 0 and in force from the local day `first` to before `end` (None:
    no limit). `tariff_hours`: which periods hold in an hour of a month's weekdays or weekends. `tariff_prices`: one row
    per possible bill line. For the charge `energy`, the row prices the cycle's kWh above `above` and up to `up_to`
    (None: no limit); `*_daily` limits are multiplied by the days, `per_kw` limits by the bill's demand in kW. For
    demand charges, limits are in kW; fixed and minimum charges count one month. Tiers are numbered from 1, as on the
    bill. Rates have 15 decimals and limits 12.
    """
    rows: dict[str, list[TariffRow]] = {name: [] for name in TARIFFS}
    for tariff_id, dated in tariffs.items():
        versions = (always(dated) if isinstance(dated, Tariff) else dated).versions
        for number, (tariff, first, end) in enumerate(versions):
            own = {"tariff_id": tariff_id, "version": number}
            rows["tariffs"].append(
                {
                    **own,
                    "first": first,
                    "end": end,
                    "name": tariff.name,
                    "timezone": tariff.zone,
                    "allocation": tariff.allocation,
                    "demand_window_s": tariff.demand_window_s,
                }
            )
            rows["tariff_hours"] += [own | row for row in _hours(tariff)]
            rows["tariff_prices"] += [own | row for row in _prices(tariff)]
    return {name: pa.Table.from_pylist(rows[name], schema=schema) for name, schema in TARIFFS.items()}


def publish(
    s3: S3Client, bucket: str, meters: Iterable[Mapping[str, Any]], tariffs: Mapping[str, Tariff | DatedTariff]
) -> None:
    """Write the meters and tariffs to the S3 locations of their tables, replacing the previous files."""
    tables = {f"tariffs/{name}/{name}": table for name, table in tariff_tables(tariffs).items()}
    tables["meters/meters"] = meters_table(meters)
    for key, table in tables.items():
        body = io.BytesIO()
        pa.parquet.write_table(table, body, compression="zstd")
        s3.put_object(Bucket=bucket, Key=f"{key}.parquet", Body=body.getvalue())


def _hours(tariff: Tariff) -> Iterator[TariffRow]:
    for weekend in (False, True):
        for month in range(12):
            for hour in range(24):
                yield {
                    "month": month + 1,
                    "weekend": weekend,
                    "hour": hour,
                    "energy_period": tariff.energy_schedule[weekend][month][hour],
                    "demand_period": tariff.demand_schedule[weekend][month][hour],
                    "flat_demand_period": tariff.flat_demand_months[month],
                }


def _prices(tariff: Tariff) -> Iterator[TariffRow]:
    for charge, unit, periods in (
        ("energy", "kWh", tariff.energy),
        ("demand", "kW", tariff.demand),
        ("flat demand", "kW", tariff.flat_demand),
    ):
        for period, tiers in enumerate(periods):
            for row in _tiers(tiers):
                if row["rate"] or charge == "energy":  # a bill lists free energy, but not free demand
                    yield {"charge": charge, "period": period, "unit": unit, **row}
    for charge, fee in (("fixed", tariff.fixed), ("minimum", tariff.minimum)):
        if fee.amount:
            unit = "month" if tariff.average_month else fee.unit.removeprefix("$/")
            amount = exact(fee.monthly) if unit == "month" else fee.amount
            yield {"charge": charge, "unit": unit, "rate": _to(RATE, amount)}


def _tiers(tiers: Tiers) -> Iterator[TariffRow]:
    above, above_daily = Decimal(0), False
    for number, tier in enumerate(tiers, start=1):
        daily = "daily" in tier.unit
        yield {
            "tier": number,
            "above": _to(LIMIT, above),
            "above_daily": above_daily,
            "up_to": None if tier.limit is None else _to(LIMIT, tier.limit),
            "up_to_daily": daily,
            "per_kw": "/kW" in tiers[0].unit,
            "rate": _to(RATE, tier.rate),
        }
        above, above_daily = tier.limit or above, daily


def _to(kind: pa.Decimal128Type, number: Decimal) -> Decimal:
    found: Decimal = round(number, kind.scale)
    return found
