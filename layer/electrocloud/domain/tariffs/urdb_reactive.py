"""What a tariff document asks for reactive power (docs/tariffs.md)."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from electrocloud.domain.errors import TariffError
from electrocloud.domain.money import exact
from electrocloud.domain.tariffs.tariff import Reactive, Tiers
from electrocloud.domain.tariffs.urdb_tiers import DEMAND_UNITS
from electrocloud.domain.tariffs.urdb_values import amount, number, one_of, refuse_unknown


def reactive(rate: Mapping[str, Any], demand: Sequence[Tiers], flat: Sequence[Tiers]) -> Reactive | None:
    """The charge for reactive power, whether demand that has a price is in kVA, and this system's own fields.

    `reactive_energy` is `{"rate": 0.02, "free_part": 0.5}`, $/kvarh beyond so many kvarh a kWh, and
    `power_factor_minimum` a number from 0 to 1.
    """
    apparent = False
    for field, periods in (("demandrateunit", demand), ("flatdemandunit", flat)):
        priced = [tier for tiers in periods for tier in tiers if tier.rate]
        if priced:
            unit = one_of(field, rate.get(field) or "kW", DEMAND_UNITS)
            apparent |= unit == "kVA" or any(tier.unit == "kVA" for tier in priced)
    charge = exact(number("demandreactivepowercharge", rate.get("demandreactivepowercharge") or 0))
    energy_rate, free_part = _energy(rate.get("reactive_energy"))
    factor = amount("power_factor_minimum", rate.get("power_factor_minimum") or 0)
    if not 0 <= factor <= 1:
        raise TariffError("power_factor_minimum", f"{factor} is not a power factor, 0 to 1")
    found = Reactive(charge, apparent, energy_rate, free_part, factor)
    return found if any(found) else None


def _energy(given: object) -> tuple[Decimal, Decimal]:
    if not given:
        return Decimal(0), Decimal(0)
    if not isinstance(given, Mapping):
        raise TariffError("reactive_energy", 'must be such as {"rate": 0.02, "free_part": 0.5}')
    refuse_unknown("reactive_energy", given, ("rate", "free_part"))
    rate = amount("reactive_energy.rate", given.get("rate"))
    free = amount("reactive_energy.free_part", given.get("free_part") or 0)
    if free < 0:
        raise TariffError("reactive_energy.free_part", f"{free} must not be below 0")
    return (rate, free) if rate else (Decimal(0), Decimal(0))
