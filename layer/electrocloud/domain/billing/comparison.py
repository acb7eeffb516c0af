"""Which tariff a load is cheapest under, and what changing to it would save."""

from collections.abc import Sequence
from decimal import Decimal

import msgspec

from electrocloud.domain.billing.bill import Bill
from electrocloud.domain.billing.charges import share
from electrocloud.domain.billing.credit import NO_CREDIT
from electrocloud.domain.tariffs.tariff import Tariff


class Offer(msgspec.Struct, frozen=True):
    """What a load costs under one tariff (in `currency`): `saving` is against the present one, below 0 where it costs
    more.

    The peak shares, 0 to 1, are of the energy and of the cost. `credit` is what is left for export, in $, and
    `credit_kwh` in kWh: it is no part of the total. `why` says which customers a tariff that is not `suitable` is for.
    """

    tariff: str
    tariff_name: str
    months: int
    total: Decimal
    saving: Decimal
    peak_energy_share: Decimal
    peak_bill_share: Decimal
    currency: str = "USD"
    available: bool = True
    suitable: bool = True
    why: str = ""
    credit: Decimal = Decimal(0)
    credit_kwh: Decimal = Decimal(0)


class NotAvailable(msgspec.Struct, frozen=True):
    """A tariff that has no price on some of the days compared, and why; so it is not ranked."""

    tariff: str
    tariff_name: str
    why: str
    available: bool = False


def offers(issued: Sequence[Sequence[Bill]]) -> list[Offer]:
    """An offer for each tariff's bills of one load, the cheapest first. The first of `issued` are the present ones."""
    present = _total_due(issued[0])
    return sorted((_offer(bills, present) for bills in issued), key=lambda offer: offer.total)


def unsuitable(tariff: Tariff, sector: str, bills: Sequence[Bill]) -> str:
    """For whom a tariff is, where a customer of `sector` ("": not known) with these bills is not; else ""."""
    if sector and tariff.sector and tariff.sector.lower() != sector.lower():
        return f"for the sector {tariff.sector}, not {sector}"
    kw = max((bill.demand_kw for bill in bills), default=Decimal(0))
    kwh = max((bill.energy_kwh for bill in bills), default=Decimal(0))
    limits = tariff.eligibility
    for value, least, most, unit in (
        (kw, limits.min_kw, limits.max_kw, "kW"),
        (kwh, limits.min_kwh, limits.max_kwh, "kWh a month"),
    ):
        if least is not None and value < least:
            return f"from {least:,f} {unit} on; the highest here is {value:,.1f}"
        if most is not None and value > most:
            return f"up to {most:,f} {unit}; the highest here is {value:,.1f}"
    return ""


def _offer(bills: Sequence[Bill], present: Decimal) -> Offer:
    amount_due = _total_due(bills)
    energy = sum((bill.energy_kwh for bill in bills), Decimal(0))
    cost = sum((bill.total for bill in bills), Decimal(0))
    closing = bills[-1].credit.closing if bills[-1].credit else NO_CREDIT
    return Offer(
        tariff=bills[0].tariff,
        tariff_name=bills[0].tariff_name,
        months=len({bill.period_start for bill in bills}),
        total=amount_due,
        saving=present - amount_due,
        peak_energy_share=share(sum((b.peak_energy_share * b.energy_kwh for b in bills), Decimal(0)), energy),
        peak_bill_share=share(sum((b.peak_bill_share * b.total for b in bills), Decimal(0)), cost),
        currency=bills[0].currency,
        credit=round(closing.dollars, 2),
        credit_kwh=Decimal(sum(closing.wh.values())) / 1000,
    )


def _total_due(bills: Sequence[Bill]) -> Decimal:
    return sum((bill.total_rounded for bill in bills), Decimal(0))
