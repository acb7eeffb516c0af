"""Which tariff a load is cheapest under, and what changing to it would save."""

from collections.abc import Sequence
from decimal import Decimal

import msgspec

from electrocloud.domain.billing.bill import Bill
from electrocloud.domain.billing.charges import share


class Offer(msgspec.Struct, frozen=True):
    """What a load costs under one tariff ($): `saving` is against the present one, below 0 where it costs more.

    The peak shares, 0 to 1, are of the energy and of the cost.
    """

    tariff: str
    tariff_name: str
    months: int
    total: Decimal
    saving: Decimal
    peak_energy_share: Decimal
    peak_bill_share: Decimal


def offers(issued: Sequence[Sequence[Bill]]) -> list[Offer]:
    """An offer for each tariff's bills of one load, the cheapest first. The first of `issued` are the present ones."""
    present = _owed(issued[0])
    return sorted((_offer(bills, present) for bills in issued), key=lambda offer: offer.total)


def _offer(bills: Sequence[Bill], present: Decimal) -> Offer:
    owed = _owed(bills)
    energy = sum((bill.energy_kwh for bill in bills), Decimal(0))
    cost = sum((bill.total for bill in bills), Decimal(0))
    return Offer(
        tariff=bills[0].tariff,
        tariff_name=bills[0].tariff_name,
        months=len({bill.month for bill in bills}),
        total=owed,
        saving=present - owed,
        peak_energy_share=share(sum((b.peak_energy_share * b.energy_kwh for b in bills), Decimal(0)), energy),
        peak_bill_share=share(sum((b.peak_bill_share * b.total for b in bills), Decimal(0)), cost),
    )


def _owed(bills: Sequence[Bill]) -> Decimal:
    return sum((bill.total_rounded for bill in bills), Decimal(0))
