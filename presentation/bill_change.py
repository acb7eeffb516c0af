"""Why a bill differs from the one before it, in parts that add up to the difference, and in a sentence to read out.

The energy charge changes with the days of the period, the energy used per day, and the price per kWh:
kWh1 p1 - kWh0 p0 = (d1 - d0) u0 p0 + d1 (u1 - u0) p0 + kWh1 (p1 - p0), where u is kWh per day, and p the energy charge
per kWh. p changes with the prices, and with how much of the energy is in which tier and time of use: of p1 - p0,
p1 - q is the change of prices, and q - p0 that of tiers and times, where q is what a kWh of this period costs on
average at the earlier prices. All other charges are compared as they stand. Of the part for use per day, so much is
for the weather as it explains of u1 - u0, and the rest for other use.
"""

from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from electrocloud.domain.billing.bill_document import Bill
from electrocloud.domain.currency import written
from presentation.invoice_text import period
from presentation.money_text import money
from presentation.temperature_text import CELSIUS, Scale

SMALL = Decimal("0.01")  # smaller parts are not named


class WeatherChange(NamedTuple):
    """The mean temperatures of two periods (°C), and the change in use per day that the weather explains (kWh).

    `kwh` is None where the customer's bills do not show how use depends on the weather.
    """

    before_c: float
    after_c: float
    kwh: float | None


class Part(NamedTuple):
    """A part of the difference: why, in words, and how much (in the bill's currency, exact); `note` says more of it."""

    why: str
    amount: Fraction
    note: str = ""


def parts(before: Bill, after: Bill, weather: WeatherChange | None = None, scale: Scale = CELSIUS) -> list[Part]:
    """The parts of the difference of the totals, the largest first. They add up to it exactly."""
    days = Fraction(after.days - before.days)
    use, use_before = _per_day(after), _per_day(before)
    price, price_before = _price(after, before), _price(before, after)
    energy, earlier = Fraction(after.energy_kwh), _price_at_earlier_prices(before, after, price, price_before)
    found = [
        Part(_days_text(after.days - before.days), days * use_before * price_before),
        Part(
            f"{_use(use)} per day instead of {_use(use_before)}",
            after.days * (use - use_before) * price_before,
            _weather_text(weather, scale, use - use_before, after.days * price_before, after.currency),
        ),
        Part(
            f"an average energy price of {_cents(price, after.currency)} instead of "
            f"{_cents(earlier, after.currency)} per kWh",
            energy * (price - earlier),
        ),
        Part(_mix_text(before, after, earlier > price_before), energy * (earlier - price_before)),
        *(Part(name, Fraction(getattr(after, field)) - Fraction(getattr(before, field))) for field, name in _OTHERS),
    ]
    return sorted((part for part in found if part.amount), key=lambda part: -abs(part.amount))


def sentence(before: Bill, after: Bill, weather: WeatherChange | None = None, scale: Scale = CELSIUS) -> str:
    """The difference in one sentence, such as a clerk reads out, with the weather where it is known."""
    change = after.total_rounded - before.total_rounded
    if not change:
        return f"{period(after)}: the same amount as in {period(before)}."
    share = f" ({abs(change) / abs(before.total_rounded):.0%})" if before.total_rounded else ""
    text = f"{money(abs(change), after.currency)}{share} {'more' if change > 0 else 'less'} than in {period(before)}"
    named = [part for part in parts(before, after, weather, scale) if abs(part.amount) >= SMALL]
    reasons = ", ".join(f"{part.why} ({_amount(part.amount, after.currency)}{part.note})" for part in named)
    estimated = (
        f" {after.intervals.estimated:,} of {after.intervals.expected:,} readings are estimated."
        if after.intervals.estimated
        else ""
    )
    return f"{period(after)}: {text}: {reasons}.{estimated}" if reasons else f"{period(after)}: {text}.{estimated}"


_OTHERS = (
    ("demand_charge", "demand charges"),
    ("fixed_charge", "fixed charges"),
    ("minimum_top_up", "minimum-bill charge"),
    ("rider_charge", "riders"),
    ("tax", "taxes"),
    ("export_credit", "credit for export"),
)


def _per_day(bill: Bill) -> Fraction:
    return Fraction(bill.energy_kwh) / bill.days if bill.days else Fraction(0)


def _price(bill: Bill, other: Bill) -> Fraction:
    """The energy charge per kWh; of a bill without energy that of the other one, since none was charged."""
    for one in (bill, other):
        if one.energy_kwh:
            return Fraction(one.energy_charge) / Fraction(one.energy_kwh)
    return Fraction(0)


def _price_at_earlier_prices(before: Bill, after: Bill, price: Fraction, price_before: Fraction) -> Fraction:
    """What a kWh of `after` costs on average at the prices of `before`, by tier and time of use.

    At the same version of the prices that is `price`. Where the tariff changed, or a tier or time has no earlier price,
    all of the change counts as one of prices.
    """
    earlier, now = _energy_by_price(before), _energy_by_price(after)
    if not earlier or not now or _tariffs(before) != _tariffs(after):
        return price_before
    if before.tariff_fingerprint == after.tariff_fingerprint:
        return price
    if not now.keys() <= earlier.keys():
        return price_before
    changes = (kwh * (amount / kwh - earlier[key][1] / earlier[key][0]) for key, (kwh, amount) in now.items())
    return price - sum(changes, Fraction(0)) / Fraction(after.energy_kwh)


def _tariffs(bill: Bill) -> set[str]:
    return {segment.tariff for segment in bill.segments} or {bill.tariff}


def _energy_by_price(bill: Bill) -> dict[tuple[int, int], tuple[Fraction, Fraction]]:
    """The energy, kWh, and its charge in each time of use and tier; nothing where some is charged by hourly prices."""
    found: dict[tuple[int, int], tuple[Fraction, Fraction]] = {}
    for line in bill.lines:
        if line.kind != "energy" or not line.quantity:
            continue
        if line.period is None or line.tier is None:
            return {}
        kwh, amount = found.get((line.period, line.tier), (Fraction(0), Fraction(0)))
        found[line.period, line.tier] = kwh + Fraction(line.quantity), amount + Fraction(line.amount)
    return found


def _mix_text(before: Bill, after: Bill, higher: bool) -> str:
    """In which tiers or times the energy moved, such as `more energy in higher-priced tiers`."""
    keys = _energy_by_price(before).keys() | _energy_by_price(after).keys()
    tiers, times = len({tier for _, tier in keys}) > 1, len({period for period, _ in keys}) > 1
    where = {(True, True): "in higher-priced tiers and times", (False, True): "at higher-priced times"}.get(
        (tiers, times), "in higher-priced tiers"
    )
    return f"a {'larger' if higher else 'smaller'} share of the energy {where}"


def _days_text(days: int) -> str:
    return f"{abs(days)} {'day' if abs(days) == 1 else 'days'} {'more' if days > 0 else 'less'}"


def _use(kwh: Fraction) -> str:
    return f"{float(kwh):,.1f} kWh"


def _cents(price: Fraction, currency: str) -> str:
    return written(Decimal(price.numerator) / price.denominator, 4, currency)


def _weather_text(weather: WeatherChange | None, scale: Scale, use: Fraction, price: Fraction, currency: str) -> str:
    """How much of a change in use per day (kWh) is for the weather, where a kWh per day more costs `price`."""
    if weather is None or scale.text(weather.before_c) == scale.text(weather.after_c):
        return ""
    how = "colder" if weather.after_c < weather.before_c else "warmer"
    temperatures = f"{scale.text(weather.after_c)} instead of {scale.text(weather.before_c)} on average"
    if weather.kwh is None:
        return f"; it was {how}, {temperatures}"
    explained = _rounded(Fraction(weather.kwh) * price)
    if not explained:
        return ""
    other = _rounded(use * price) - explained  # so that the shown amounts add up
    return (
        f": {money(explained, currency, sign=True)} for {how} weather, {temperatures}, "
        f"and {money(other, currency, sign=True)} for other use"
    )


def _amount(amount: Fraction, currency: str) -> str:
    return money(_rounded(amount), currency, sign=True)


def _rounded(amount: Fraction) -> Decimal:
    return round(Decimal(amount.numerator) / amount.denominator, 2)
