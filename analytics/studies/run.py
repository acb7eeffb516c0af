"""Makes a study: rates its customers in parts, and finds the price that keeps the revenue."""

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Literal, NamedTuple, TypeVar

from analytics.lake_readings import LakeRows
from analytics.studies.customers import Part, PartResult, Prices
from analytics.studies.neutral_price import Neutral, neutral_factor
from analytics.studies.workers import Rater, Workers, workers
from electrocloud.aws.store.registry import ServiceHistory
from electrocloud.domain.errors import ElectroCloudError
from electrocloud.domain.studies.price_change import (
    NamedPrice,
    PriceChange,
    changed_prices,
    compared_prices,
)
from electrocloud.domain.studies.study import (
    CustomerResult,
    DataUsed,
    NeutralPrice,
    StudyRequest,
    StudyResult,
    TariffUsed,
    distribution,
    grouped,
    groups_by,
)
from electrocloud.domain.tariffs.versions import DatedTariff

POINTS_IN_PART = 100

Answer = TypeVar("Answer")
Progress = Callable[[str, int, int], None]  # the step, and how many customers of how many it has done


class Inputs(NamedTuple):
    """What a study is made of: service points, the lake's rows of their meters in a range of UTC days, and the tariffs,
    of which one may hold `instead` of all others."""

    histories: Sequence[ServiceHistory]
    rows: LakeRows
    first_day: date
    last_day: date
    tariffs: Mapping[str, DatedTariff]
    instead: str = ""


class Made(NamedTuple):
    """A study's result, and each customer's, those who save most first."""

    result: StudyResult
    customers: list[CustomerResult]


def make_study(request: StudyRequest, inputs: Inputs, progress: Progress) -> Made:
    """Rate the customers by both prices, and find the price that keeps the revenue.

    `ElectroCloudError` where no customer has bills to compare.
    """
    began = time.monotonic()
    rater = Rater(request, Prices(inputs.tariffs), Prices(inputs.tariffs, inputs.instead, request.changes))
    parts = [_part(inputs, first) for first in range(0, len(inputs.histories), POINTS_IN_PART)]
    with workers(rater, len(parts)) as pool:
        found = [*_counted(pool.results(parts), "rating customers", inputs, progress)]
        customers = sorted(
            (one for part in found for one in part.customers), key=lambda one: (one.change, one.agreement_id)
        )
        left_out = _left_out(found)
        if not customers:
            reasons = "; ".join(f"{reason}: {count:,}" for reason, count in left_out.items()) or "none is selected"
            raise ElectroCloudError(f"no customer has bills to compare ({reasons})")
        neutral = _neutral(request, inputs, found, customers, _revenue(pool, parts, customers, inputs, progress))
    result = StudyResult(
        currency=_currency(inputs, customers),
        total=grouped("all", customers),
        by_class=groups_by("customer_class", customers),
        by_tariff=groups_by("tariff_id", customers),
        distribution=distribution(customers),
        left_out=left_out,
        tariffs=tuple(_tariffs_used(request, inputs, customers)),
        data=_data_used(inputs, found),
        changed=_prices_after(inputs, customers, (), request.changes),
        neutral=neutral if isinstance(neutral, NeutralPrice) else None,
        no_neutral=neutral if isinstance(neutral, str) else "",
        seconds=round(time.monotonic() - began, 1),
    )
    return Made(result, customers)


def _part(inputs: Inputs, first: int) -> Part:
    histories = inputs.histories[first : first + POINTS_IN_PART]
    meters = {one.meter_id for history in histories for one in history.installations}
    return Part(histories, {meter: inputs.rows[meter] for meter in sorted(meters & inputs.rows.keys())})


def _counted(answers: Iterator[Answer], step: str, inputs: Inputs, progress: Progress) -> Iterator[Answer]:
    of = len(inputs.histories)
    progress(step, 0, of)
    for number, answer in enumerate(answers, 1):
        progress(step, min(number * POINTS_IN_PART, of), of)
        yield answer


def _left_out(found: Sequence[PartResult]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for part in found:
        for reason, count in part.left_out.items():
            counts[reason] = counts.get(reason, 0) + count
    return counts


def _revenue(
    pool: Workers, parts: Sequence[Part], customers: Sequence[CustomerResult], inputs: Inputs, progress: Progress
) -> Callable[[PriceChange], Decimal]:
    agreements = frozenset(one.agreement_id for one in customers)

    def revenue(change: PriceChange) -> Decimal:
        amounts = pool.revenues(parts, change, agreements)
        return sum(_counted(amounts, "finding the price that keeps the revenue", inputs, progress), Decimal(0))

    return revenue


def _neutral(
    request: StudyRequest,
    inputs: Inputs,
    found: Sequence[PartResult],
    customers: Sequence[CustomerResult],
    revenue: Callable[[PriceChange], Decimal],
) -> NeutralPrice | str:
    """The price that keeps the revenue, or why there is none; "" where nobody asked."""
    component = request.keep
    if not component:
        return ""
    now, then = (sum((getattr(one, side) for one in customers), Decimal(0)) for side in ("now", "then"))
    made = sum((part.amounts.get(component, Decimal(0)) for part in found), Decimal(0))
    neutral = neutral_factor(component, now, then, made, revenue)
    if not isinstance(neutral, Neutral):
        return neutral
    change = PriceChange(component, "factor", neutral.factor)
    prices = _prices_after(inputs, customers, request.changes, (change,))
    return NeutralPrice(component, neutral.factor, neutral.revenue, prices)


def _other_tariffs(inputs: Inputs, customers: Sequence[CustomerResult]) -> list[str]:
    return [inputs.instead] if inputs.instead else sorted({one.tariff_id for one in customers})


def _prices_after(
    inputs: Inputs,
    customers: Sequence[CustomerResult],
    before: tuple[PriceChange, ...],
    changes: tuple[PriceChange, ...],
) -> tuple[NamedPrice, ...]:
    """What further changes make of the last version of each of the other tariffs."""
    found: list[NamedPrice] = []
    for tariff_id in _other_tariffs(inputs, customers):
        tariff = inputs.tariffs[tariff_id]
        sides = (changed_prices(tariff, before), changed_prices(tariff, (*before, *changes)))
        found += compared_prices(*(side.versions[-1].tariff for side in sides))
    return tuple(found)


def _tariffs_used(request: StudyRequest, inputs: Inputs, customers: Sequence[CustomerResult]) -> Iterator[TariffUsed]:
    """The versions that hold on a day of the months, of the tariffs on both sides."""
    first = date.fromisoformat(f"{request.first_month}-01")
    sides: tuple[tuple[Literal["now", "then"], list[str], tuple[PriceChange, ...]], ...] = (
        ("now", sorted({one.tariff_id for one in customers}), ()),
        ("then", _other_tariffs(inputs, customers), request.changes),
    )
    for side, tariff_ids, changes in sides:
        for tariff_id in tariff_ids:
            for version in changed_prices(inputs.tariffs[tariff_id], changes).versions:
                if (version.first is None or version.first <= inputs.last_day) and (
                    version.end is None or version.end > first
                ):
                    tariff = version.tariff
                    yield TariffUsed(side, tariff_id, tariff.name, version.dates, tariff.fingerprint)


def _data_used(inputs: Inputs, found: Sequence[PartResult]) -> DataUsed:
    digest = hashlib.sha256()
    for meter, own in sorted(one for part in found for one in part.digests.items()):
        digest.update(meter.encode() + own)
    wh = sum(part.wh for part in found)
    readings = sum(part.readings for part in found)
    return DataUsed(readings, Decimal(wh) / 1000, inputs.first_day, inputs.last_day, digest.hexdigest()[:16])


def _currency(inputs: Inputs, customers: Sequence[CustomerResult]) -> str:
    return inputs.tariffs[customers[0].tariff_id].versions[-1].tariff.currency
