"""How much of its rating each feeder and transformer carries: now, at today's peak, at tomorrow's forecast peak.

Meters measure active energy, so that the apparent power (kVA) is the active power (kW) at POWER_FACTOR. Peaks are means
of an hour. What customers export is subtracted, and a load that flows back counts as much as one that flows out.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from statistics import fmean
from typing import NamedTuple
from zoneinfo import ZoneInfo

from electrocloud.domain.forecast import ForecastHour
from electrocloud.domain.local_time import DAY_S, HOUR_S, instant_of
from electrocloud.domain.meter import RegisteredMeter
from electrocloud.domain.readings.meter_day import MeterDay
from electrocloud.domain.registry.records import Equipment

POWER_FACTOR = 0.95  # of homes and small shops
NEAR = 0.8  # of a rating: to be looked at

Owner = tuple[str, str]  # a kind of equipment and a name


class Peak(NamedTuple):
    """The hour with the largest load: its start (s since 1970 UTC) and its mean apparent power (kVA)."""

    start: int
    kva: float


class Loading(NamedTuple):
    """A feeder or transformer with its load; `rating_kva` is None where the registry has none.

    `now_kva` is of the latest readings of the `reporting` ones of its `meters`, None where none reports. Peaks are None
    where nothing is known.
    """

    name: str
    kind: str
    rating_kva: float | None
    meters: int
    reporting: int
    now_kva: float | None
    today: Peak | None
    tomorrow: Peak | None
    latitude: float
    longitude: float

    def share(self, kva: float | None) -> float | None:
        """The share of the rating, such as 0.8; None where either is not known."""
        return None if kva is None or self.rating_kva is None else kva / self.rating_kva

    @property
    def now_share(self) -> float | None:
        """The share of the rating now."""
        return self.share(self.now_kva)

    @property
    def today_share(self) -> float | None:
        """The share of the rating at today's peak so far."""
        return self.share(self.today.kva if self.today else None)

    @property
    def tomorrow_share(self) -> float | None:
        """The share of the rating at tomorrow's forecast peak."""
        return self.share(self.tomorrow.kva if self.tomorrow else None)

    @property
    def highest_share(self) -> float | None:
        """The highest of the three."""
        known = [one for one in (self.now_share, self.today_share, self.tomorrow_share) if one is not None]
        return max(known, default=None)


def loadings(
    meters: Sequence[RegisteredMeter],
    ratings: Iterable[Equipment],
    power_w: Mapping[str, float],
    days: Iterable[tuple[str, MeterDay]],
    forecasts: Mapping[str, Sequence[ForecastHour]],
    now: float,
) -> list[Loading]:
    """All feeders and transformers of the meters, those with the highest share of their rating first.

    `power_w` is of the meters that report; `days` have the readings since the last local midnight, by meter;
    `forecasts` the coming hours by feeder.
    """
    if not meters:
        return []
    zone = ZoneInfo(zone_of(meters))
    day = datetime.fromtimestamp(now, zone).date()
    begin = _midnight(day, zone)
    rated: dict[Owner, Equipment] = {(one.kind, one.equipment_id): one for one in ratings if _in_force(one, day)}
    hours = _net_wh(days, {meter.meter_id: _owners(meter) for meter in meters}, begin)
    next_day = _midnight(day + timedelta(days=1), zone), _midnight(day + timedelta(days=2), zone)
    found = [
        _loading(owner, own, rated.get(owner), power_w)._replace(
            today=_peak(hours.get(owner, {})),
            tomorrow=_forecast_peak(forecasts.get(owner[1], ()), *next_day) if owner[0] == "feeder" else None,
        )
        for owner, own in _groups(meters).items()
    ]
    return sorted(found, key=lambda one: (-(one.highest_share or 0), one.kind, one.name))


def zone_of(meters: Sequence[RegisteredMeter]) -> str:
    """The most common time zone of meters; UTC if there are none."""
    return Counter(meter.timezone for meter in meters).most_common(1)[0][0] if meters else "UTC"


def utc_days(meters: Sequence[RegisteredMeter], now: float) -> list[date]:
    """The UTC days that have a part of the local day of an instant (s since 1970 UTC), up to then."""
    zone = ZoneInfo(zone_of(meters))
    first = _midnight(datetime.fromtimestamp(now, zone).date(), zone) // DAY_S
    return [date(1970, 1, 1) + timedelta(days=number) for number in range(first, int(now) // DAY_S + 1)]


def _loading(
    owner: Owner, own: Sequence[RegisteredMeter], rating: Equipment | None, power_w: Mapping[str, float]
) -> Loading:
    reporting = [power_w[meter.meter_id] for meter in own if meter.meter_id in power_w]
    latitude, longitude = fmean(meter.lat for meter in own), fmean(meter.lon for meter in own)
    if rating and rating.latitude is not None and rating.longitude is not None:
        latitude, longitude = rating.latitude, rating.longitude
    kva = sum(reporting) / 1000 / POWER_FACTOR if reporting else None
    rated = rating.rating_kva if rating else None
    return Loading(owner[1], owner[0], rated, len(own), len(reporting), kva, None, None, latitude, longitude)


def _owners(meter: RegisteredMeter) -> list[Owner]:
    return [("feeder", meter.feeder), *([("transformer", meter.transformer)] if meter.transformer else [])]


def _groups(meters: Iterable[RegisteredMeter]) -> dict[Owner, list[RegisteredMeter]]:
    found: dict[Owner, list[RegisteredMeter]] = {}
    for meter in meters:
        for owner in _owners(meter):
            found.setdefault(owner, []).append(meter)
    return found


def _net_wh(
    days: Iterable[tuple[str, MeterDay]], owners: Mapping[str, Sequence[Owner]], begin: int
) -> dict[Owner, dict[int, int]]:
    """Wh delivered less Wh received by the hour from `begin` on, of each feeder and transformer."""
    found: dict[Owner, dict[int, int]] = {}
    for meter_id, day in days:
        midnight = instant_of(day.day)
        received = day.hours_wh("received") if day.received_count else [0] * 24
        for owner in owners.get(meter_id, ()):
            own = found.setdefault(owner, {})
            for hour, wh in enumerate(day.hours_wh()):
                start = midnight + hour * HOUR_S
                if start >= begin:
                    own[start] = own.get(start, 0) + wh - received[hour]
    return found


def _peak(hours: Mapping[int, int]) -> Peak | None:
    if not any(hours.values()):
        return None
    start = max(hours, key=lambda one: (abs(hours[one]), -one))
    return Peak(start, abs(hours[start]) / 1000 / POWER_FACTOR)


def _forecast_peak(rows: Iterable[ForecastHour], begin: int, end: int) -> Peak | None:
    """The peak of the forecast hours from `begin` to before `end`."""
    hours = {int(row.timestamp.timestamp()): round(row.value) for row in rows}
    return _peak({start: wh for start, wh in hours.items() if begin <= start < end})


def _in_force(one: Equipment, day: date) -> bool:
    return (one.first is None or one.first <= day) and (one.end is None or day < one.end)


def _midnight(day: date, zone: ZoneInfo) -> int:
    return int(datetime.combine(day, time(), zone).timestamp())
