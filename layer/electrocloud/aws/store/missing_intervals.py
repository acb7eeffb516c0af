"""How many intervals a bill lacks, as the attribute `missing` of its item and of the index by month.

It is a number where that says all. Of an open bill it is a list: the number, the time zone, and then start, end, length
and count of each span at the bill's end that was not read. The reader subtracts what is not due yet: the item
itself does not depend on when it was written.
"""

from collections.abc import Sequence
from typing import Any

from electrocloud.domain.billing.counting import UnreadSpan, not_yet_due

Item = dict[str, Any]


def missing_attribute(missing: int, unread: Sequence[UnreadSpan], zone: str) -> Item:
    """The attribute of a bill that lacks `missing` intervals, `unread` ones of them at its end."""
    total = {"N": str(missing)}
    if not unread:
        return total
    return {"L": [total, {"S": zone}, *({"N": str(number)} for span in unread for number in span)]}


def missing_in(item: Item) -> int:
    """How many intervals an item's bill lacks, due or not."""
    attribute = item["missing"]
    return int((attribute["L"][0] if "L" in attribute else attribute)["N"])


def unread_in(item: Item) -> list[UnreadSpan]:
    """What an item's bill lacks at its end; nothing of one that an earlier version of the code has stored."""
    _, _, *numbers = item.get("missing", {}).get("L", (None, None))
    values, size = [int(number["N"]) for number in numbers], len(UnreadSpan._fields)
    return [UnreadSpan(*values[first : first + size]) for first in range(0, len(values), size)]


def not_yet_due_in(item: Item, now: int) -> int:
    """How many of the intervals that an item's bill lacks have not ended by `now` (s since 1970 UTC)."""
    unread = unread_in(item)
    return not_yet_due(unread, now, item["missing"]["L"][1]["S"]) if unread else 0
