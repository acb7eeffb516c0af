"""The questions in sql/: their titles, parameters and SQL, rendered with parameter values."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from functools import cache
from math import isfinite
from pathlib import Path
from typing import Annotated, NamedTuple

import msgspec

from electrocloud.domain.errors import UsageError
from electrocloud.domain.local_time import zone_of
from electrocloud.domain.readings.upload import MeterId

FOLDER = Path(__file__).parent.parent / "sql"

# How people see a column: amounts to the cent, numbers with all their decimals, with three, with one, shares as
# percent, instants that the query has in UTC or in the service point's time zone, and times, days and months in the
# zone that the parameter `zone` names.
FORMATS = ("money", "full", "quantity", "tenth", "percent", "utc", "local", "zone")

Value = str | int | float | date | datetime

_HEADER = re.compile(r"(?:--.*\n)+")
_PARAMETER = re.compile(r"-- param: (\w+) (\S+) (\S+) (.+)")
_COLUMNS = re.compile(r"-- columns: (.+)")
_EMPTY = re.compile(r"-- empty: (.+)")
_NO_NOTE = ("-- param:", "-- columns:", "-- empty:")
_PLACE = re.compile(r"\{(\w+)\}")


class Parameter(NamedTuple):
    """A parameter of a question. `kind` is one of `KINDS`, or the allowed words: `lines|totals`.

    A default may be relative to the current time: `this-month`, `this-month-1`, `today`, `today-7`, `now`.
    """

    name: str
    kind: str
    default: str
    description: str

    @property
    def choices(self) -> list[str]:
        """The allowed words; empty if the kind is not a choice."""
        return self.kind.split("|") if "|" in self.kind else []

    def parse(self, text: str, now: datetime) -> Value:
        """Parse a text, relative to `now` (aware), whose zone has today. `UsageError` says what was expected."""
        if self.choices:
            if text in self.choices:
                return text
            raise UsageError(f"{self.name} is {text!r}; choose one of {', '.join(self.choices)}")
        read, expected = KINDS[self.kind]
        try:
            return read(text, now)
        except (ValueError, OSError, msgspec.ValidationError):
            raise UsageError(f"{self.name} is {text!r}; give {expected}") from None


class Question(NamedTuple):
    """A file in sql/. `title` is the question in plain words; `note` explains how it is answered.

    `formats` has one of FORMATS for each column that is no text, whole number or date; `empty` says what it means that
    there are no rows.
    """

    name: str
    title: str
    note: str
    parameters: tuple[Parameter, ...]
    sql: str
    formats: Mapping[str, str]
    empty: str

    def render(self, values: Mapping[str, str], now: datetime | None = None) -> str:
        """The SQL in Athena's dialect, ready to run or paste. Parameters without a value take their default.

        Where a parameter is a time zone, today and this month are those of its clock; else those of `now`'s zone.
        Only parsed values are inserted, each as a literal of its type. `UsageError` names a bad or unknown parameter.
        """
        now = now or datetime.now(UTC)
        known = {parameter.name: parameter for parameter in self.parameters}
        for name in values.keys() - known.keys():
            raise UsageError(f"{self.name} has no parameter {name!r}; it has {', '.join(known) or 'none'}")
        for parameter in self.parameters:
            if parameter.kind == "zone":
                now = now.astimezone(zone_of(str(parameter.parse(values.get(parameter.name, parameter.default), now))))
        literals = {
            name: _literal(parameter.parse(values.get(name, parameter.default), now))
            for name, parameter in known.items()
        }
        return _PLACE.sub(lambda place: literals[place[1]], self.sql)


@cache
def questions() -> dict[str, Question]:
    """All questions by name, in alphabetical order."""
    return {path.stem: read(path) for path in sorted(FOLDER.glob("*.sql"))}


@cache
def views() -> dict[str, str]:
    """The SELECT of each view by the view's name."""
    return {path.stem: _split(path)[1] for path in sorted((FOLDER / "views").glob("*.sql"))}


def find(name_or_file: str) -> Question:
    """A question in sql/ by name, or one in any file of the same format. `UsageError` if there is none."""
    if name_or_file in questions():
        return questions()[name_or_file]
    path = Path(name_or_file)
    if not path.is_file():
        raise UsageError(f"{name_or_file!r} is neither a question nor a file; questions: {', '.join(questions())}")
    return read(path)


def read(path: Path) -> Question:
    """Read a question from a file: comments first, then one SELECT.

    The comments are the title, notes, `-- param:` lines, `-- columns: name=format …` and `-- empty:`.
    """
    comments, sql = _split(path)
    parameters = tuple(Parameter(*found) for found in _PARAMETER.findall("\n".join(comments)))
    for parameter in parameters:
        if not parameter.choices and parameter.kind not in KINDS:
            raise UsageError(f"{path.name}: {parameter.kind} is not a parameter kind; use one of {', '.join(KINDS)}")
    for name in set(_PLACE.findall(sql)) - {parameter.name for parameter in parameters}:
        raise UsageError(f"{path.name}: {{{name}}} has no `-- param: {name} …` line")
    title, *note = [line.removeprefix("-- ") for line in comments if not line.startswith(_NO_NOTE)] or [path.stem]
    empty = " ".join(_EMPTY.findall("\n".join(comments))) or f"No rows answer: {title}"
    return Question(path.stem, title, " ".join(note), parameters, sql, _formats(path, comments), empty)


def _formats(path: Path, comments: list[str]) -> dict[str, str]:
    found = {}
    for text in " ".join(_COLUMNS.findall("\n".join(comments))).split():
        name, _, form = text.partition("=")
        if form not in FORMATS:
            raise UsageError(f"{path.name}: {text} is no column and its format; formats are {', '.join(FORMATS)}")
        found[name] = form
    return found


def _split(path: Path) -> tuple[list[str], str]:
    """A file's leading comment lines, and the rest."""
    text = path.read_text()
    header = _HEADER.match(text)
    comments = header[0] if header else ""
    return comments.splitlines(), text[len(comments) :].strip()


def _month(text: str, now: datetime) -> date:
    if relative := re.fullmatch(r"this-month(?:-(\d{1,3}))?", text):
        months = now.year * 12 + now.month - 1 - int(relative[1] or 0)
        return date(months // 12, months % 12 + 1, 1)
    return date.fromisoformat(f"{text}-01")


def _day(text: str, now: datetime) -> date:
    if relative := re.fullmatch(r"today(?:-(\d{1,4}))?", text):
        return now.date() - timedelta(days=int(relative[1] or 0))
    return date.fromisoformat(text)


def _time(text: str, now: datetime) -> datetime:
    moment = now if text == "now" else datetime.fromisoformat(text)
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _meter(text: str, _: datetime) -> str:
    return msgspec.convert(text, MeterId)


def _whole(text: str, _: datetime) -> int:
    found: int = msgspec.convert(int(text), Annotated[int, msgspec.Meta(ge=0)])
    return found


def _number(text: str, _: datetime) -> float:
    number = float(text)
    if not isfinite(number):
        raise ValueError(text)
    return number


def _zone(text: str, _: datetime) -> str:
    try:
        return zone_of(text).key
    except UsageError:
        raise ValueError(text) from None


KINDS: dict[str, tuple[Callable[[str, datetime], Value], str]] = {
    "month": (_month, "a month such as 2024-03"),
    "day": (_day, "a day such as 2024-03-31"),
    "time": (_time, "a time such as 2024-03-31T12:00Z"),
    "meter": (_meter, "a meter's id, or all"),
    "id": (_meter, "an ID, or all"),
    "zone": (_zone, "an IANA time zone such as Europe/Berlin"),
    "whole": (_whole, "a whole number, 0 or more"),
    "number": (_number, "a number"),
}


def _literal(value: Value) -> str:
    """A value as an Athena literal; times are UTC without a zone, as in the tables."""
    if isinstance(value, datetime):
        return f"TIMESTAMP '{value:%Y-%m-%d %H:%M:%S}'"
    if isinstance(value, date):
        return f"DATE '{value}'"
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return repr(value)
