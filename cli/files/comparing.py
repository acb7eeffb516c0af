"""Comparing tariffs over a file's load: which billing periods are whole, and which tariffs are for this customer."""

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import NamedTuple

import msgspec

from cli.files.rating import rate_load, refuse_open
from cli.files.service import ServiceOptions
from cli.files.tariffs import read_tariff
from cli.files.usage import Usage
from electrocloud.domain.billing.bill import Bill
from electrocloud.domain.billing.comparison import NotAvailable, Offer, offers, unsuitable
from electrocloud.domain.errors import UsageError
from electrocloud.domain.local_time import local_day, midnight_of
from electrocloud.domain.tariffs.tariff import Tariff
from electrocloud.domain.tariffs.versions import DatedTariff

Days = tuple[date, date]  # from a local day to before another


class Comparison(NamedTuple):
    """Tariffs ranked over the same whole periods, `hidden` how many are not for this customer and are not shown, the
    days of the load that are in no whole period, and all the tariffs compared."""

    ranked: list[Offer]
    not_available: list[NotAvailable]
    hidden: int
    left_out: list[Days]
    tariffs: list[DatedTariff]


class _Candidate(NamedTuple):
    """A tariff and the bills of the periods that are whole in its zone."""

    prices: DatedTariff
    bills: list[Bill]

    @property
    def tariff(self) -> Tariff:
        """The last version of its prices."""
        return self.prices.versions[-1].tariff

    def only(self, periods: set[tuple[str, Days]]) -> "_Candidate":
        return self._replace(bills=[bill for bill in self.bills if _period(bill) in periods])

    @property
    def no_price(self) -> str:
        """Why it is not available, or ""."""
        return next((reason.text for bill in self.bills for reason in bill.open_reasons), "")


def compare_tariffs(
    paths: Sequence[Path], load: Usage, usage: Path, options: ServiceOptions, *, show_all: bool
) -> Comparison:
    """What the file's load costs by each tariff, the first of which is the present one, over its whole periods.

    A period is whole where the meter's readings reach from its start, or that of service, to its end. Tariffs that have
    no price on some of these days are not ranked, and those for other customers only with `show_all`. `UsageError`
    where the present one has no price, where no period is whole, and where tariffs have different currencies.
    """
    candidates = [_candidate(path, load, usage, options) for path in paths]
    if len({candidate.tariff.currency for candidate in candidates}) > 1:
        raise UsageError("the tariffs have different currencies; compare those of one")
    common = set.intersection(*({_period(bill) for bill in candidate.bills} for candidate in candidates))
    present = candidates[0]
    first, end = _extent(load, present.tariff.zone)
    if not common:
        raise UsageError(
            f"{usage} has no whole billing period to compare: its readings are from {first} "
            f"to {end - timedelta(days=1)}; "
            "where service began or ended then, give --service-from and --service-to"
        )
    candidates = [candidate.only(common) for candidate in candidates]
    if why := candidates[0].no_price:
        raise UsageError(f"{paths[0]}: {why}; the current tariff needs prices on all days compared")
    available = [candidate for candidate in candidates if not candidate.no_price]
    ranked = _ranked(available, present.tariff.sector)
    shown = [offer for offer in ranked if show_all or offer.suitable]
    not_available = [
        NotAvailable(candidate.tariff.label, candidate.tariff.name, candidate.no_price)
        for candidate in candidates
        if candidate.no_price
    ]
    left_out = _gaps(first, end, sorted({days for _, days in common}))
    prices = [candidate.prices for candidate in candidates]
    return Comparison(shown, not_available, len(ranked) - len(shown), left_out, prices)


def _candidate(path: Path, load: Usage, usage: Path, options: ServiceOptions) -> _Candidate:
    prices = read_tariff([path], options.tariff)
    service = options.service(prices.versions[-1].tariff.zone, fill=False)
    whole = []
    for number, meter_id in enumerate(load.meters):
        readings = load.intervals(number)
        issued = rate_load(
            prices, readings, meter_id, service, load.received_intervals(number), load.reactive_intervals(number)
        )
        reasons = [reason for bill in issued for reason in bill.open_reasons]
        refuse_open(load, number, [one for one in reasons if one.kind in ("long reading", "no sell rate")], usage)
        end = readings[-1].start + readings[-1].seconds
        whole += [bill for bill in issued if _covers(bill, readings[0].start, end)]
    return _Candidate(prices, whole)


def _covers(bill: Bill, start: int, end: int) -> bool:
    (first, until) = _period(bill)[1]
    return start <= midnight_of(first, bill.zone) and midnight_of(until, bill.zone) <= end


def _ranked(available: Sequence[_Candidate], sector: str) -> list[Offer]:
    why_of = {id(candidate.tariff): unsuitable(candidate.tariff, sector, candidate.bills) for candidate in available}
    why_of[id(available[0].tariff)] = ""  # the customer has it
    by_total = sorted(available, key=lambda candidate: sum(bill.total_rounded for bill in candidate.bills))
    found = offers([candidate.bills for candidate in available])
    return [
        msgspec.structs.replace(offer, suitable=not why_of[id(candidate.tariff)], why=why_of[id(candidate.tariff)])
        for offer, candidate in zip(found, by_total, strict=True)
    ]


def _period(bill: Bill) -> tuple[str, Days]:
    assert bill.period_start
    assert bill.period_end
    return bill.meter_id, (bill.period_start, bill.period_end)


def _extent(load: Usage, zone: str) -> Days:
    """The local days that the load's readings are of."""
    last = int((load.start + load.seconds).max()) - 1
    return local_day(int(load.start.min()), zone), local_day(last, zone) + timedelta(days=1)


def _gaps(first: date, end: date, periods: Sequence[Days]) -> list[Days]:
    """The days from `first` to before `end` that are in no period."""
    gaps = []
    for start, until in [*periods, (end, end)]:
        if first < start:
            gaps.append((first, min(start, end)))
        first = max(first, until)
    return gaps
