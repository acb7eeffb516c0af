"""What homes switch on, with powers, run times and habits; and what runs by itself."""

import numpy as np

from producers.calendar import Days
from producers.chance import bell
from producers.habits import Customers, Phases, Use, cycles, steady
from producers.register import Runs

_HOB: Phases = ((0.0, 0.3, 1.0), (0.3, 0.7, 0.5))
_OVEN: Phases = ((0.0, 0.2, 1.0), (0.3, 0.1, 1.0), (0.5, 0.1, 1.0), (0.7, 0.1, 1.0))
_DISHES: Phases = ((0.0, 0.2, 1.0), (0.2, 0.45, 0.06), (0.65, 0.15, 1.0))
_LAUNDRY: Phases = ((0.0, 0.25, 1.0), (0.25, 0.6, 0.08), (0.85, 0.15, 0.25))

# The rates are for Göttingen; elsewhere the place says who owns what, and its sun and weather do the rest.
HOME_USES = (
    Use("coffee", 0.9, (0.9, 0.8, 0.6), "wake", 0.6, 0.5, 0.3, 0.2, 1000),
    Use("breakfast", 0.95, (0.6, 0.5, 0.4), "wake", 0.9, 0.6, 0.4, 0.25, 1500),
    Use("hair dryer", 0.7, (1.4, 1, 0.6), "wake", 0.7, 0.4, 0.2, 0.12, 1500),
    Use("shower", 0.06, (0.49, 0.41, 0.49), "wake", 0.7, 0.6, 0.25, 0.07, 18000, size=0.7),
    Use("evening shower", 0.06, (0.16, 0.16, 0.25), "bed", -1.5, 0.8, 0.4, 0.07, 18000, size=0.7),
    Use("morning light", 1.0, (2.5, 1, 0.5), "wake", 0.0, 0.05, 0.1, 0.0, 200, until="dawn"),
    Use("housework", 0.9, (1, 0.32, 0.12), 9.0, 0.0, 1.2, 1.0, 1.0, 700, cold=0.1),
    Use("second breakfast", 0.9, (1.5, 0.55, 1), 9.3, 0.0, 0.8, 0.5, 0.26, 1500, cold=0.1),
    Use("daytime", 1.0, (0.6, 0.6, 0.5), 9.0, 0.0, 0.8, 0.7, 5.5, 110, cold=0.3, waits=False),
    Use("lunch", 0.95, (3, 1.5, 0.36), "lunch", -0.2, 0.5, 0.3, 0.7, 1300, phases=_HOB, cold=0.2, waits=False),
    Use("lunch oven", 0.8, (0.2, 0.14, 0.43), "lunch", -0.5, 0.6, 0.4, 1.0, 2200, phases=_OVEN, cold=0.4, waits=False),
    Use("roast", 0.8, (0.024, 0.12, 1.7), "lunch", -1.1, 0.6, 0.3, 1.8, 2200, phases=_OVEN, cold=0.6, waits=False),
    Use("after lunch", 0.5, (0.34, 1.2, 0.27), "lunch", 0.9, 0.5, 0.4, 1.6, 1800, phases=_DISHES, size=0.6, cold=0.1),
    Use("pastime", 0.9, (0.8, 0.8, 0.6), 14.5, 0.0, 4.6, 2.0, 3.0, 260, cold=0.2),
    Use("dinner", 0.95, (0.12, 0.81, 0.12), "dinner", -0.2, 0.5, 0.4, 0.5, 1400, phases=_HOB, cold=0.1, out=2.5),
    Use("dinner oven", 0.8, (0.047, 0.46, 0.059), "dinner", -0.2, 0.5, 0.4, 0.7, 2200, phases=_OVEN, cold=0.1, out=2.5),
    Use("microwave", 0.7, (0.33, 0.41, 0.25), "dinner", -0.3, 1.5, 1.0, 0.1, 1200),
    Use("tea", 0.8, (0.16, 0.41, 0.33), 15.3, 0.0, 0.8, 0.5, 0.12, 1500),
    Use("dishwasher", 0.5, (0.17, 0.43, 1.7), "dinner", 1.2, 1.0, 0.7, 1.6, 1800, phases=_DISHES, size=0.6),
    Use("laundry", 0.95, (0.2, 0.41, 0.16), 10, 0.0, 2.2, 1.4, 1.5, 1900, phases=_LAUNDRY, size=0.7, weekly=True),
    Use("evening laundry", 0.4, (0.12, 0.16, 0.082), 19, 0.0, 1.5, 1.2, 1.5, 1900, phases=_LAUNDRY, weekly=True),
    Use("dryer", 0.4, (0.37, 0.74, 0.33), 12.0, 0.0, 2.0, 1.4, 1.6, 1000, size=0.7, cold=0.5, weekly=True),
    Use("ironing", 0.8, (0.082, 0.12, 0.049), 15.0, 0.0, 2.0, 1.5, 0.7, 1000, weekly=True),
    Use("afternoon television", 0.9, (0.13, 0.24, 0.17), 14.5, 0.0, 1.5, 1.5, 2.5, 150, cold=0.3),
    Use("television", 0.95, (1.6, 1.2, 1.8), "dinner", 0.7, 0.7, 0.5, 0.0, 85, until="bed"),
    Use("late television", 0.45, (0.49, 0.49, 0.89), "bed", 0.0, 0.3, 0.4, 1.2, 200),
    Use("computer", 0.85, (0.2, 0.2, 0.2), 19, 0.0, 2.0, 1.5, 2.5, 120),
    Use("evening light", 1.0, (2.5, 2.5, 2.5), "dusk", 0.1, 0.3, 0.2, 0.0, 55, until="bed"),
    Use("room light", 1.0, (1.5, 1.2, 1.3), "dusk", 1.0, 0.6, 0.3, 0.0, 85, until="bed"),
    Use("kitchen light", 1.0, (1.2, 1.6, 1.4), "dinner", -0.2, 0.6, 0.3, 1.3, 120, cold=0.4),
    Use("night boiler", 0.08, (0.66, 0.66, 1.3), 23.8, 0.0, 1.2, 0.2, 1.2, 1500, size=0.7, cold=0.3),
    Use("circulation pump", 0.65, (2.7, 2.7, 2.7), "wake", -0.4, 0.4, 0.1, 0.0, 50, until="bed", size=0.0, cold=1.3),
    Use("heater", 0.2, (0.12, 0.12, 0.2), "dinner", -1.0, 2.0, 1.0, 4.0, 800, cold=4.0),
)


def base_runs(homes: Customers, days: Days) -> Runs:
    """What is never off: standby, router, clocks."""
    return steady(days, 69 * homes.thrift**0.5 * homes.size**0.2 * np.exp(0.5 * bell(homes.keys, "standby")))


def fridge_runs(homes: Customers, days: Days) -> Runs:
    """Fridges and freezers."""
    watts = 110 * np.exp(0.25 * bell(homes.keys, "fridge")) * (1 + (homes.size > 1))
    return cycles(homes, days, "fridge", 3600 * (1.7 + 0.4 * bell(homes.keys, "period")), 0.35, watts)
