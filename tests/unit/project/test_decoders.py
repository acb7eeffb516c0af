"""Decoders of our own types are made when their module is imported.

msgspec looks at a type when it first decodes one. Two threads that do so at once can crash the process, and the
registry's records are decoded by several threads.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

from analytics.template import ROOT
from tests.unit.project.test_paging import PACKAGES

BUILT_IN = {"Any", "msgspec"}


def decoded_late(source: str) -> Iterator[int]:
    """The lines of each `msgspec.json.decode(…, type=…)` of a type that is not built in."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("msgspec.json.decode", "msgspec.msgpack.decode"):
            types = [keyword.value for keyword in node.keywords if keyword.arg == "type"]
            names = {inner.id for one in types for inner in ast.walk(one) if isinstance(inner, ast.Name)}
            if any(name.lstrip("_")[0].isupper() for name in names - BUILT_IN):
                yield node.lineno


def test_no_type_of_ours_is_first_looked_at_when_one_is_decoded() -> None:
    files = [path for package in PACKAGES for path in sorted(Path(ROOT, package).rglob("*.py"))]
    late = [f"{path.relative_to(ROOT)}:{line}" for path in files for line in decoded_late(path.read_text())]
    assert not late, f"make a msgspec.json.Decoder when the module is imported: {', '.join(late)}"


def test_a_late_decoder_is_found() -> None:
    assert [*decoded_late("msgspec.json.decode(body, type=list[_Bill])")] == [1]
    assert not [*decoded_late("msgspec.json.decode(body, type=dict[str, Any])")]
