"""What happens to a fleet's customers and meters in the months behind it, so that its bills are not all alike.

The events are dated from the first day of the fleet's history. Master data change by the registry's own rules, and the
rest is what the head-end gets of each meter's readings.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from electrocloud.domain.registry import events
from electrocloud.domain.registry.records import Account, Registry
from producers.fleet.customers import email_of, fleet_registry
from producers.fleet.fleet import Fleet
from producers.fleet.weather_station import station_of

MONTHS = 13  # whole ones before the one in which the history was made
LEAST_METERS = 12  # nothing happens in a smaller fleet
RAISED_TARIFF = "residential-tiered"
RAISE_PERCENT = 6
MISREAD_FACTOR = 3
NEW_CUSTOMER = "Taylor Whitman"


class Span(NamedTuple):
    """A meter's time from `start` to before `end` (UTC)."""

    meter_id: str
    start: datetime
    end: datetime

    def covers(self, meter_id: str, moment: datetime) -> bool:
        """Whether a reading of this meter that starts at the moment lies in it."""
        return meter_id == self.meter_id and self.start <= moment < self.end


class Exchange(NamedTuple):
    """The meter `meter_id` is replaced by `new_id` at an instant (UTC)."""

    meter_id: str
    new_id: str
    at: datetime


class Story:
    """The events of a fleet whose history begins with the local day `first`, which begins a month.

    `price_day` and `move_day` are local days. `unread` are spans of which no reading is ever sent: two gaps, and a
    meter that falls silent for good. `misread` ones are reported too high at first, and corrected when all is sent.
    Homes with solar have no such events.
    """

    def __init__(self, fleet: Fleet, first: date) -> None:
        self._fleet = fleet
        self.first = first
        self._zone = ZoneInfo(fleet.place.zone)
        self._begin = datetime.combine(first, time(), self._zone)
        homes = [meter.meter_id for meter in fleet.meters if meter.kind != "shop" and not meter.solar]
        homes = homes if len(fleet) >= LEAST_METERS else []
        exchanged, self.moved, gapped, misread, silent = homes[:5] if homes else [""] * 5
        before, last = MONTHS - 2, MONTHS - 1
        self.price_day, self.move_day = self._day(8, 16), self._day(10, 16)
        self.exchange = Exchange(exchanged, f"{exchanged}-B", self._moment(9, 11, 10))
        self.silence = Span(silent, self._moment(last, 12, 9), datetime.max.replace(tzinfo=UTC))
        gaps = [Span(gapped, self._moment(month, 6, 8), self._moment(month, 7, 20)) for month in (before, last)]
        self.unread = [*gaps, self.silence] if homes else []
        self.misread = [
            Span(misread, self._moment(month, 9, 11), self._moment(month, 9, 17)) for month in (before, last) if homes
        ]

    def registry(self, tariffs: Mapping[str, dict[str, Any]]) -> Registry:
        """The fleet's registry with all that happens in it; `tariffs` are the URDB documents at the beginning."""
        found = fleet_registry(self._fleet.registered, self._fleet.place, tariffs, self.first)
        station = station_of(self._fleet.place)
        found.stations[station.key] = station
        if not self.moved:
            return found
        point = f"SP-{self.moved}"
        found = found.updated(events.move_out(found, point, self.move_day))
        address = found.service_points[point].address
        customer = Account(
            account_id=f"A-{self.moved}-B",
            name=NEW_CUSTOMER,
            mailing_address=address,
            email=email_of(NEW_CUSTOMER, self.moved),
        )
        tariff = next(one.tariff_id for one in found.agreements.values() if one.service_point_id == point)
        found = found.updated(events.move_in(found, customer, point, tariff, self.move_day))
        instant = int(self.exchange.at.timestamp())
        found = found.updated(
            events.exchange_meter(found, f"SP-{self.exchange.meter_id}", self.exchange.new_id, instant)
        )
        document = raised(tariffs[RAISED_TARIFF], RAISE_PERCENT)
        return found.updated(events.change_price(found, RAISED_TARIFF, document, self.price_day))

    def meter_at(self, meter_id: str, start: datetime) -> str:
        """The meter that measures in place of a meter of the fleet at a time."""
        exchanged = meter_id == self.exchange.meter_id and start >= self.exchange.at
        return self.exchange.new_id if exchanged else meter_id

    def is_unread(self, meter_id: str, start: datetime) -> bool:
        """Whether the head-end never gets the reading that starts then: in a span, or before service began."""
        return start < self._begin or any(span.covers(meter_id, start) for span in self.unread)

    def reported_wh(self, meter_id: str, start: datetime, wh: int) -> int:
        """The energy that is reported at first for the reading that starts then."""
        misread = any(span.covers(meter_id, start) for span in self.misread)
        return wh * MISREAD_FACTOR if misread else wh

    def utc_days(self, span: Span) -> Iterator[date]:
        """The UTC days of a span that ends."""
        day = span.start.date()
        while datetime.combine(day, time(), UTC) < span.end:
            yield day
            day += timedelta(days=1)

    def _day(self, months: int, day: int) -> date:
        month = self.first.month - 1 + months
        return date(self.first.year + month // 12, month % 12 + 1, day)

    def _moment(self, months: int, day: int, hour: int) -> datetime:
        return datetime.combine(self._day(months, day), time(hour), self._zone).astimezone(UTC)


def first_day(today: date) -> date:
    """The first day of the history: of the month that is MONTHS before today's."""
    number = today.year * 12 + today.month - 1 - MONTHS
    return date(number // 12, number % 12 + 1, 1)


def raised(document: dict[str, Any], percent: int) -> dict[str, Any]:
    """A URDB document whose energy prices are so much higher, to the hundredth of a cent."""
    copy: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(document))
    for period in copy["energyratestructure"]:
        for tier in period:
            tier["rate"] = round(tier["rate"] * (100 + percent) / 100, 4)
    return copy
