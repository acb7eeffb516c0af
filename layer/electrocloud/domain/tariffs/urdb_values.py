"""Values in URDB documents, checked: each error names its field."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from electrocloud.domain.errors import TariffError
from electrocloud.domain.money import exact

_DATES_FROM = 10**8


def number(field: str, value: object) -> Fraction:
    """A number as the fraction that its decimal is, below 10^12."""
    exactly = decimal(field, value)
    if abs(exactly) >= 10**12 or int(exactly.as_tuple().exponent) < -30:
        raise TariffError(field, f"{value!r:.40} is out of range: below 10^12 and at most 30 decimals")
    return Fraction(exactly)


def decimal(field: str, value: object) -> Decimal:
    """A number as the decimal that prints it."""
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        found = Decimal(str(value))
        if found.is_finite():
            return found
    raise TariffError(field, f"{value!r:.40} is not a number")


def one_of(field: str, value: object, allowed: tuple[str, ...]) -> str:
    """A value that is one of those allowed."""
    if value not in allowed:
        raise TariffError(field, f"{value!r:.40} is not supported; it must be one of {', '.join(allowed)}")
    return str(value)


def has_amount(value: object) -> bool:
    """Whether a value may be an amount: a number that is not 0, in it or in what it holds. Text is none, and neither is
    a date in s since 1970 (10^8 and more); `$0.5`, `2%` and `0.5` in quotes are."""
    if isinstance(value, Mapping):
        return any(map(has_amount, value.values()))
    if isinstance(value, list | tuple):
        return any(map(has_amount, value))
    if isinstance(value, str):
        digits = value.strip().removeprefix("$").removesuffix("%").replace(".", "", 1).lstrip("-")
        return digits.isdigit() and any(sign in value for sign in "$%.") and int(digits) != 0
    if not isinstance(value, int | float | Decimal):
        return False
    return value != 0 and -_DATES_FROM < value < _DATES_FROM


def text(field: str, value: object) -> str:
    """Text, or "" where there is none."""
    if value is not None and not isinstance(value, str):
        raise TariffError(field, f"{value!r:.40} is not text")
    return value or ""


def dates(field: str, document: Mapping[str, Any]) -> tuple[date | None, date | None]:
    """The first local day and the end day (exclusive) from `startdate` and `enddate`, or `effective` for the first.

    Each is ISO-8601, or seconds since 1970 as URDB has them: the date of that instant in UTC, since URDB writes a
    midnight in UTC or in a zone west of it. `enddate` is the last day on which the prices hold. `field` goes before
    the names in errors.
    """
    given = {name: document.get(name) for name in ("effective", "startdate", "enddate")}
    found = {name: day(field + name, value) for name, value in given.items() if value not in (None, "")}
    first, last = found.get("effective") or found.get("startdate"), found.get("enddate")
    if first and last and last < first:
        name = "effective" if "effective" in found else "startdate"
        raise TariffError(f"{field}enddate", f"{last} is before {name} {first}; correct one of the two")
    return first, last + timedelta(days=1) if last else None


def day(field: str, value: object) -> date:
    """A local day, from ISO-8601 or seconds since 1970."""
    try:
        if isinstance(value, str):
            return date.fromisoformat(value[:10])
        return datetime.fromtimestamp(int(number(field, value)), UTC).date()
    except (ValueError, OverflowError, OSError):
        raise TariffError(field, f"{value!r:.40} is not a date; write it like 2026-07-01") from None


def refuse_unknown(field: str, what: Mapping[str, Any], names: tuple[str, ...]) -> None:
    """Refuse an object of this system's own fields that has another name in it."""
    for name in what:
        if name not in names:
            raise TariffError(f"{field}.{name}", f"is not a known field; there are {', '.join(names)}")


def amount(field: str, value: object) -> Decimal:
    """A number as an exact decimal."""
    return exact(number(field, value))
