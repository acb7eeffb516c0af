"""Service points with readings in the lake, for tariff studies."""

from collections.abc import Iterable, Sequence
from datetime import date
from itertools import groupby
from typing import Any

from analytics.lake_readings import LakeRow
from analytics.studies.run import Inputs
from electrocloud.aws.store.registry import ServiceHistory
from electrocloud.domain.local_time import DAY_S, day_of, instant_of
from electrocloud.domain.readings.meter_day import Interval
from electrocloud.domain.registry.records import Agreement, Installation, ServicePoint
from electrocloud.domain.tariffs.versions import DatedTariff

LONG_AGO = instant_of(date(2020, 1, 1))


def lake_rows(readings: Iterable[Interval], received: Iterable[Interval] = ()) -> list[LakeRow]:
    """A meter's rows as the lake's query answers them; the intervals of each direction are in time order."""
    found = [LakeRow("delivered", "\n".join(_lines(readings)))]
    return [*found, LakeRow("received", "\n".join(_lines(received)))] if received else found


def _lines(readings: Iterable[Interval]) -> list[str]:
    lines = []
    for (midnight, seconds), group in groupby(readings, lambda one: (one.start // DAY_S * DAY_S, one.seconds)):
        own = list(group)
        minutes = [(one.start - midnight) // 60 for one in own]
        whole = (minutes[-1] - minutes[0]) * 60 == (len(own) - 1) * seconds
        shown = minutes[:1] if whole else minutes
        numbers = (" ".join(map(str, values)) for values in (shown, [one.wh for one in own]))
        minutes_text, wh = numbers
        lines.append(f"{day_of(midnight)}|{seconds}|{len(own)}|{sum(one.wh for one in own)}|{minutes_text}|{wh}")
    return lines


def customer(number: int, tariff_id: str, zone: str, **agreement: Any) -> ServiceHistory:
    """A service point that one meter and one agreement have been at for years."""
    point = ServicePoint(
        service_point_id=f"SP-{number}",
        address="1 Main St",
        latitude=40,
        longitude=-75,
        feeder=f"F-{number % 2}",
        customer_class="home" if number % 2 else "shop",
        time_zone=zone,
    )
    fields = {"first": date(2020, 1, 1)} | agreement
    served = Agreement(
        agreement_id=f"AG-{number}",
        account_id=f"AC-{number}",
        service_point_id=point.key,
        tariff_id=tariff_id,
        **fields,
    )
    meter = Installation(meter_id=f"M-{number}", service_point_id=point.key, start=LONG_AGO)
    return ServiceHistory(point, (meter,), (served,))


def inputs(
    customers: Sequence[tuple[ServiceHistory, Sequence[Interval]]],
    tariffs: dict[str, DatedTariff],
    instead: str = "",
) -> Inputs:
    """What a study is made of, from customers with their meters' readings."""
    rows = {history.installations[-1].meter_id: lake_rows(readings) for history, readings in customers}
    days = [day_of(one.start) for _, readings in customers for one in readings]
    return Inputs([history for history, _ in customers], rows, min(days), max(days), tariffs, instead)
