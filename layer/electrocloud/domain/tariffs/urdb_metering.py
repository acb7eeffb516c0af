"""How received energy is credited, from URDB's `dgrules` and SAM's own settings (docs/tariffs.md)."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from electrocloud.domain.errors import TariffError
from electrocloud.domain.tariffs.metering import NETTING, OPTIONS, Metering, MeteringOption
from electrocloud.domain.tariffs.tiers import Tier, Tiers
from electrocloud.domain.tariffs.urdb_tiers import ENERGY_UNITS, structure
from electrocloud.domain.tariffs.urdb_values import amount, number

_DG_RULES: dict[str, MeteringOption] = {  # as SAM's converter of URDB documents takes them
    "net metering": "net-metering",
    "net billing instantaneous": "net-billing",
    "net billing hourly": "net-billing-carryover",
    "buy all sell all": "buy-all-sell-all",
}
_HOURLY = "net billing hourly"


def metering_option(rate: Mapping[str, Any], named: MeteringOption | None) -> MeteringOption | None:
    """The option by which a rate credits received energy; None where it does not say, nor `named` does.

    `TariffError` names two fields that say different options, and a price series under net metering.
    """
    option = _option(rate, _rules(rate))
    if option and named and option != named:
        raise TariffError("dgrules", f"the tariff is {option}, and {named} was asked for; leave one of the two out")
    if option is None and _flag(rate, "usenetmetering"):
        option = "net-metering"
    option = option or named
    if option in NETTING and "energy_prices" in rate:
        raise TariffError("energy_prices", "have no net metering: what is netted over a month has no hour")
    return option


def metering(rate: Mapping[str, Any], energy: tuple[Tiers, ...], option: MeteringOption) -> Metering:
    """How a rate with these `energy` prices credits received energy by an option."""
    month = number("ur_nm_credit_month", rate.get("ur_nm_credit_month", 11))
    if month != int(month) or not 0 <= month <= 11:
        raise TariffError("ur_nm_credit_month", f"{month} is not a month, 0 (January) to 11 (December)")
    return Metering(
        option=option,
        sell=_sell(rate, energy),
        by_hour=_rules(rate) == _HOURLY,
        true_up_month=int(month) + 1,
        yearend_rate=amount("ur_nm_yearend_sell_rate", rate.get("ur_nm_yearend_sell_rate") or 0),
        rollover=_flag(rate, "ur_nm_credit_rollover"),
        expires=_flag(rate, "ur_nb_credit_expire"),
        same_month=_flag(rate, "ur_nb_apply_credit_current_month"),
    )


def _rules(rate: Mapping[str, Any]) -> str:
    rules = rate.get("dgrules") or ""
    spoken = " ".join(str(rules).lower().replace("_", " ").split())
    if spoken and spoken not in _DG_RULES:
        raise TariffError("dgrules", f"{rules!r:.40} is not supported; it must be one of {', '.join(_DG_RULES)}")
    return spoken


def _option(rate: Mapping[str, Any], rules: str) -> MeteringOption | None:
    """The option of `dgrules`, or of SAM's number. The number says of `Net Billing Hourly` what becomes of a credit."""
    of_rules = _DG_RULES.get(rules)
    if "ur_metering_option" not in rate:
        return of_rules
    value = number("ur_metering_option", rate["ur_metering_option"])
    if value != int(value) or not 0 <= value < len(OPTIONS):
        raise TariffError("ur_metering_option", f"{value} is not one of SAM's, 0 to {len(OPTIONS) - 1}")
    option = OPTIONS[int(value)]
    hourly = rules == _HOURLY and option in ("net-billing", "net-billing-carryover")
    if of_rules and option != of_rules and not hourly:
        raise TariffError(
            "ur_metering_option", f"is {option}, and dgrules are {rate['dgrules']!r}; correct one of them"
        )
    return option


def _sell(rate: Mapping[str, Any], energy: tuple[Tiers, ...]) -> tuple[Tiers, ...]:
    """The sell rates: the buy rates, one rate for all, or `sell` of each tier; none where there are none."""
    if _flag(rate, "ur_sell_eq_buy") or _flag(rate, "usenetmetering"):
        return energy
    periods = rate.get("energyratestructure") or []
    if "sell_rate" in rate:
        fixed = amount("sell_rate", rate["sell_rate"])
        return tuple(tuple(tier._replace(rate=fixed) for tier in tiers) for tiers in energy) or (_one_rate(fixed),)
    steps = [step for tiers in periods for step in tiers]
    if not any(_named(step).get("sell") is not None for step in steps):
        return ()
    sold = [[_sold(step) for step in tiers] for tiers in periods]
    return structure({"energyratestructure": sold}, "energyratestructure", ENERGY_UNITS)


def _one_rate(rate: Decimal) -> Tiers:
    return (Tier(None, rate, "kWh"),)


def _sold(step: Mapping[str, Any]) -> dict[str, Any]:
    """A tier with its sell rate in the place of its price; 0 where it has none."""
    own = _named(step)
    limits = {name: value for name, value in own.items() if name not in ("rate", "adj", "sell")}
    return {**limits, "rate": own.get("sell") or 0}


def _named(step: Mapping[str, Any]) -> dict[str, Any]:
    return {str(name).lower(): value for name, value in step.items()}


def _flag(rate: Mapping[str, Any], field: str) -> bool:
    value = rate.get(field) or 0
    if value not in (0, 1):
        raise TariffError(field, f"{value!r:.40} is neither true nor false")
    return bool(value)
