"""What names the tables that hold meters, their days and their bills."""

from typing import Protocol


class MeterTables(Protocol):
    """A function's settings, or a `Stack`."""

    @property
    def windows_table(self) -> str:
        """Meters' days."""

    @property
    def bills_table(self) -> str:
        """Bills."""

    @property
    def meters_table(self) -> str:
        """Registered meters."""
