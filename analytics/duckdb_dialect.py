"""Translates Athena SQL for the laptop's Athena, which runs DuckDB and stores no views.

sqlglot translates most of it; the rest is here. A quotient has its operands' type in Trino and is a double in DuckDB,
so the queries in sql/ state the type with a CAST of the dividend.
"""

from collections.abc import Mapping
from typing import cast

from sqlglot import exp, parse_one


def to_duckdb(sql: str, views: Mapping[str, str]) -> str:
    """Translate one SELECT to DuckDB's dialect, with the views it uses inlined. Raises sqlglot's ParseError."""
    parsed = {name: cast("exp.Query", parse_one(text, read="athena")) for name, text in views.items()}
    tree = exp.expand(parse_one(sql, read="athena"), {**parsed})
    for node in reversed(list(tree.walk())):  # innermost first, because a replaced node holds copies
        if isinstance(node, exp.Anonymous) and node.name.lower() in ("at_timezone", "with_timezone"):
            instant, zone = node.expressions
            node.replace(exp.func("timezone", zone, instant, dialect="duckdb"))
        elif isinstance(node, exp.Anonymous) and node.name.lower() == "bitwise_left_shift":
            number, bits = node.expressions
            node.replace(exp.paren(exp.BitwiseLeftShift(this=number, expression=bits)))
        elif isinstance(node, exp.Anonymous) and node.name.lower() == "bit_count":
            node.set("expressions", node.expressions[:1])  # Trino asks for the number's bits, too
        elif isinstance(node, exp.Div) and isinstance(node.this, exp.Cast):
            node.replace(_quotient(node.this, node.expression))
        elif node.is_type(exp.DataType.Type.TIMESTAMP) and isinstance(node, exp.DataType):
            node.set("expressions", [])  # in DuckDB, TIMESTAMP(0) is a separate type in whole seconds
    return tree.sql("duckdb", pretty=True)


def _quotient(dividend: exp.Cast, divisor: exp.Expression) -> exp.Expression:
    """Integer division for integers; for decimals of scale s, integer division of dividend * 10^s, shifted back.

    Trino rounds the last place of a decimal quotient; this truncates it.
    """
    if dividend.to.is_type("bigint"):
        return exp.IntDiv(this=dividend, expression=divisor)
    if not dividend.to.is_type("decimal"):
        return exp.Div(this=dividend, expression=divisor)
    _, scale = (int(size.name) for size in dividend.to.expressions)
    whole = exp.IntDiv(
        this=exp.cast(dividend * 10**scale, "hugeint", dialect="duckdb"),
        expression=exp.cast(divisor, "hugeint", dialect="duckdb"),
    )
    return exp.cast(whole, "decimal(38, 0)") * exp.Literal.number(f"{10**-scale:.{scale}f}")
