"""Tariffs in the form of OpenEI's Utility Rate Database (https://openei.org/services/doc/rest/util_rates).

docs/tariffs.md lists every field, and docs/billing.md the rules. A field that could change a bill is used, or refused
by its name.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, cast

from electrocloud.domain.currency import CURRENCIES
from electrocloud.domain.errors import TariffError, UsageError
from electrocloud.domain.local_time import zone_of
from electrocloud.domain.money import exact
from electrocloud.domain.tariffs import urdb_additions as additions
from electrocloud.domain.tariffs.metering import MeteringOption
from electrocloud.domain.tariffs.price_series import PriceSeries, with_terms
from electrocloud.domain.tariffs.tariff import Allocation, Fee, Rider, Tariff, Tier, Tiers
from electrocloud.domain.tariffs.urdb_demand import coincident, ratchet
from electrocloud.domain.tariffs.urdb_document import only_item, read_rate
from electrocloud.domain.tariffs.urdb_metering import metering, metering_option
from electrocloud.domain.tariffs.urdb_reactive import reactive
from electrocloud.domain.tariffs.urdb_schedules import flat_months, schedule
from electrocloud.domain.tariffs.urdb_tiers import DEMAND_UNITS, ENERGY_UNITS, structure
from electrocloud.domain.tariffs.urdb_values import dates, number, one_of, text
from electrocloud.domain.tariffs.versions import TariffVersion

__all__ = ["effective_days", "only_item", "tariff_from_urdb", "version_from_urdb"]

CHARGE_UNITS = ("$/month", "$/day", "$/year")
ALLOCATIONS = ("chronological", "prorated")
BASES = ("exact", "average_month")
NO_ENERGY_PRICE: tuple[Tiers, ...] = ((Tier(None, Decimal(0), "kWh"),),)


def version_from_urdb(
    document: Mapping[str, Any],
    zone: str | None = None,
    series: PriceSeries | None = None,
    option: MeteringOption | None = None,
) -> TariffVersion:
    """A tariff from a URDB rate as `tariff_from_urdb` reads it, with the dates that its prices hold."""
    return TariffVersion(tariff_from_urdb(document, zone, series, option), *effective_days(document))


def effective_days(document: Mapping[str, Any]) -> tuple[date | None, date | None]:
    """The local days that a rate's prices hold: the first and the end (exclusive); None where it does not say."""
    return dates("", read_rate(document).values)


def tariff_from_urdb(
    document: Mapping[str, Any],
    zone: str | None = None,
    series: PriceSeries | None = None,
    option: MeteringOption | None = None,
) -> Tariff:
    """A tariff from a URDB rate, or from OpenEI's answer `{"items": [rate]}` with that one rate in it.

    Its schedules are hours of `zone`, the service point's; else of its own `timezone`; and of UTC where neither is
    given. `series` has the prices of a tariff with `energy_prices`, and `option` how received energy is credited by one
    that does not say so. Numbers may be int, Decimal or float; a float
    stands for the decimal that prints it. `TariffError` names the field that is at fault, as the document does.
    """
    rate = read_rate(document)
    try:
        return _tariff(rate.values, zone, with_terms(series, rate.values), option)
    except TariffError as fault:
        raise rate.as_given(fault) from None


def _tariff(
    rate: Mapping[str, Any], zone: str | None, series: PriceSeries | None, option: MeteringOption | None
) -> Tariff:
    dates("", rate)
    energy = structure(rate, "energyratestructure", ENERGY_UNITS)
    demand = structure(rate, "demandratestructure", DEMAND_UNITS)
    flat = structure(rate, "flatdemandstructure", DEMAND_UNITS)
    fixed = _fee(rate, "fixedchargefirstmeter", "fixedchargeunits", {"fixedmonthlycharge": "$/month"})
    older = {"minmonthlycharge": "$/month", "annualmincharge": "$/year"}
    minimum = _fee(rate, "mincharge", "minchargeunits", older)
    riders = additions.riders(rate)
    at_peaks = structure(rate, "coincidentratestructure", ("kW",))
    _refuse_without_charge(rate, [*energy, *demand, *flat, *at_peaks], [fixed, minimum], riders)
    credited = metering_option(rate, option)
    terms = metering(rate, energy or NO_ENERGY_PRICE, credited or "net-billing")
    label, name, utility = (text(field, rate.get(field)) for field in ("label", "name", "utility"))
    allocation = one_of("tier_allocation", rate.get("tier_allocation") or ALLOCATIONS[0], ALLOCATIONS)
    return Tariff(
        label=label or name,
        name=name or label,
        utility=utility,
        zone=_zone(zone or rate.get("timezone") or "UTC"),
        energy=energy or NO_ENERGY_PRICE,
        energy_schedule=schedule(rate if energy else {}, "energy", len(energy)),
        demand=_in_kw(demand),
        demand_schedule=schedule(rate, "demand", len(demand)),
        flat_demand=_in_kw(flat),
        flat_demand_months=flat_months(rate, len(flat)),
        demand_window_s=_window(rate.get("demandwindow")),
        fixed=fixed,
        minimum=minimum,
        allocation=cast("Allocation", allocation),
        average_month=one_of("day_charge_basis", rate.get("day_charge_basis") or BASES[0], BASES) == BASES[1],
        holidays=additions.holidays(rate),
        riders=riders,
        taxes=additions.taxes(rate),
        currency=one_of("currency", rate.get("currency") or "USD", tuple(CURRENCIES)),
        sector=text("sector", rate.get("sector")),
        eligibility=additions.eligibility(rate),
        reactive=reactive(rate, demand, flat),
        ratchet=ratchet(rate),
        coincident=coincident(rate),
        series=series,
        metering=terms if credited else None,
        export_terms=terms,
    )


def _refuse_without_charge(
    rate: Mapping[str, Any], tiers: Sequence[Tiers], fees: Sequence[Fee], riders: Sequence[Rider]
) -> None:
    """A tariff may have no price for energy, but not no charge at all."""
    if not tiers and "energy_prices" not in rate and not any((*(fee.amount for fee in fees), *riders)):
        raise TariffError("energyratestructure", "is missing, and there is no other charge; give at least one")


def _in_kw(periods: Sequence[Tiers]) -> tuple[Tiers, ...]:
    """Tiers of demand in kVA as those in kW: `Reactive.apparent` says what the demand is."""
    return tuple(tuple(tier._replace(unit="kW") for tier in tiers) for tiers in periods)


def _fee(rate: Mapping[str, Any], field: str, unit_field: str, older: Mapping[str, str]) -> Fee:
    """The fee of a field and its unit's, or of an older field that has its unit in its name."""
    amount = number(field, rate.get(field) or 0)
    unit = rate.get(unit_field) or CHARGE_UNITS[0]
    if amount:
        one_of(unit_field, unit, CHARGE_UNITS)
    fee, source = Fee(exact(amount), unit if unit in CHARGE_UNITS else CHARGE_UNITS[0]), field
    for name, own_unit in older.items():
        other = Fee(exact(number(name, rate.get(name) or 0)), own_unit)
        if other.amount and fee.amount and other.monthly != fee.monthly:
            raise TariffError(name, f"and {source} give two different amounts; a bill has one of them")
        if other.amount and not fee.amount:
            fee, source = other, name
    return fee


def _window(minutes: object) -> int | None:
    if not minutes:
        return None
    window = number("demandwindow", minutes)
    if window != int(window) or not 1 <= window <= 60 or 60 % int(window):
        raise TariffError(
            "demandwindow", f"{minutes} is not supported; it must be minutes that divide an hour, such as 15"
        )
    return int(window) * 60


def _zone(name: object) -> str:
    try:
        return zone_of(str(name)).key
    except UsageError:
        raise TariffError("timezone", f"{name!r} is not an IANA time zone such as America/New_York") from None
