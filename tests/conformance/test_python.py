"""The functions on the Python that template.yaml names, with the very wheels that the layer's lock pins for it.

That Python is CPython's own build for WebAssembly, from the npm package `pyodide`: no other is among the package
registries. It has no threads and no sockets, so boto3's clients are doubles here; forecasting and publishing need
pandas and pyarrow, which have no wheels for it.
"""

import os
import re
import subprocess

from analytics.template import ROOT, load
from tests.conformance.engines import SOURCES, fetch_node, python_packages

RUNTIME = "python3.14"
NOT_ON_WASM = {  # `make test` runs them
    "tests/unit/domain/readings/test_reasons.py",  # YAML has no wheel for it
    "tests/unit/domain/billing/test_plan_shape.py",  # starts processes
}
TESTS = sorted(
    str(path.relative_to(ROOT))
    for room in ("domain", "services")
    for path in (ROOT / "tests" / "unit" / room).rglob("test_*.py")
)


def run(*arguments: str) -> str:
    """What pytest prints on CPython 3.14; a failure of its tests is one here."""
    script = fetch_node().parent / "python314.mjs"
    script.write_text((SOURCES / "python314.mjs").read_text())
    command = ["node", str(script), str(ROOT), str(python_packages()), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={"PATH": os.environ["PATH"]})
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_functions_run_on_the_python_that_is_tried_here() -> None:
    template = load()
    functions = [one for one in template["Resources"].values() if one["Type"] == "AWS::Serverless::Function"]
    runtimes = {one["Properties"].get("Runtime", template["Globals"]["Function"]["Runtime"]) for one in functions}
    assert runtimes == {RUNTIME}


def test_metering_transform_and_closing_start_and_do_their_work() -> None:
    said = run("tests/conformance/functions_on_python314.py")
    assert "CPython 3.14" in said
    assert "4 passed" in said


def test_the_domain_and_the_services_pass_their_own_tests() -> None:
    passed = re.search(r"(\d+) passed", run(*[path for path in TESTS if path not in NOT_ON_WASM]))
    assert passed
    assert int(passed[1]) >= len(TESTS)
