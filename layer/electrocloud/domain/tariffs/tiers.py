"""Prices by tier."""

from decimal import Decimal
from typing import NamedTuple


class Tier(NamedTuple):
    """A step of a price: what lies below `limit` and above the tier before costs `rate`.

    `limit` counts from zero, in `unit`; the last tier has none. `rate` is URDB's rate + adj, in $ a kWh
    (energy) or a kW (demand); of received energy its sell rate. `unit` is `kWh` or `kW`; ` daily` makes the limit a
    day's, and `/kW` one for each kW of the month's demand.
    """

    limit: Decimal | None
    rate: Decimal
    unit: str


Tiers = tuple[Tier, ...]
