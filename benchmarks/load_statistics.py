"""Statistics that distinguish real homes from load profiles, for hourly series in local time."""

from datetime import UTC, datetime
from importlib.resources import files
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# The 10th, 50th and 90th percentile of 68 measured general-supply homes (Swiss, British, Australian, French), hourly.
BANDS = {
    "daily mean over peak hour": (0.22, 0.33, 0.45),
    "99th percentile over mean": (2.7, 4.2, 7.2),
    "5th percentile over mean": (0.07, 0.22, 0.41),
    "share of energy, 0 to 6 h": (0.11, 0.17, 0.24),
    "autocorrelation at 1 h": (0.07, 0.43, 0.61),
    "autocorrelation at 24 h": (0.12, 0.35, 0.65),
    "autocorrelation at 168 h": (0.17, 0.32, 0.53),
    "residual about own mean day": (0.49, 0.74, 1.27),
    "daily energy, sd over 28 days": (0.17, 0.26, 0.44),
    "correlation with the others": (0.09, 0.27, 0.40),
}
SEASONS = ("winter", "transition", "summer")
DAY_TYPES = ("workday", "Saturday", "Sunday")


class Hours:
    """The local calendar of consecutive hours from `start` (s since 1970). kinds: day type by local date ordinal."""

    def __init__(self, start: int, count: int, zone: str, kinds: dict[int, int]) -> None:
        local = [datetime.fromtimestamp(start + 3600 * i, UTC).astimezone(ZoneInfo(zone)) for i in range(count)]
        self.hour = np.array([t.hour for t in local])
        self.weekend = np.array([t.weekday() >= 5 for t in local])
        ordinal = np.array([t.toordinal() for t in local])
        self.day_starts = np.flatnonzero(np.diff(ordinal, prepend=-1))
        self.kind = np.array([kinds[day] for day in ordinal])
        month_day = np.array([t.month * 100 + t.day for t in local])
        summer, winter = (month_day >= 515) & (month_day <= 914), (month_day <= 320) | (month_day >= 1101)
        self.season = np.select([winter, summer], [0, 2], 1)


def of_homes(kwh: Floats, hours: Hours) -> dict[str, Floats]:
    """Each statistic of BANDS for each home; kwh has the shape (homes, hours)."""
    mean = kwh.mean(axis=1)
    daily = np.add.reduceat(kwh, hours.day_starts, axis=1)
    peaks = np.maximum.reduceat(kwh, hours.day_starts, axis=1)
    lengths = np.diff(np.append(hours.day_starts, kwh.shape[1]))
    whole = slice(1, -1)
    rolling = pd.DataFrame(daily[:, whole].T).rolling(28).mean().to_numpy().T
    rest = kwh.sum(axis=0) - kwh
    values = (
        np.median((daily / lengths / np.maximum(peaks, 1e-9))[:, whole], axis=1),
        np.percentile(kwh, 99, axis=1) / mean,
        np.percentile(kwh, 5, axis=1) / mean,
        kwh[:, hours.hour < 6].sum(axis=1) / kwh.sum(axis=1),
        *(_correlation(kwh[:, lag:], kwh[:, :-lag]) for lag in (1, 24, 168)),
        _residual(kwh, hours).std(axis=1) / mean,
        np.nanstd(daily[:, whole] / rolling, axis=1),
        _correlation(kwh, rest),
    )
    return dict(zip(BANDS, values, strict=True))


def coincidence(kwh: Floats, homes: int = 50, draws: int = 40) -> float:
    """The peak hour of `homes` homes together divided by the sum of their own peak hours: the mean of random draws."""
    random = np.random.default_rng(0)
    groups = [random.choice(len(kwh), min(homes, len(kwh)), replace=False) for _ in range(draws)]
    return float(np.mean([kwh[group].sum(axis=0).max() / kwh[group].max(axis=1).sum() for group in groups]))


def mean_days(kwh: Floats, hours: Hours) -> Floats:
    """The fleet's mean day by season and day type, shape (3, 3, 24), not normalized."""
    total = kwh.sum(axis=0)
    days = np.zeros((3, 3, 24))
    for season in range(3):
        for kind in range(3):
            for hour in range(24):
                chosen = (hours.season == season) & (hours.kind == kind) & (hours.hour == hour)
                days[season, kind, hour] = total[chosen].mean()
    return days


def bdew_days(profile: str) -> Floats:
    """The BDEW standard load profile (`h0`, `g0`, ...) as mean days of the same shape, from demandlib's table."""
    table = pd.read_csv(str(files("demandlib.bdew") / "bdew_data/selp_series.csv"), index_col=0, parse_dates=[0])
    hourly = table.groupby(["period", "weekday", table.index.hour])[profile].mean()
    weekday = (1, 6, 7)
    return np.array([[hourly[season, day].to_numpy() for day in weekday] for season in SEASONS])


def fits(days: Floats, reference: Floats) -> Floats:
    """1 - sum|simulated - reference| / sum(reference) of the mean days, each normalized to mean 1; shape (3, 3)."""
    simulated = days / days.mean(axis=2, keepdims=True)
    reference = reference / reference.mean(axis=2, keepdims=True)
    found: Floats = 1 - np.abs(simulated - reference).mean(axis=2)
    return found


def day_counts(hours: Hours) -> Floats:
    """The number of days per season and day type, shape (3, 3)."""
    counts = np.zeros((3, 3))
    np.add.at(counts, (hours.season[hours.day_starts], hours.kind[hours.day_starts]), 1)
    return counts


def evening_peaks(kwh: Floats, hours: Hours) -> float:
    """The share of homes whose mean day peaks between 17 and 22 h."""
    by_hour = np.array([kwh[:, hours.hour == hour].mean(axis=1) for hour in range(24)])
    peak = by_hour.argmax(axis=0)
    return float(np.mean((peak >= 17) & (peak < 22)))


def weekday_ratio(kwh: Floats, hours: Hours) -> float:
    """The mean load on Saturdays and Sundays divided by that on workdays."""
    total = kwh.sum(axis=0)
    return float(total[hours.kind > 0].mean() / total[hours.kind == 0].mean())


def season_ratio(kwh: Floats, hours: Hours) -> float:
    """The mean load in winter divided by that in summer."""
    total = kwh.sum(axis=0)
    return float(total[hours.season == 0].mean() / total[hours.season == 2].mean())


def _residual(kwh: Floats, hours: Hours) -> Floats:
    residual = kwh.copy()
    for weekend in (False, True):
        for hour in range(24):
            chosen = (hours.weekend == weekend) & (hours.hour == hour)
            residual[:, chosen] -= kwh[:, chosen].mean(axis=1, keepdims=True)
    return residual


def _correlation(a: Floats, b: Floats) -> Floats:
    a, b = a - a.mean(axis=1, keepdims=True), b - b.mean(axis=1, keepdims=True)
    found: Floats = (a * b).sum(axis=1) / np.sqrt((a * a).sum(axis=1) * (b * b).sum(axis=1))
    return found
