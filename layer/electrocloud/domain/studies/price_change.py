"""Changed prices: the same tariff with some of its prices raised, lowered or replaced."""

import calendar
import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Literal, get_args

import msgspec

from electrocloud.domain.billing import line_text
from electrocloud.domain.errors import UsageError
from electrocloud.domain.tariffs.tariff import Fee, Schedule, Tariff
from electrocloud.domain.tariffs.tiers import Tiers
from electrocloud.domain.tariffs.versions import DatedTariff

Component = Literal["energy", "demand", "fixed", "minimum"]
COMPONENTS: tuple[Component, ...] = get_args(Component)
NAMES: dict[Component, str] = {
    "energy": "energy prices",
    "demand": "demand prices",
    "fixed": "the fixed charge",
    "minimum": "the minimum bill",
}
PLACES = Decimal("0.000001")  # a price that is worked out is rounded to this, as it could be published

_FORM = re.compile(r"(?P<component>[a-z]+)(?:\[(?P<period>\d+)\])?=(?P<sign>[+-]?)(?P<number>[0-9.]+)(?P<percent>%?)")


class PriceChange(msgspec.Struct, frozen=True):
    """What becomes of the prices of a `component`: times `value` (`factor`), plus `value` (`add`), or `value` (`set`).

    `value` is in the price's own unit, such as $/kWh. With `period`, the prices of that period alone, by the tariff's
    number of it; only energy and demand have periods.
    """

    component: Component
    kind: Literal["factor", "add", "set"]
    value: Decimal
    period: int | None = None

    def __str__(self) -> str:
        where = f"{self.component}[{self.period}]" if self.period is not None else self.component
        if self.kind == "factor":
            return f"{where}={((self.value - 1) * 100).normalize():+f}%"
        return f"{where}={self.value:{'+' if self.kind == 'add' else ''}f}"

    def of(self, price: Decimal) -> Decimal:
        """The changed price. `UsageError` where it falls below 0 and the price was not."""
        if self.kind == "set":
            return self.value
        changed = price + self.value if self.kind == "add" else (price * self.value).quantize(PLACES).normalize()
        if changed < 0 <= price:
            raise UsageError(f"{self} makes the price {price} negative")
        return changed


def parse_change(text: str) -> PriceChange:
    """A change as a person writes it: `energy=+5%`, `energy[1]=+0.02`, `fixed=14.50`, `demand=-10%`."""
    found = _FORM.fullmatch(text.replace(" ", ""))
    if not found or found["component"] not in COMPONENTS:
        raise UsageError(
            f"{text!r} is no price change; write a component ({', '.join(COMPONENTS)}) and what becomes of it, such as "
            "energy=+5%, energy[1]=+0.02 or fixed=14.50"
        )
    try:
        number = Decimal(found["sign"] + found["number"])
    except InvalidOperation:
        raise UsageError(f"{text!r}: {found['number']} is not a number") from None
    component: Component = next(one for one in COMPONENTS if one == found["component"])
    period = int(found["period"]) if found["period"] else None
    if period is not None and component not in ("energy", "demand"):
        raise UsageError(f"{text!r}: only energy and demand have periods")
    if found["percent"]:
        return PriceChange(component, "factor", 1 + number / 100, period)
    return PriceChange(component, "add" if found["sign"] else "set", number, period)


@lru_cache(maxsize=256)  # what is worked out about a tariff is kept by it, and many customers share one
def changed_prices(tariff: DatedTariff, changes: tuple[PriceChange, ...]) -> DatedTariff:
    """A tariff with all its versions changed; itself without changes. `UsageError` for what cannot be changed so."""
    if not changes:
        return tariff
    versions = tuple(version._replace(tariff=_changed(version.tariff, changes)) for version in tariff.versions)
    return DatedTariff(tariff.tariff_id, versions)


def _changed(tariff: Tariff, changes: Iterable[PriceChange]) -> Tariff:
    for change in changes:
        match change.component:
            case "energy":
                if tariff.series:
                    raise UsageError(f"{tariff.name or tariff.label} has hourly prices, which a study cannot change")
                tariff = replace(tariff, energy=_tiers(tariff.energy, change))
            case "demand":
                flat = tariff.flat_demand if change.period is not None else _tiers(tariff.flat_demand, change)
                tariff = replace(tariff, demand=_tiers(tariff.demand, change), flat_demand=flat)
            case "fixed":
                tariff = replace(tariff, fixed=Fee(change.of(tariff.fixed.amount), tariff.fixed.unit))
            case "minimum":
                tariff = replace(tariff, minimum=Fee(change.of(tariff.minimum.amount), tariff.minimum.unit))
    return tariff


def _tiers(structure: tuple[Tiers, ...], change: PriceChange) -> tuple[Tiers, ...]:
    return tuple(
        tuple(tier._replace(rate=change.of(tier.rate)) for tier in tiers) if change.period in (None, period) else tiers
        for period, tiers in enumerate(structure)
    )


class NamedPrice(msgspec.Struct, frozen=True):
    """One price of a tariff, named as on a bill: `Energy, Peak (16:00-21:00), tier 2`; its unit, and both prices."""

    tariff: str
    name: str
    unit: str
    before: Decimal
    after: Decimal


def compared_prices(before: Tariff, after: Tariff) -> list[NamedPrice]:
    """The prices of a tariff that differ from those of the tariff it was made of."""
    label = after.name or after.label
    return [
        NamedPrice(label, name, unit, old, new)
        for (name, unit, old), (_, _, new) in zip(_prices(before), _prices(after), strict=True)
        if old != new
    ]


def _prices(tariff: Tariff) -> list[tuple[str, str, Decimal]]:
    energy = _months_and_names(tariff.energy_schedule, lambda month: line_text.energy_periods(tariff, month))
    demand = _months_and_names(tariff.demand_schedule, lambda month: line_text.demand_periods(tariff, month))
    return [
        *_named("Energy", tariff.energy, "$/kWh", energy),
        *_named("Demand", tariff.demand, "$/kW", demand if tariff.demand else {}),
        *_named("Demand at any time", tariff.flat_demand, "$/kW", {}),
        ("Fixed charge", tariff.fixed.unit, tariff.fixed.amount),
        ("Minimum bill", tariff.minimum.unit, tariff.minimum.amount),
    ]


def _named(what: str, structure: tuple[Tiers, ...], unit: str, names: dict[int, str]) -> list[tuple[str, str, Decimal]]:
    return [
        (f"{what}{names.get(period, '')}{f', tier {number + 1}' if tiers[1:] else ''}", unit, tier.rate)
        for period, tiers in enumerate(structure)
        for number, tier in enumerate(tiers)
    ]


def _months_and_names(schedule: Schedule, names: Callable[[int], dict[int, str]]) -> dict[int, str]:
    """Each period's name on bills, with its months where it does not hold all year: `, Peak (16:00-21:00), Jun-Sep`."""
    held: dict[int, list[int]] = {}
    for month in range(1, 13):
        for period in schedule.periods(month):
            held.setdefault(period, []).append(month)
    return {
        period: names(own[0]).get(period, "") + ("" if len(own) == 12 else f", {_months_text(own)}")
        for period, own in held.items()
    }


def _months_text(months: list[int]) -> str:
    """`Jan-May, Oct-Dec`."""
    runs: list[list[int]] = []
    for month in months:
        if runs and runs[-1][-1] == month - 1:
            runs[-1].append(month)
        else:
            runs.append([month])
    ends = ([calendar.month_abbr[month] for month in dict.fromkeys((own[0], own[-1]))] for own in runs)
    return ", ".join("-".join(one) for one in ends)
