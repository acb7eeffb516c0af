"""Numbers, times and names as a person reads them, and safe to put into a page."""

import html
import re
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
MONTHS = 13  # that a page offers: a year, and the same month of the year before
_PREFIXES = (("G", 1e9), ("M", 1e6), ("k", 1e3), ("", 1.0))


def prefix(largest: float) -> tuple[str, float]:
    """The SI prefix that numbers up to `largest` are shown with, and what to divide them by."""
    return next((step for step in _PREFIXES if abs(largest) >= step[1]), _PREFIXES[-1])


def scaled(number: float, unit: str) -> str:
    """`412 W`, `3.41 kW`, `2.61 MW`: at least three digits, with the SI prefix that fits."""
    name, size = prefix(number)
    value = number / size
    places = 0 if abs(value) >= 100 or not name else 1 if abs(value) >= 10 else 2
    return f"{value:,.{places}f} {name}{unit}"


def dollars(amount: Decimal) -> str:
    """`$950.12`, and from ten thousand on without the cents: `$48,120`."""
    return f"${amount:,.2f}" if abs(amount) < 10_000 else f"${amount:,.0f}"


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
    """`Mon 23 Nov 12:15`, of s since 1970 UTC, on the clocks of the zone."""
    local = datetime.fromtimestamp(instant, ZoneInfo(zone))
    return f"{local:%a} {local.day} {local:%b %H:%M}"


def zone_name(instant: float, zone: str) -> str:
    """`Europe/Berlin (CET)`: the zone and what it is called at that instant."""
    return f"{zone} ({datetime.fromtimestamp(instant, ZoneInfo(zone)):%Z})"


def month(month: str) -> str:
    """`November 2026`, of `2026-11`."""
    return f"{date.fromisoformat(f'{month}-01'):%B %Y}"


def months_until(day: date) -> list[str]:
    """The month of a day and the MONTHS - 1 before it, newest first: `2026-11`, `2026-10` …"""
    newest = day.year * 12 + day.month - 1
    return [f"{number // 12:04}-{number % 12 + 1:02}" for number in range(newest, newest - MONTHS, -1)]


def count(number: int, noun: str) -> str:
    """`1 meter`, `10,000 meters`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def change(now: float, before: float) -> str:
    """`12 % above`, `3 % below`, `as much as`."""
    percent = round((now / before - 1) * 100)
    return "as much as" if not percent else f"{abs(percent):,} % {'above' if percent > 0 else 'below'}"


def in_markdown(text: str) -> str:
    """Any text, such as a feeder's name, as Markdown that says just that."""
    return _PUNCTUATION.sub(r"\\\1", text)


def in_html(text: str) -> str:
    """Any text as HTML that says just that."""
    return html.escape(text)
