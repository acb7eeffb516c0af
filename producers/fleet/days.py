"""Local days of a place: midnights, weekdays, public holidays, sunrise and sunset."""

from datetime import date, datetime, timedelta
from functools import cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

import holidays
import numpy as np
from numpy.typing import NDArray

from producers.fleet.meter_register import DAY_S, Ints
from producers.fleet.places import Place
from producers.fleet.random_numbers import Floats

EPOCH = date(1970, 1, 1)
WORKDAY, SATURDAY, SUNDAY = 0, 1, 2
YEAR_DAYS = 365.2422
EQUINOX = (date(2000, 3, 22) - EPOCH).days  # day 81 of a year, as the formulas of the sun count


class Days(NamedTuple):
    """Consecutive local days, as arrays of equal length.

    number: days since 1970-01-01. midnight: the second (since 1970 UTC) that wall-clock times are added to; it uses the
    UTC offset at noon, so on the two days a year when clocks change, hours before the change are off by one. kind:
    WORKDAY, SATURDAY or SUNDAY (public holidays count as SUNDAY). weekday: 0 is Monday. of_year: 1 to 366. feast:
    Christmas Day, when all families eat at home at the same time.
    """

    number: Ints
    midnight: Ints
    kind: Ints
    weekday: Ints
    of_year: Ints
    feast: NDArray[np.bool_]


def local_days(place: Place, start: int, days: int) -> Days:
    """The local days that affect `days` UTC days from `start` (s since 1970), and the day before, for its night."""
    zone = ZoneInfo(place.zone)
    first = datetime.fromtimestamp(start, zone).date() - timedelta(days=1)
    last = datetime.fromtimestamp(start + days * DAY_S - 1, zone).date()
    dates = [first + timedelta(days=i) for i in range((last - first).days + 1)]
    noons = (datetime(day.year, day.month, day.day, 12, tzinfo=zone).utcoffset() or timedelta() for day in dates)
    number = np.array([(day - EPOCH).days for day in dates])
    return Days(
        number=number,
        midnight=number * DAY_S - np.array([int(offset.total_seconds()) for offset in noons]),
        kind=np.array([day_kind(place, day) for day in dates]),
        weekday=np.array([day.weekday() for day in dates]),
        of_year=np.array([day.timetuple().tm_yday for day in dates]),
        feast=np.array([(day.month, day.day) == (12, 25) for day in dates]),
    )


def day_kind(place: Place, day: date) -> int:
    """WORKDAY, SATURDAY or SUNDAY; public holidays count as Sundays, Christmas Eve and New Year's Eve as Saturdays."""
    if day.weekday() == 6 or day in _holidays(place.country, place.region, day.year):
        return SUNDAY
    eve = (day.month, day.day) in ((12, 24), (12, 31))
    return SATURDAY if day.weekday() == 5 or eve else WORKDAY


def sun(place: Place, days: Days) -> tuple[Floats, Floats]:
    """Sunrise and sunset of each day, in hours of local time.

    Accurate to a few minutes. Beyond the polar circles, the values are clipped to the shortest or longest day.
    """
    turn = np.asarray(2 * np.pi * (days.of_year - 81) / 365.25, np.float64)
    declination, equation_h = declination_and_equation(turn)
    cosine = -np.tan(np.radians(place.lat)) * np.tan(declination)
    half_day = np.degrees(np.arccos(np.clip(cosine, -1, 1))) / 15
    offset_h = (days.number * DAY_S - days.midnight) / 3600
    noon = 12 + offset_h - place.lon / 15 - equation_h
    return noon - half_day, noon + half_day


def declination_and_equation(turn: Floats) -> tuple[Floats, Floats]:
    """The sun's declination (radians) and the equation of time (h), `turn` radians after the vernal equinox.

    Cooper's formula and the two main terms of the equation of time (Duffie and Beckman, chapter 1).
    """
    equation_h = (9.87 * np.sin(2 * turn) - 7.53 * np.cos(turn) - 1.5 * np.sin(turn)) / 60
    return np.radians(23.45) * np.sin(turn), equation_h


@cache
def _holidays(country: str, region: str, year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays(country, subdiv=region or None, years=year))
