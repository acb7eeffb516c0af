"""Large electric loads of some homes: cars, heat pumps and air conditioners."""

import numpy as np

from producers.fleet.days import Days
from producers.fleet.habits import STEADY, Customers, Plan, phased
from producers.fleet.meter_register import Runs
from producers.fleet.random_numbers import Floats, fold_in, normal, uniform
from producers.fleet.weather import Weather, temperature

_SLOTS = 36  # compressor cycles per day, 40 minutes each
_SLOT_S = 86_400 / _SLOTS
_CHARGERS_W = np.array((3_700, 7_400, 7_400, 11_000))


def car_runs(homes: Customers, plan: Plan, days: Days) -> Runs:
    """Home charging on 42% of days, for what was driven since: on arrival or, for a third of homes, by timer.

    38 km a day (log-normal), 0.18 kWh per km at the outlet, and 1% more for each degree colder. The figures are set so
    that sessions, energy, duration and mean load are as measured at homes (Sagewell, The Basics of EV Charging
    Behavior Statistics): 12 to 13 sessions and 200 to 250 kWh a month, 2.8 h each, 0.25 to 0.3 kW on average.
    """
    own, keys = fold_in(homes.keys, 1), fold_in(plan.keys, 1)
    row, day = np.nonzero((uniform(keys, "charges") < 0.42) & ~plan.away)
    own, keys = own[row], keys[row, day]
    watts = _CHARGERS_W[(uniform(own, "charger") * len(_CHARGERS_W)).astype(int)]
    km = 72 * np.exp(0.5 * normal(own, "driver") + 0.5 * normal(keys, "trip"))
    hours = np.clip(km * 0.18 * np.clip(1 + plan.cold[row, day] / 100, 0.8, 1.3) * 1000 / watts, 0.2, 12)
    home_at = np.where(plan.out[row, day], plan.times["back"][row, day], 18 + 2 * normal(keys, "back"))
    timer = 22.5 + 2 * uniform(own, "set to")
    at = np.clip(np.where(uniform(own, "timer") < 0.35, timer, home_at + 0.2 * uniform(keys, "plug")), 0, 30)
    return phased(STEADY, row, days.midnight[day] + at * 3600, hours * 3600, watts.astype(float))


def heat_pump_runs(homes: Customers, days: Days, weather: Weather) -> Runs:
    """The cycles of a heat pump: heat loss is proportional to the degrees below 16 °C, with a night setback.

    It runs continuously at -14 °C; in the cold it needs more electricity for the same heat.
    """
    hour = np.arange(_SLOTS) * 24 / _SLOTS
    degrees = np.maximum(16 - temperature(weather, np.arange(len(days.number))[:, None], hour), 0)
    setback = np.where((hour >= 22.5) | (hour < 4.5), 0.6, np.where(hour < 7.5, 1.3, 1.0))
    hot_water = np.where(np.abs(hour - 13) < 0.7, 0.5, 0.0)
    duty = degrees * (1 + degrees / 100) / 38 * setback + hot_water
    watts = 2_400 * np.exp(0.3 * normal(homes.keys, "heat pump"))
    return _compressor(
        homes, days, "heat pump", duty * np.exp(0.25 * normal(homes.keys, "walls"))[:, None, None], watts
    )


def air_conditioner_runs(homes: Customers, plan: Plan, days: Days, weather: Weather) -> Runs:
    """The cycles of an air conditioner: proportional to the degrees above 23 °C, while someone is home and awake."""
    hour = np.arange(_SLOTS) * 24 / _SLOTS
    degrees = np.maximum(temperature(weather, np.arange(len(days.number))[:, None], hour) - 23, 0)
    out = (plan.out & ~plan.away)[:, :, None]
    leave, back = plan.times["leave"][:, :, None], plan.times["back"][:, :, None]
    there = ~(out & (hour > leave) & (hour < back - 0.7)) & ~plan.away[:, :, None]
    there &= (hour > plan.times["wake"][:, :, None]) & (hour < plan.times["bed"][:, :, None] + 1)
    watts = 1_800 * np.exp(0.35 * normal(homes.keys, "air conditioner"))
    return _compressor(homes, days, "air conditioner", there * degrees / 9, watts)


def _compressor(homes: Customers, days: Days, name: str, duty: Floats, watts: Floats) -> Runs:
    """The runs for each cycle's duty (0 to 1, shape (homes, days, cycles)); a duty below 0.1 does not start it."""
    keys = fold_in(fold_in(homes.keys[:, None], days.number)[:, :, None], np.arange(_SLOTS))
    duty = duty * (1 + 0.15 * normal(keys, name))
    row, day, slot = np.nonzero(duty > 0.1)
    late = 0.1 * uniform(keys[row, day, slot], "late")
    start = days.midnight[day] + (slot + late) * _SLOT_S
    seconds = np.minimum(duty[row, day, slot], 1.0) * _SLOT_S
    return phased(STEADY, row, start, seconds, watts[row])
