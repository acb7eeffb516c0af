"""What sets the demand that is billed beside what is measured: ratchets and the system's peaks (docs/tariffs.md)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from electrocloud.domain.errors import TariffError
from electrocloud.domain.money import exact
from electrocloud.domain.tariffs.tariff import Coincident, Ratchet, SystemPeak
from electrocloud.domain.tariffs.urdb_schedules import coincident_schedule
from electrocloud.domain.tariffs.urdb_tiers import structure
from electrocloud.domain.tariffs.urdb_values import amount, number, one_of, refuse_unknown, text


def ratchet(rate: Mapping[str, Any]) -> Ratchet | None:
    """`lookbackpercent` of the peaks of `lookbackrange` cycles before (11 where only months are given), of those that
    began in `lookbackmonths` (all without it), and `billing_demand_minimum` (kW)."""
    part = number("lookbackpercent", rate.get("lookbackpercent") or 0)
    part = part / 100 if part > 1 else part
    if not 0 <= part <= 1:
        raise TariffError("lookbackpercent", "must be from 0 to 1, or a percentage up to 100")
    least = amount("billing_demand_minimum", rate.get("billing_demand_minimum") or 0)
    if least < 0:
        raise TariffError("billing_demand_minimum", f"{least} must not be below 0")
    months = _months(rate.get("lookbackmonths") or [])
    lookback = number("lookbackrange", rate.get("lookbackrange") or 0)
    if lookback != int(lookback) or not 0 <= lookback <= 60:
        raise TariffError("lookbackrange", f"{lookback} is not a number of months, 0 to 60")
    if part and not lookback and not months:
        raise TariffError("lookbackpercent", "says no earlier months; give lookbackrange or lookbackmonths too")
    if not part and not least:
        return None
    return Ratchet(exact(part), months or tuple(range(1, 13)), int(lookback) or 11, least)


def coincident(rate: Mapping[str, Any]) -> Coincident | None:
    """`coincidentratestructure`, with the system's peaks in `coincident_peaks`: each the start of an hour with its
    offset from UTC, or `{"start": …, "interval_s": 900}`."""
    tiers = structure(rate, "coincidentratestructure", ("kW",))
    if not any(tier.rate for steps in tiers for tier in steps):
        return None
    one_of("coincidentrateunit", rate.get("coincidentrateunit") or "kW", ("kW",))
    given = rate.get("coincident_peaks")
    if not isinstance(given, list | tuple):
        advice = "give them in coincident_peaks, or for files by --coincident-peaks FILE"
        raise TariffError("coincidentratestructure", f"needs the hours of the system's peaks; {advice}")
    peaks = sorted(_system_peak(f"coincident_peaks[{place}]", one) for place, one in enumerate(given))
    return Coincident(tiers, coincident_schedule(rate, len(tiers)), tuple(peaks))


def _system_peak(field: str, given: object) -> SystemPeak:
    row = given if isinstance(given, Mapping) else {"start": given}
    refuse_unknown(field, row, ("start", "interval_s"))
    seconds = row.get("interval_s", 3600)
    if not isinstance(seconds, int) or not 60 <= seconds <= 3600 or 3600 % seconds:
        raise TariffError(f"{field}.interval_s", f"{seconds!r:.40} must be a part of an hour, in s")
    try:
        start = datetime.fromisoformat(text(f"{field}.start", row.get("start")))
    except ValueError:
        raise TariffError(
            f"{field}.start", f"{row.get('start')!r:.40} is not a time like 2026-07-15T17:00-07:00"
        ) from None
    if start.tzinfo is None:
        raise TariffError(
            f"{field}.start", f"{start.isoformat()} has no offset from UTC; write it, as in {start.isoformat()}Z"
        )
    return SystemPeak(int(start.timestamp()), seconds)


def _months(flags: object) -> tuple[int, ...]:
    if not isinstance(flags, list | tuple) or not all(flag in (0, 1) for flag in flags) or len(flags) not in (0, 12):
        raise TariffError("lookbackmonths", "must have 12 values, true where a month's peak counts")
    return tuple(month for month, flag in enumerate(flags, start=1) if flag)
