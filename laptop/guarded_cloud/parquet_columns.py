"""The columns of a Parquet table in MiniStack's Athena, which has those of the files alone.

A file that was written before a column was added to its table lacks it. In Athena the column is NULL there; MiniStack
fails a query that names it, as long as no file has it.
"""

from collections.abc import Callable
from typing import Any

TableData = dict[str, Any]


def with_columns(
    relation_of: Callable[[TableData, list[str]], str], empty_relation_of: Callable[[TableData], str]
) -> Callable[[TableData, list[str]], str]:
    """`relation_of`, but a Parquet table has all columns of the table too, by a union with no rows of these."""

    def found(table: TableData, files: list[str]) -> str:
        relation = relation_of(table, files)
        if not relation.startswith("read_parquet("):
            return relation
        return f"(FROM {relation} UNION ALL BY NAME FROM {empty_relation_of(table)})"

    return found
