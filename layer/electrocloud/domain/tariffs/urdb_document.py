"""A rate in a tariff document, by URDB's own field names, whatever names and nesting its source gave them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from electrocloud.domain.errors import TariffError
from electrocloud.domain.tariffs.urdb_fields import fields_by_spelling, spelling
from electrocloud.domain.tariffs.urdb_values import has_amount


@dataclass(frozen=True)
class RateDocument:
    """The fields of a rate that have a value, by URDB's names; `names` are those that the document has for them."""

    values: Mapping[str, Any]
    names: Mapping[str, str]

    def as_given(self, fault: TariffError) -> TariffError:
        """A fault that names its field as the document does."""
        head = fault.field.partition("[")[0].partition(".")[0]
        name = self.names.get(head, head)
        return fault if name == head else TariffError(name + fault.field[len(head) :], fault.message)


def only_item(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """The rate in a document, which may be OpenEI's answer around it."""
    if not isinstance(document, Mapping):
        raise TariffError("tariff", "is not a JSON object; give a URDB rate")
    if "items" not in document:
        return document
    items = document["items"]
    if not isinstance(items, Sequence) or len(items) != 1 or not isinstance(items[0], Mapping):
        raise TariffError("items", "must hold exactly one rate; ask OpenEI for one, by getpage")
    return cast("Mapping[str, Any]", items[0])


def read_rate(document: Mapping[str, Any]) -> RateDocument:
    """The fields of a rate by URDB's names. Empty ones, notes (`_…`) and those without effect on the bill are left out.

    A field that is not known is passed over where it holds text, links, dates and zeros only. `TariffError` names one
    that may change the bill, and two names of one field with different values.
    """
    values: dict[str, Any] = {}
    names: dict[str, str] = {}
    for name, value in only_item(document).items():
        if name.startswith("_") or is_empty(value):
            continue
        field = fields_by_spelling().get(spelling(name))
        if field is None:
            _refuse_amounts(name, value)
        elif field.treatment == "refused":
            if has_amount(value):
                reason = f"changes the bill in a way that is not computed{_note(field.note)}"
                raise TariffError(name, f"{reason}; docs/tariffs.md says why")
        elif field.treatment != "no effect":
            value = _plain(value)
            if field.name in values and values[field.name] != value:
                raise TariffError(name, f"and {names[field.name]} are one field with two values; correct one of them")
            values[field.name], names[field.name] = value, name
    return RateDocument(values, names)


def is_empty(value: object) -> bool:
    """Whether a field was left blank."""
    return value is None or (isinstance(value, str | list | tuple | dict) and not value)


def _plain(value: Any) -> Any:
    """A value without the objects that URDB's bulk download wraps around tiers, dates and numbers."""
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, Mapping) and len(value) == 1:
        ((name, only),) = value.items()
        if name in ("$date", "$numberLong", "$numberInt", "$numberDouble", "$numberDecimal"):
            return _unwrapped(name, only)
        if name.lower().endswith("tiers"):
            return _plain(only)
    return value


def _unwrapped(name: str, value: Any) -> Any:
    value = _plain(value)
    if isinstance(value, str) and value.lstrip("-").isdigit():
        value = int(value)
    return value // 1000 if name == "$date" and isinstance(value, int) else value  # MongoDB's dates are in ms


def _refuse_amounts(name: str, value: object) -> None:
    if has_amount(value):
        raise TariffError(
            name,
            "is not a field that docs/tariffs.md lists, and its numbers may change the bill; "
            "if it is a note, begin its name with an underscore",
        )


def _note(note: str) -> str:
    return f": {note[0].lower()}{note[1:]}" if note else ""
