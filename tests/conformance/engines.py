"""The engines behind the AWS services: fetched by Maven as engines/pom.xml pins them, checked, and started.

`python -m tests.conformance.engines` fetches all of them; with `--pin` it writes their checksums anew, which is for
after a change of a version and for nothing else.
"""

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Collection, Iterator
from functools import cache
from pathlib import Path

import pytest

from analytics.template import ROOT

SOURCES = Path(__file__).parent / "engines"
CHECKSUMS = SOURCES / "checksums.sha256"
BUILD = ROOT / "build" / "conformance"
PYTHON314 = (
    "--python-version", "3.14", "--implementation", "cp", "--abi", "cp314", "--abi", "none",
    "--platform", "pyemscripten_2026_0_wasm32", "--platform", "any",
)  # fmt: skip
TOOLS = (
    "boto3", "botocore", "hypothesis", "iniconfig", "packaging", "pluggy", "pygments", "pytest", "s3transfer",
    "sortedcontainers", "urllib3",
)  # fmt: skip
ENGINES = ("trino", "trino-hive", "mapping", "kpl")


def require(*programs: str) -> None:
    """Skip where a program is missing, so that a laptop without Java can test the rest; where CI is set, fail."""
    missing = [program for program in programs if not shutil.which(program)]
    if missing and os.environ.get("CI"):
        pytest.fail(f"{', '.join(missing)} is missing; .ci/run must install it")
    if missing:
        pytest.skip(f"{', '.join(missing)} is missing")


@cache
def fetch(engine: str) -> Path:
    """The folder with an engine's files, fetched if it is not there. Each file has the checksum that is pinned."""
    require("mvn", "java")
    folder = BUILD / engine
    if not folder.exists():
        _maven(engine)
    pinned = {name: digest for name, digest in _pinned() if name.startswith(f"{engine}/")}
    found = {f"{engine}/{path.name}": _digest(path) for path in folder.iterdir()}
    if found != pinned:
        wrong = sorted(name for name, _ in found.items() ^ pinned.items())
        raise AssertionError(f"not what {CHECKSUMS.name} pins: {', '.join(dict.fromkeys(wrong))}; delete {folder}")
    return folder


def fetch_plugin(engine: str) -> Path:
    """The folder with the files of an engine that comes as one zip, unpacked."""
    (archive,) = fetch(engine).iterdir()
    folder = BUILD / "unpacked" / archive.stem
    if not folder.exists():
        with zipfile.ZipFile(archive) as packed:
            packed.extractall(folder.parent)
    return folder


@cache
def fetch_node() -> Path:
    """The folder with what package.json names; npm checks it against the lock's hashes."""
    require("node", "npm")
    folder = BUILD / "node"
    if not (folder / "node_modules").exists():
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(SOURCES / name, folder)
        _run("npm", "ci", "--prefix", str(folder), "--ignore-scripts", "--no-audit", "--no-fund", "--silent")
    return folder / "node_modules"


@cache
def python_packages() -> Path:
    """The folder with the layer's packages, and pytest's, for CPython 3.14 on WebAssembly, by the locks' hashes."""
    folder = BUILD / "python314"
    if not folder.exists():
        part = BUILD / "python314.part"
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        pins = (ROOT / "layer" / "requirements.txt").read_text() + _pins_of(TOOLS)
        (part / "requirements.txt").write_text(pins)
        wheels = ["--only-binary", ":all:", "--no-deps", "--require-hashes", *PYTHON314]
        _run(sys.executable, "-m", "pip", "-q", "--disable-pip-version-check", "install", "--target", str(part),
             *wheels, "-r", str(part / "requirements.txt"))  # fmt: skip
        part.rename(folder)
    return folder


def _pins_of(names: Collection[str]) -> str:
    blocks = re.split(r"^(?=\S)", (ROOT / "locks" / "dev.txt").read_text(), flags=re.MULTILINE)
    return "".join(block for block in blocks if block.partition("==")[0] in names)


def java(engine: str, source: str, *arguments: str, options: tuple[str, ...] = ()) -> list[str]:
    """The command that runs a program of engines/, from its source, with an engine's libraries."""
    return ["java", *options, "-cp", f"{fetch(engine)}/*", str(SOURCES / source), *arguments]


def _maven(engine: str) -> None:
    part = BUILD / f"{engine}.part"
    shutil.rmtree(part, ignore_errors=True)
    command = ["mvn", "-q", "-B", "-f", str(SOURCES / "pom.xml"), "-P", engine, "dependency:copy-dependencies"]
    _run(*command, f"-DoutputDirectory={part}", "-DincludeScope=runtime")
    part.rename(BUILD / engine)


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise AssertionError(f"{' '.join(command)} failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")


def _pinned() -> Iterator[tuple[str, str]]:
    for line in CHECKSUMS.read_text().splitlines():
        digest, name = line.split()
        yield name, digest


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _pin() -> None:
    lines: list[str] = []
    for engine in ENGINES:
        if not (BUILD / engine).exists():
            _maven(engine)
        lines += [f"{_digest(path)}  {engine}/{path.name}\n" for path in sorted((BUILD / engine).iterdir())]
    CHECKSUMS.write_text("".join(lines))


def main() -> None:
    """Fetch and check all engines, or pin them anew."""
    parser = argparse.ArgumentParser(prog="python -m tests.conformance.engines", description=__doc__)
    parser.add_argument("--pin", action="store_true", help="write the checksums of what Maven gives now")
    if parser.parse_args().pin:
        _pin()
    for engine in ENGINES:
        fetch(engine)
    fetch_node()
    python_packages()


if __name__ == "__main__":
    main()
