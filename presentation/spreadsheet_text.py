"""Cells of CSV files that people open in a spreadsheet. Files that programs read back are not written with it."""

from decimal import Decimal

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")  # what a spreadsheet takes for a formula, or skips before one


def cell(value: object) -> object:
    """A value as no spreadsheet takes for a formula: such text begins with an apostrophe. Numbers stay numbers."""
    if isinstance(value, Decimal):
        return f"{value:f}"
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value
