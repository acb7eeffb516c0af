"""Rates a part of a study's customers, now and then. A part is one task of a worker process."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

import msgspec

from analytics.lake_readings import LakeRow, LakeRows
from analytics.studies.rating import CustomerReadings, RatedBill, rated_bills
from electrocloud.aws.store.registry import ServiceHistory
from electrocloud.domain.billing.bill import Bill
from electrocloud.domain.billing.comparison import unsuitable
from electrocloud.domain.billing.service import PlannedBill, Service, services_of
from electrocloud.domain.studies.price_change import PriceChange, changed_prices
from electrocloud.domain.studies.study import CustomerResult, StudyRequest
from electrocloud.domain.tariffs.versions import DatedTariff


class Prices(NamedTuple):
    """What customers are billed by: the tariffs by id, `instead` of all of which one may hold, with price changes."""

    tariffs: Mapping[str, DatedTariff]
    instead: str = ""
    changes: tuple[PriceChange, ...] = ()

    def services(self, history: ServiceHistory) -> list[Service]:
        """The services at a service point by these prices."""
        agreements = history.agreements
        if self.instead:
            agreements = tuple(msgspec.structs.replace(one, tariff_id=self.instead) for one in agreements)
        zone = history.point.time_zone
        wanted = {one.tariff_id for one in agreements} & self.tariffs.keys()
        placed = {one: placed_in(changed_prices(self.tariffs[one], self.changes), zone) for one in wanted}
        return services_of(history.point, history.installations, agreements, placed)


@lru_cache(maxsize=1_024)  # what is worked out about a tariff is kept by it
def placed_in(tariff: DatedTariff, zone: str) -> DatedTariff:
    """A tariff by the clocks of a zone."""
    return tariff.placed(zone)


class Part(NamedTuple):
    """Some service points, and the lake's rows of their meters."""

    histories: Sequence[ServiceHistory]
    rows: LakeRows


class PartResult(NamedTuple):
    """The results of a part's customers, and how many were left out by the reason; `amounts` is what the prices of each
    component make of their other bills. Then the readings, their Wh, and a digest of each meter's.
    """

    customers: list[CustomerResult]
    left_out: dict[str, int]
    amounts: dict[str, Decimal]
    readings: int
    wh: int
    digests: dict[str, bytes]


def rate_part(part: Part, request: StudyRequest, now: Prices, then: Prices) -> PartResult:
    """Rate every customer of a part by both prices."""
    readings = CustomerReadings(part.rows)
    results: list[CustomerResult] = []
    left_out: dict[str, int] = {}
    amounts: dict[str, Decimal] = {}
    for history in part.histories:
        for own, other in _pairs(history, now, then):
            found = _compared(history, request, own, other, readings, amounts)
            if isinstance(found, str):
                left_out[found] = left_out.get(found, 0) + 1
            else:
                results.append(found)
    meters = sorted(part.rows)
    series = [readings.series(meter) for meter in meters]
    return PartResult(
        results,
        left_out,
        amounts,
        sum(len(one.wh) for one in series),
        sum(int(one.wh.sum()) for one in series),
        {meter: _digest(part.rows[meter]) for meter in meters},
    )


def revenue_of_part(part: Part, request: StudyRequest, prices: Prices, agreements: frozenset[str]) -> Decimal:
    """What the customers of these agreements pay by some prices."""
    readings = CustomerReadings(part.rows)
    services = [one for history in part.histories for one in prices.services(history)]
    wanted = [one for one in services if one.terms.agreement_id in agreements]
    return sum(
        (_due(one.bill for one in rated_bills(planned_bills(service, request), readings)) for service in wanted),
        Decimal(0),
    )


def planned_bills(service: Service, request: StudyRequest) -> list[PlannedBill]:
    """The bills of a service whose cycles begin in the months of a request."""
    wanted = months(request.first_month, request.last_month)
    return [planned for month in wanted if (planned := service.bill_of_month(month))]


def months(first: str, last: str) -> list[str]:
    """The months from `2025-11` to `2026-02`, both inclusive."""
    low, high = (int(month[:4]) * 12 + int(month[5:7]) - 1 for month in (first, last))
    return [f"{number // 12:04}-{number % 12 + 1:02}" for number in range(low, high + 1)]


def _pairs(history: ServiceHistory, now: Prices, then: Prices) -> Iterable[tuple[Service | None, Service | None]]:
    """Each agreement's service by both prices; None where its tariff is not there."""
    sides = [{one.terms.agreement_id: one for one in prices.services(history)} for prices in (now, then)]
    for agreement_id in dict.fromkeys(one.agreement_id for one in history.agreements if not one.is_void):
        yield sides[0].get(agreement_id), sides[1].get(agreement_id)


def _compared(
    history: ServiceHistory,
    request: StudyRequest,
    own: Service | None,
    other: Service | None,
    readings: CustomerReadings,
    amounts: dict[str, Decimal],
) -> CustomerResult | str:
    """A customer's result, or why there is none."""
    if own is None or other is None:
        return "no valid tariff"
    planned = planned_bills(own, request)
    if not planned:
        return "no agreement in these months"
    now = rated_bills(planned, readings)
    if not now:
        return "no readings in these months"
    then = rated_bills(planned_bills(other, request), readings)
    bills = [one.bill for one in (*now, *then)]
    if reason := next((_kind(bill) for bill in bills if _kind(bill)), ""):
        return reason
    if len({bill.currency for bill in bills}) > 1:
        return "the other tariff has another currency"
    _add_amounts(amounts, then)
    return _result(history, own, other, now, then)


def _result(
    history: ServiceHistory, own: Service, other: Service, now: Sequence[RatedBill], then: Sequence[RatedBill]
) -> CustomerResult:
    counts = [one.bill.intervals for one in now if one.by_engine]
    return CustomerResult(
        agreement_id=own.terms.agreement_id,
        account_id=own.terms.account_id,
        meter_ids=tuple(dict.fromkeys(one.meter_id for one in own.installations)),
        customer_class=history.point.customer_class,
        feeder=history.point.feeder,
        tariff_id=own.prices.tariff_id,
        bills=len(now),
        kwh=sum((one.bill.energy_kwh for one in now), Decimal(0)),
        now=_due(one.bill for one in now),
        then=_due(one.bill for one in then),
        estimated=sum(one.estimated for one in counts),
        missing=sum(one.missing for one in counts),
        note=_note(own, other, now, then),
        by_engine=sum(one.by_engine for one in (*now, *then)),
    )


def _note(own: Service, other: Service, now: Sequence[RatedBill], then: Sequence[RatedBill]) -> str:
    """That the other tariff is not for this customer, or why one of the bills would stay open."""
    present, new = (one.prices.versions[-1].tariff for one in (own, other))
    why = "" if new.label == present.label else unsuitable(new, present.sector, [one.bill for one in then])
    return why or next((reason.text for one in (*now, *then) for reason in one.bill.open_reasons), "")


def _due(bills: Iterable[Bill]) -> Decimal:
    return sum((bill.total_rounded for bill in bills), Decimal("0.00"))


def _kind(bill: Bill) -> str:
    """Why a bill says nothing: days without a price."""
    return next((reason.text for reason in bill.open_reasons if reason.kind == "no price"), "")


def _add_amounts(amounts: dict[str, Decimal], then: Sequence[RatedBill]) -> None:
    """Add what the prices of each component make of some bills."""
    for bill, _ in then:
        for component, amount in (
            ("energy", bill.energy_charge),
            ("demand", bill.demand_charge),
            ("fixed", bill.fixed_charge),
            ("minimum", bill.minimum_top_up),
        ):
            amounts[component] = amounts.get(component, Decimal(0)) + amount


def _digest(rows: Iterable[LakeRow]) -> bytes:
    found = hashlib.sha256()
    for direction, line in sorted((row.direction, line) for row in rows for line in row.days.splitlines()):
        found.update(f"{direction} {line}\n".encode())
    return found.digest()
