"""docs/meter-files.md names every format that is read."""

from analytics.template import ROOT
from meter_files.presets import PRESETS


def test_every_format_is_documented():
    text = (ROOT / "docs" / "meter-files.md").read_text()
    table = text.partition("## Rules")[0]
    assert [layout.name for layout in PRESETS if layout.name.partition(" (Opower")[0] not in table] == []
