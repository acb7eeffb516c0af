"""Prices by period and tier, from URDB's structures."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any

from electrocloud.domain.errors import TariffError
from electrocloud.domain.money import exact
from electrocloud.domain.tariffs.tiers import Tier, Tiers
from electrocloud.domain.tariffs.urdb_values import decimal, has_amount, number

ENERGY_UNITS = ("kWh", "kWh daily", "kWh/kW", "kWh/kW daily")
DEMAND_UNITS = ("kW", "kVA")
BEYOND_METERS = Decimal(10**8)  # kWh or kW: other programs write a tier without a limit as 1e9, 1e14 or 1e38


def structure(rate: Mapping[str, Any], field: str, units: tuple[str, ...]) -> tuple[Tiers, ...]:
    """The tiers of each period in a field; none where the field is absent, or no tier in it has a price."""
    periods = rate.get(field) or []
    if not isinstance(periods, list | tuple):
        raise TariffError(field, "must be a list of periods, each a list of tiers")
    if _is_blank(periods):
        return ()
    return tuple(_tiers(f"{field}[{place}]", tiers, units) for place, tiers in enumerate(periods))


def _is_blank(periods: Sequence[object]) -> bool:
    """Whether a form was saved without prices: tiers without `rate` and `adj`, and nothing else."""
    steps = [step for steps in periods if isinstance(steps, list | tuple) for step in steps]
    units = (
        {str(name).lower() for name, value in step.items() if value is not None}
        for step in steps
        if isinstance(step, Mapping)
    )
    return (
        bool(steps) and all(isinstance(step, Mapping) for step in steps) and all(names <= {"unit"} for names in units)
    )


def _tiers(field: str, steps: object, units: tuple[str, ...]) -> Tiers:
    """The tiers of a period in the order of use.

    A `kWh/kW` tier that `kWh` tiers follow bounds these together: it is put in the place of the last of them, which
    then has its limit. Tiers behind one that no meter can use up are left out.
    """
    if not isinstance(steps, list | tuple) or not steps:
        raise TariffError(field, "must be a list of at least one tier")
    tiers = [_tier(f"{field}[{place}]", step, units) for place, step in enumerate(steps)]
    last = steps[-1]
    if isinstance(last, Mapping) and last.get("max") == 0:  # a form's empty field: a last tier cannot end at 0
        tiers[-1] = tiers[-1]._replace(limit=None)
    tiers = _blocks(field, tiers)
    for place, tier in enumerate(tiers[:-1]):
        if tier.limit is None:
            raise TariffError(f"{field}[{place}].max", "is missing; only the last tier has no limit")
    tiers = _reachable(tiers)
    for place, tier in enumerate(tiers):
        if tier.limit is not None and tier.limit <= 0:
            raise TariffError(f"{field}[{place}].max", f"{tier.limit} must be above 0")
    if tiers[-1].limit is not None:
        place, unit = len(tiers) - 1, tiers[-1].unit
        raise TariffError(
            f"{field}[{place}].max",
            f"the last tier has a limit, {tiers[-1].limit} {unit}; add a tier for what is above it",
        )
    _check_order(field, tiers)
    return tuple(tiers)


def _blocks(field: str, tiers: Sequence[Tier]) -> list[Tier]:
    """The tiers with each `kWh/kW` tier that bounds the `kWh` tiers after it in the place of the last of these."""
    found: list[Tier] = []
    bound: Tier | None = None
    for place, (tier, following) in enumerate(zip(tiers, [*tiers[1:], None], strict=True)):
        next_is_kwh = following is not None and "/kW" not in following.unit
        if "/kW" in tier.unit and next_is_kwh:
            bound = tier
        elif bound is not None and not next_is_kwh:
            if following is None or (tier.limit is not None and tier.limit < BEYOND_METERS):
                raise TariffError(
                    f"{field}[{place}].max",
                    f"the kWh tiers within {bound.limit} {bound.unit} must end with one without a limit, "
                    "and a kWh/kW tier must follow them",
                )
            found.append(tier._replace(limit=bound.limit, unit=bound.unit))
            bound = None
        else:
            found.append(tier)
    return found


def _reachable(tiers: list[Tier]) -> list[Tier]:
    for place, tier in enumerate(tiers):
        if tier.limit is not None and tier.limit >= BEYOND_METERS:
            return [*tiers[:place], tier._replace(limit=None)]
    return tiers


def _check_order(field: str, tiers: Sequence[Tier]) -> None:
    """Limits of one kind ascend. Those in kWh and those in kWh/kW have their order from the month's demand."""
    for per_kw in (False, True):
        own = [(place, tier) for place, tier in enumerate(tiers[:-1]) if ("/kW" in tier.unit) == per_kw]
        for (before, lower), (place, upper) in pairwise(own):
            new_block = any("/kW" in tier.unit for tier in tiers[before:place]) and not per_kw
            # A day's limit counts 28 to 31 times: the tiers must have one order in every month.
            if not new_block and any(_reach(lower, days) >= _reach(upper, days) for days in (28, 31)):
                raise TariffError(f"{field}[{place}].max", f"{upper.limit} is not above {lower.limit}, the tier before")


def _reach(tier: Tier, days: int) -> Fraction:
    return Fraction(tier.limit or 0) * (days if "daily" in tier.unit else 1)


def _tier(field: str, step: object, units: tuple[str, ...]) -> Tier:
    if not isinstance(step, Mapping):
        raise TariffError(field, "must be an object with a rate")
    named = {str(name).lower(): value for name, value in step.items() if value not in (None, "")}
    for key, value in named.items():
        if key not in ("rate", "adj", "max", "unit", "sell") and has_amount(value):  # `sell`: urdb_metering
            raise TariffError(f"{field}.{key}", "is not a known field of a tier")
    if "rate" not in named and "adj" not in named:
        raise TariffError(f"{field}.rate", "is missing; a tier that is free has the rate 0")
    price = number(f"{field}.rate", named.get("rate", 0)) + number(f"{field}.adj", named.get("adj", 0))
    by_lower_case = {unit.lower(): unit for unit in units}
    unit = str(named.get("unit") or units[0])
    if unit.lower() not in by_lower_case:
        raise TariffError(f"{field}.unit", f"{unit!r} is not supported; it must be one of {', '.join(units)}")
    return Tier(_limit(f"{field}.max", named.get("max")), exact(price), by_lower_case[unit.lower()])


def _limit(field: str, value: object) -> Decimal | None:
    if value is None:
        return None
    limit = decimal(field, value)
    return BEYOND_METERS if limit >= BEYOND_METERS else exact(number(field, limit))
