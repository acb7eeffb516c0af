"""Every reason for which an upload is quarantined stands in docs/ingestion.md, with what to do."""

import ast
import re

from analytics.template import ROOT


def reasons_in_code() -> set[str]:
    """The first arguments of all `UploadError(…)` of the layer that are text."""
    found = set()
    for path in (ROOT / "layer" / "electrocloud").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "UploadError":
                first = node.args[0]
                if isinstance(first, ast.Constant):
                    found.add(first.value)
    return found


def test_each_reason_of_the_quarantine_is_documented_and_no_other():
    text = (ROOT / "docs" / "ingestion.md").read_text()
    table = text.split("| quarantine | the fault | what to do |")[1].split("\n\n")[0]
    assert set(re.findall(r"^\| `([a-z-]+)` \|", table, re.MULTILINE)) == reasons_in_code()


def test_a_reason_can_stand_in_an_objects_name():
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", reason) for reason in reasons_in_code())
