"""A Scan's next page in MiniStack, which would compare each item of the table with the page's start.

So a table of 300,000 items takes minutes to read, a page of a megabyte at a time.
"""

from bisect import bisect_right
from typing import Any

Item = dict[str, Any]


def items_after(items: list[Item], start: Item, table: dict[str, Any]) -> list[Item]:
    """The items after the key `start`; `items` are in order of the table's keys, which are strings."""
    names = [name for name in (table["pk_name"], table["sk_name"]) if name]

    def key(item: Item) -> list[str]:
        return [item[name]["S"] for name in names]

    return items[bisect_right(items, key(start), key=key) :]


def with_strings(slow: Any) -> Any:
    """`items_after` for tables whose keys are strings, MiniStack's own function for others."""

    def after(items: list[Item], start: Item, table: dict[str, Any]) -> list[Item]:
        kinds = {one["AttributeName"]: one["AttributeType"] for one in table["AttributeDefinitions"]}
        strings = all(kinds[name] == "S" for name in (table["pk_name"], table["sk_name"]) if name)
        found: list[Item] = items_after(items, start, table) if strings else slow(items, start, table)
        return found

    return after
