"""Numbers, times and names formatted for people, and text escaped for a page."""

import html
import re
from datetime import date, datetime
from zoneinfo import ZoneInfo

_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
MONTHS = 14  # offered on a page: the current one, a year, and the same month of the previous year
_COLUMN_WORDS = {
    "kw": "kW", "kwh": "kWh", "wh": "Wh", "v": "V", "mb": "MB", "gb": "GB", "utc": "UTC", "id": "ID", "dt": "Day",
}  # fmt: skip
_PREFIXES = (("G", 1e9), ("M", 1e6), ("k", 1e3), ("", 1.0))


def prefix(largest: float) -> tuple[str, float]:
    """The SI prefix for numbers up to `largest`, and its factor."""
    return next((step for step in _PREFIXES if abs(largest) >= step[1]), _PREFIXES[-1])


def scaled(number: float, unit: str) -> str:
    """`412 W`, `3.41 kW`, `2.61 MW`: three significant digits or more, with a suitable SI prefix."""
    name, size = prefix(number)
    value = number / size
    places = 0 if abs(value) >= 100 or not name else 1 if abs(value) >= 10 else 2
    return f"{value:,.{places}f} {name}{unit}"


def column_title(column: str) -> str:
    """`Peak kW` for the column `peak_kw` of an answer."""
    first, *rest = [_COLUMN_WORDS.get(word, word) for word in column.split("_")]
    return " ".join([first if first in _COLUMN_WORDS.values() else first.capitalize(), *rest])


def duration(seconds: float) -> str:
    """`0.4 s`, `40 s`, `25 min`, `3 h 20 min`, `2 d 4 h`."""
    if seconds < 60:
        return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.1f} s"
    minutes, hours, days = (int(seconds // size) for size in (60, 3_600, 86_400))
    if days:
        return f"{days} d {hours % 24} h" if hours % 24 else f"{days} d"
    if hours:
        return f"{hours} h {minutes % 60} min" if minutes % 60 else f"{hours} h"
    return f"{minutes} min"


def moment(instant: float, zone: str) -> str:
    """`Mon 23 Nov 12:15`: an instant (s since 1970 UTC) as local time in the zone."""
    local = datetime.fromtimestamp(instant, ZoneInfo(zone))
    return f"{local:%a} {local.day} {local:%b %H:%M}"


def time_text(moment: datetime, zone: str) -> str:
    """`2026-11-24 05:00 PST`: an aware time in the zone."""
    return f"{moment.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M %Z}"


def zone_name(instant: float, zone: str) -> str:
    """`Europe/Berlin (CET)`: the zone and its abbreviation at that instant."""
    return f"{zone} ({zone_abbreviation(instant, zone)})"


def zone_abbreviation(instant: float, zone: str) -> str:
    """`CET`: the zone's abbreviation at that instant (s since 1970 UTC)."""
    return f"{datetime.fromtimestamp(instant, ZoneInfo(zone)):%Z}"


def month(month: str) -> str:
    """`November 2026` for `2026-11`."""
    return f"{date.fromisoformat(f'{month}-01'):%B %Y}"


def months_until(day: date) -> list[str]:
    """The month of a day and the MONTHS - 1 months before it, newest first: `2026-11`, `2026-10` …"""
    newest = day.year * 12 + day.month - 1
    return [f"{number // 12:04}-{number % 12 + 1:02}" for number in range(newest, newest - MONTHS, -1)]


def count(number: int, noun: str, plural: str = "") -> str:
    """`1 meter`, `10,000 meters`; give the plural where it is not formed with `s`."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def change(now: float, before: float) -> str:
    """`12% above`, `3% below`, `the same as`."""
    percent = round((now / before - 1) * 100)
    return "the same as" if not percent else f"{abs(percent):,}% {'above' if percent > 0 else 'below'}"


def customer_class(name: str) -> str:
    """The name of a customer class; `flat`, as some registries store it, is an apartment."""
    return {"flat": "apartment"}.get(name, name)


def in_markdown(text: str) -> str:
    """Text such as a feeder's name, escaped for Markdown."""
    return _PUNCTUATION.sub(r"\\\1", text)


def in_html(text: str) -> str:
    """Text escaped for HTML."""
    return html.escape(text)
