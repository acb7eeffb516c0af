"""docs/meter-files.md names every format that is read."""

from analytics.template import ROOT
from meter_files.presets import PRESETS
from tests.kits.meter_file_kit import FILES


def test_every_format_is_documented():
    text = (ROOT / "docs" / "meter-files.md").read_text()
    table = text.partition("## Rules")[0]
    assert [layout.name for layout in PRESETS if layout.name.partition(" (Opower")[0] not in table] == []


def sums() -> str:
    """A row for each of the small files in the tests: what it holds, which is what is read of it."""
    rows = [f"| {name} | {file.delivered:,} | {file.received:,} |\n" for name, file in FILES.items()]
    return "| file | delivered, Wh | received, Wh |\n|---|---:|---:|\n" + "".join(rows)


def test_the_sums_of_every_format_are_shown():
    assert sums() in (ROOT / "docs" / "meter-files.md").read_text()
