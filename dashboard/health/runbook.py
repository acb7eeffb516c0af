"""Sections of docs/runbook.md, by the alarm that they are for."""

from functools import cache

from analytics.template import ROOT

PATH = ROOT / "docs" / "runbook.md"


@cache
def _sections() -> dict[str, str]:
    parts = PATH.read_text(encoding="utf-8").split("\n## ")[1:]
    return {name: text.strip() for name, _, text in (part.partition("\n") for part in parts)}


def section(alarm: str) -> str:
    """The runbook's section of an alarm, as Markdown."""
    return _sections().get(alarm, "The runbook has no section for this alarm.")
