"""Athena's SQL for the laptop's Athena, which runs DuckDB and keeps no views. In an account SQL is sent as it is.

sqlglot translates most of it; the rest is here. Trino's quotient has the type of its operands and DuckDB's is a double,
so sql/ says that type by a CAST of the dividend.
"""

from collections.abc import Mapping

from sqlglot import exp, parse_one


def to_duckdb(sql: str, views: Mapping[str, str]) -> str:
    """One SELECT in DuckDB's dialect, with each view that it names put in its place.

    Raises sqlglot's ParseError.
    """
    parsed = {name: parse_one(text, read="athena") for name, text in views.items()}
    tree = exp.expand(parse_one(sql, read="athena"), parsed)
    for node in reversed(list(tree.walk())):  # the innermost first, since a new node holds copies
        if isinstance(node, exp.Anonymous) and node.name.lower() in ("at_timezone", "with_timezone"):
            instant, zone = node.expressions
            node.replace(exp.func("timezone", zone, instant, dialect="duckdb"))
        elif isinstance(node, exp.Div) and isinstance(node.this, exp.Cast):
            node.replace(_quotient(node.this, node.expression))
        elif node.is_type(exp.DataType.Type.TIMESTAMP) and isinstance(node, exp.DataType):
            node.set("expressions", [])  # TIMESTAMP(0) is a type of its own in DuckDB, in whole seconds
    return tree.sql("duckdb", pretty=True)


def _quotient(dividend: exp.Cast, divisor: exp.Expression) -> exp.Expression:
    """Whole for whole numbers; for a decimal of scale s the quotient of 10^s times the dividend, s places to the right.

    Trino rounds the last place of a decimal quotient; here it is cut off.
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
