"""The appliances of homes: their power, run times and usage habits, and loads that run on their own.

Powers and run times are typical of rating plates and energy labels: 0.6 kWh per laundry load, 0.7 kWh per dishwasher
cycle, 1.2 kWh per load of a heat-pump dryer, 1.7 kWh per roast.
"""

import numpy as np

from producers.fleet.days import Days
from producers.fleet.habits import Customers, Phases, Use, cycles, steady
from producers.fleet.homes import AT_HOME, FULL_DAYS, HALF_DAYS, RETIRED
from producers.fleet.meter_register import Runs
from producers.fleet.random_numbers import normal, uniform

_HOB: Phases = ((0.0, 0.3, 1.0), (0.3, 0.7, 0.5))
_OVEN: Phases = ((0.0, 0.18, 1.0), (0.3, 0.08, 1.0), (0.5, 0.08, 1.0), (0.7, 0.08, 1.0))
_ROAST: Phases = ((0.0, 0.12, 1.0), *((0.22 + 0.16 * i, 0.06, 1.0) for i in range(5)))
_DISHES: Phases = ((0.0, 0.12, 1.0), (0.12, 0.5, 0.05), (0.62, 0.1, 1.0))
_LAUNDRY: Phases = ((0.0, 0.13, 1.0), (0.13, 0.7, 0.08), (0.83, 0.15, 0.2))

_NOON = (RETIRED, HALF_DAYS, FULL_DAYS)  # cook at noon when at home
_EVENING = (AT_HOME, FULL_DAYS)  # cook in the evening
_BREAD = (RETIRED, HALF_DAYS)  # eat a cold supper, and seldom cook in the evening

# The rates are for Göttingen. Elsewhere, appliance ownership, sun and weather of the place make the difference. They
# were fitted, within plausible limits, to H0's energy by hour and day type; spreads were set by hand.
HOME_USES = (
    Use("coffee", 0.9, (2.9, 1.2, 1.2), "wake", 0.6, 0.5, 0.3, 0.2, 1000),
    Use("breakfast", 0.95, (2, 0.6, 0.6), "wake", 0.9, 0.6, 0.4, 0.22, 1200),
    Use("hair dryer", 0.7, (3, 0.8, 0.7), "wake", 0.7, 0.4, 0.2, 0.12, 1500),
    Use("shower", 0.06, (1, 0.8, 1.2), "wake", 0.7, 0.6, 0.25, 0.07, 18000, size=0.7),
    Use("evening shower", 0.06, (0.06, 0.05, 0.1), "bed", -1.5, 0.8, 0.4, 0.07, 18000, size=0.7),
    Use("morning light", 1.0, (3, 2, 0.2), "wake", 0.0, 0.05, 0.1, 0.0, 200, until="dawn"),
    Use("housework", 0.9, (0.55, 0.4, 0.12), 9.3, 0.0, 0.9, 1.5, 0.9, 700),
    Use("second breakfast", 0.9, (2.3, 0.6, 3), 9.4, 0.0, 0.4, 1.1, 0.25, 1500),
    Use("daytime", 1.0, (0.95, 0.9, 1.1), 9.0, 0.0, 0.8, 0.7, 4.5, 300, cold=0.3, waits=False),
    Use("lunch", 0.95, (5, 2.4, 0.3), "lunch", -0.2, 0.2, 0.5, 0.8, 1700, phases=_HOB, waits=False, ways=_NOON),
    Use("lunch oven", 0.8, (1, 0.22, 0.06), "lunch", -0.5, 0.3, 0.65, 1, 2000, phases=_OVEN, waits=False, ways=_NOON),
    Use("roast", 0.8, (0.02, 0.2, 3), "lunch", -1.0, 0.4, 0.3, 1.9, 2100, phases=_ROAST, cold=0.8, waits=False),
    Use("after lunch", 0.5, (1.6, 1.2, 0.15), "lunch", 0.8, 0.3, 0.55, 1.6, 2000, phases=_DISHES),
    Use("pastime", 0.9, (0.26, 0.5, 0.52), 14.0, 0.0, 4.0, 2.0, 2.2, 400, cold=0.2),
    Use("dinner", 0.95, (2.6, 3.3, 1.1), "dinner", -0.2, 0.45, 0.1, 0.6, 1300, phases=_HOB, ways=_EVENING),
    Use("supper", 0.95, (0.4, 2.2, 0.5), "dinner", -0.2, 0.5, 0.4, 0.4, 1200, phases=_HOB, ways=_BREAD),
    Use("dinner oven", 0.8, (0.32, 3.1, 0.25), "dinner", -0.2, 0.6, 0.2, 0.7, 2000, phases=_OVEN, ways=_EVENING),
    Use("microwave", 0.7, (0.25, 0.7, 0.2), "dinner", -0.3, 1.5, 1.0, 0.1, 1200),
    Use("tea", 0.8, (0.15, 0.4, 0.8), 15.3, 0.0, 0.8, 0.5, 0.12, 1500),
    Use("dishwasher", 0.5, (0.18, 0.4, 0.4), "dinner", 1.2, 1.1, 0.5, 1.6, 2000, phases=_DISHES),
    Use("laundry", 0.95, (0.18, 0.45, 0.06), 10, 0.0, 1.4, 2.2, 1.5, 2000, phases=_LAUNDRY, size=0.7, weekly=True),
    Use("evening laundry", 0.4, (0.12, 0.45, 0.08), 19, 0.0, 1.5, 1.2, 1.5, 2000, phases=_LAUNDRY, weekly=True),
    Use("dryer", 0.4, (0.35, 1, 0.5), 12.0, 0.0, 1.4, 2.0, 1.9, 650, size=0.7, cold=0.5, weekly=True),
    Use("ironing", 0.8, (0.07, 0.13, 0.04), 15.0, 0.0, 1.5, 2.0, 0.7, 600, weekly=True),
    Use("afternoon television", 0.9, (0.26, 0.5, 0.45), 14.5, 0.0, 1.5, 1.5, 2.2, 180, cold=0.3),
    Use("television", 0.95, (0.45, 0.8, 0.7), "dinner", 0.5, 0.7, 0.5, 0.0, 120, until="bed"),
    Use("late television", 0.45, (3.1, 1.1, 1.2), 22.3, 0.0, 0.6, 0.4, 1.2, 200),
    Use("computer", 0.85, (0.15, 0.4, 0.36), 18.5, 0.0, 2.3, 1.0, 2.5, 150),
    Use("evening light", 1.0, (1, 3, 2.5), "dusk", 0.1, 0.3, 0.2, 0.0, 75, until="bed"),
    Use("room light", 1.0, (2.7, 3.2, 1.3), "dusk", 1.0, 0.6, 0.3, 0.0, 100, until="bed"),
    Use("kitchen light", 1.0, (1.5, 3, 3), "dinner", -0.2, 0.65, 0.2, 1.3, 120, cold=0.4),
    Use("bath boiler", 0.3, (0.8, 0.6, 0.4), "wake", 1.5, 0.6, 1.3, 0.5, 2000, size=0.8),
    Use("sink boiler", 0.3, (0.8, 0.7, 0.2), "lunch", 0.5, 0.6, 1.8, 0.3, 2000, size=0.8, waits=False),
    Use("evening boiler", 0.3, (0.54, 2.8, 0.45), "dinner", 0.5, 1.6, 0.8, 0.5, 2000, size=0.8),
    Use("night boiler", 0.08, (0.3, 0.4, 1.2), 23.2, 0.0, 1.2, 0.2, 1.2, 1500, size=0.7, cold=0.3),
    Use("circulation pump", 0.65, (3, 3, 3), "wake", -0.4, 0.4, 0.1, 0.0, 50, until="bed", size=0.0, cold=1.3),
    Use("heater", 0.2, (0.05, 0.18, 0.24), "dinner", -1.0, 2.0, 1.0, 4.0, 800, cold=4.0),
)


def base_runs(homes: Customers, days: Days) -> Runs:
    """The base load: standby, router, clocks. It depends little on how thrifty the household is."""
    return steady(days, 50 * homes.thrift**0.1 * homes.size**0.2 * np.exp(0.4 * normal(homes.keys, "standby")))


def fridge_runs(homes: Customers, days: Days) -> Runs:
    """Fridges and freezers."""
    watts = 110 * np.exp(0.25 * normal(homes.keys, "fridge")) * (1 + (homes.size > 1))
    return cycles(homes, days, "fridge", 3600 * (1.7 + 0.4 * normal(homes.keys, "period")), 0.35, watts)


def thermostat_runs(homes: Customers, days: Days) -> Runs:
    """Other loads that a thermostat cycles day and night: dehumidifiers, aquariums, waterbeds, hot-water tanks.

    Three in four homes have one. It keeps a home's load varying at night.
    """
    watts = 290 * np.exp(0.4 * normal(homes.keys, "heating element")) * (uniform(homes.keys, "thermostat") < 0.75)
    return cycles(homes, days, "thermostat", 3600 * (4 + 0.8 * normal(homes.keys, "hysteresis")), 0.25, watts)
