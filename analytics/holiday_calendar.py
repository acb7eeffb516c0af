"""The days of a tariff's holidays: looked up once and written into its document, so that billing needs no library."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import holidays

from electrocloud.domain.errors import TariffError

YEARS = range(2000, 2051)


def with_holiday_dates(rate: Mapping[str, Any], years: range = YEARS) -> dict[str, Any]:
    """A URDB rate whose `holidays` have the dates of their `country` and `subdivision` in these years.

    Dates that stand there stay. Public holidays that are observed on another day are both days. `TariffError` where
    the country or the subdivision is not known.
    """
    what = rate.get("holidays")
    if not isinstance(what, Mapping) or what.get("dates") is not None or not what.get("country"):
        return dict(rate)
    found = _dates(str(what["country"]).upper(), what.get("subdivision"), years)
    return {**rate, "holidays": {**what, "dates": [day.isoformat() for day in found]}}


def _dates(country: str, subdivision: object, years: range) -> list[date]:
    known = holidays.list_supported_countries()
    if country not in known:
        raise TariffError("holidays.country", f"{country!r:.40} is not a known country; write it like US")
    if subdivision and subdivision not in known[country]:
        raise TariffError("holidays.subdivision", f"{subdivision!r:.40} is not one of {', '.join(known[country])}")
    return sorted(holidays.country_holidays(country, subdiv=str(subdivision) if subdivision else None, years=years))
