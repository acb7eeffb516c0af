"""The price that keeps the revenue: a factor on one component's prices, found by rating with it."""

from collections.abc import Callable
from decimal import Decimal
from typing import NamedTuple

from electrocloud.domain.studies.price_change import NAMES, PLACES, Component, PriceChange

Revenue = Callable[[PriceChange], Decimal]

CLOSE_ENOUGH = Decimal("0.00001")  # of the revenue
TRIES = 3


class Neutral(NamedTuple):
    """A factor on a component's prices, and the revenue of rating with these prices, rounded as they are."""

    factor: Decimal
    revenue: Decimal


def neutral_factor(
    component: Component, wanted: Decimal, then: Decimal, made: Decimal, revenue: Revenue
) -> Neutral | str:
    """The factor by which a component's prices bring the `wanted` revenue, or why there is none.

    They bring `then` by a factor of 1, of which `made` by the component itself. Revenue is nearly a straight line of
    the factor: only minimum bills, credits and the rounding of each line to the cent bend it. So a few steps of the
    secant method end within CLOSE_ENOUGH, or the closest of TRIES is the answer.
    """
    if wanted == then:
        return Neutral(Decimal(1), then)
    if made <= 0:
        return f"the other prices bring nothing by {NAMES[component]}, so no factor on these keeps the revenue"
    tried = [(Decimal(1), then)]
    slope = made
    for _ in range(TRIES):
        factor, gives = tried[-1]
        following = (factor + (wanted - gives) / slope).quantize(PLACES)
        if following <= 0:
            return f"{NAMES[component].capitalize()} would have to be below 0 to keep the revenue"
        if following == factor:
            break
        tried.append((following, revenue(PriceChange(component, "factor", following))))
        slope = (tried[-1][1] - gives) / (following - factor) or slope
        if abs(tried[-1][1] - wanted) <= CLOSE_ENOUGH * abs(wanted):
            break
    return Neutral(*min(tried[1:] or tried, key=lambda one: abs(one[1] - wanted)))
