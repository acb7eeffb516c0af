"""The import contracts of pyproject.toml, each held against an import that it must refuse."""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from analytics.template import ROOT

SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
CONTRACTS = [contract["id"] for contract in SETTINGS["contracts"]]
# For each contract a file, and the import to plant in it. A contract without one fails here.
PLANTED = {
    "domain": ("layer/electrocloud/domain/money.py", "from forecasting.load import HOUR_S"),
    "services": ("layer/electrocloud/services/closing.py", "import botocore"),
    "layer": ("layer/electrocloud/services/replay.py", "from electrocloud.aws.backoff import pause"),
    "rooms": ("analytics/questions.py", "from cli.main import app"),
    "forecasting": ("layer/electrocloud/aws/store/reader.py", "import numpy"),
    "dashboard": ("dashboard/live/page.py", "from cli.suspects import suspects"),
    "laptop": ("producers/sending/live.py", "from laptop.cloud import free_port"),
    "simulation": ("registry/desk.py", "from producers.fleet.fleet import Meter"),
    "handlers": ("dashboard/live/page.py", "from consumers.metering.app import handler"),
}


def _folder(package: str) -> Path:
    return Path("layer" if package == "electrocloud" else ".") / package


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the packages and of the contracts."""
    tree = tmp_path_factory.mktemp("tree")
    for package in SETTINGS["root_packages"]:
        shutil.copytree(ROOT / _folder(package), tree / _folder(package), ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tree)
    return tree


def _lint(tree: Path, contract: str) -> subprocess.CompletedProcess[str]:
    command = [Path(sys.executable).with_name("lint-imports"), "--contract", contract, "--no-cache"]
    environment = os.environ | {"PYTHONPATH": f"{tree / 'layer'}{os.pathsep}{tree}", "COLUMNS": "200"}
    return subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("contract", CONTRACTS)
def test_a_forbidden_import_breaks_its_contract(copy: Path, contract: str) -> None:
    name, line = PLANTED[contract]
    path = copy / name
    text = path.read_text()
    path.write_text(f"{text}\n{line}\n")
    try:
        found = _lint(copy, contract)
    finally:
        path.write_text(text)
    assert found.returncode == 1, found.stdout + found.stderr
    assert "0 kept, 1 broken" in found.stdout
    assert name.removeprefix("layer/").removesuffix(".py").replace("/", ".") in found.stdout


def test_the_contracts_hold_in_the_copy_without_such_an_import(copy: Path) -> None:
    found = _lint(copy, "rooms")
    assert "1 kept, 0 broken" in found.stdout, found.stdout + found.stderr


def test_every_package_of_the_checkout_is_under_contract() -> None:
    found = {path.parent.name for path in ROOT.glob("*/__init__.py")} | {"electrocloud"}
    assert found - {"tests"} == set(SETTINGS["root_packages"])


def test_every_folder_with_code_is_a_package_that_the_contracts_see() -> None:
    folders = {path.parent for package in SETTINGS["root_packages"] for path in (ROOT / _folder(package)).rglob("*.py")}
    assert [folder for folder in sorted(folders) if not (folder / "__init__.py").exists()] == []
