"""`electrocloud suspects`: what a person reads of the readings that are far outside of what was expected."""

from rich.console import Console

from cli.suspects import suspects_table
from electrocloud.domain.forecast import Suspect
from presentation.suspects_text import MEANINGS


def test_each_suspect_is_listed_with_start_duration_and_cause() -> None:
    noon = 1_795_521_600  # 2026-11-24 12:00 UTC
    console = Console(width=80)
    with console.capture() as printed:
        console.print(suspects_table(Suspect("US-000001", kind, noon, noon + 7200, 80.4, 1375) for kind in MEANINGS))
    lines = [line.split() for line in printed.get().splitlines() if "US-000001" in line]
    assert len(lines) == len(MEANINGS)
    for line, kind in zip(lines, MEANINGS, strict=True):
        assert line[:5] == ["US-000001", "11-24", "12:00", "2", f"{kind}:"]
        assert line[-3:] == ["80", "to", "1,375"]
