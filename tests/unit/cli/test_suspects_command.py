"""`electrocloud suspects`: what a person reads of the readings that are far outside of what was expected."""

from cli.choices import Output
from cli.rows import print_rows
from cli.suspects import suspect_rows
from electrocloud.domain.forecast import Suspect
from presentation.suspects_text import MEANINGS


def test_each_suspect_is_listed_with_start_duration_and_cause(capsys) -> None:
    noon = 1_795_521_600  # 2026-11-24 12:00 UTC
    found = suspect_rows(Suspect("US-000001", kind, noon, noon + 7200, 80.4, 1375) for kind in MEANINGS)
    print_rows(found, Output.tsv)
    _, *lines = capsys.readouterr().out.splitlines()
    assert [line.split("\t") for line in lines] == [
        ["US-000001", "2026-11-24T12:00:00Z", "2", text, "80", "1375"] for text in MEANINGS.values()
    ]
