"""`make tariff-fields`: writes the tables of docs/tariffs.md from the table of fields that documents are read by."""

from collections.abc import Iterator

from analytics.template import ROOT
from electrocloud.domain.tariffs.urdb_fields import FIELDS, Field

PAGE = ROOT / "docs" / "tariffs.md"
_MARK = "<!-- fields -->\n"


def page() -> str:
    """The page with its tables as they should be."""
    return PAGE.read_text().partition(_MARK)[0] + _MARK + "".join(_tables())


def _tables() -> Iterator[str]:
    for title, fields in FIELDS.items():
        yield f"\n### {title}\n\n| field | meaning | unit | treatment |\n| --- | --- | --- | --- |\n"
        yield from map(_row, fields)


def _row(field: Field) -> str:
    aliases = f" ({', '.join(f'`{name}`' for name in field.aliases)})" if field.aliases else ""
    note = f". {field.note}" if field.note else ""
    return f"| `{field.name}`{aliases} | {field.meaning} | {field.unit} | {field.treatment}{note} |\n"


if __name__ == "__main__":
    PAGE.write_text(page())
