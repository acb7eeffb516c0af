"""`electrocloud doctor`: what this machine has of what the system needs, and what to do about the rest."""

import os
import platform
import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import typer

from analytics.template import ROOT
from cli.choices import Output
from cli.rows import Rows, print_rows
from electrocloud.aws.stack import STATE
from laptop.run import is_ending, running_pid

PYTHONS = ((3, 11), (3, 13))  # the first and the last
ENVIRONMENTS = {".venv-cloud": "run the system here", ".venv-sam": "build and deploy", ".venv-checkov": "make lint"}
PROGRAMS = {  # by any of its names; without `make` nothing works, the others are for tests
    ("make",): "every target",
    ("chromium", "chromium-browser", "google-chrome"): "browser tests",
    ("java",): "make conformance",
    ("mvn",): "make conformance",
    ("node",): "make conformance",
    ("npm",): "make conformance",
    ("openssl",): "make conformance",
}
FREE_GB = 3  # for a year of the demo fleet and a build


class Check(NamedTuple):
    """What was looked at, what was found, and what to do; `ok` is None where only some targets need it."""

    what: str
    ok: bool | None
    found: str
    fix: str = ""


def doctor(output: Output | None) -> None:
    """Check this machine; ends with 1 where something is missing without which `make run` fails."""
    checks = [*_checks()]
    words = {True: "ok", False: "missing", None: "optional"}
    rows = [(one.what, words[one.ok], one.found, one.fix) for one in checks]
    print_rows(Rows(("check", "state", "found", "what to do"), rows), output)
    if any(one.ok is False for one in checks):
        raise typer.Exit(1)


def _checks() -> Iterator[Check]:
    first, last = PYTHONS
    version = sys.version_info[:2]
    supported = first <= version <= last
    wanted = f"Python {'.'.join(map(str, first))} to {'.'.join(map(str, last))}"
    yield Check("Python", supported, platform.python_version(), "" if supported else f"make setup with {wanted}")
    for name, purpose in ENVIRONMENTS.items():
        there = (ROOT / name / ".ready").exists()
        yield Check(f"{name} ({purpose})", there, "ready" if there else "not there", "" if there else "make setup")
    wheels = any((ROOT / ".venv" / "wheels").glob("*.whl"))
    yield Check("Wheels of the layer", wheels, "ready" if wheels else "not there", "" if wheels else "make setup")
    yield from map(_program, PROGRAMS)
    yield _disk()
    yield _running()
    yield _account()


def _program(names: Sequence[str]) -> Check:
    path = next(filter(None, map(shutil.which, names)), None)
    what = f"{names[0]} ({PROGRAMS[tuple(names)]})"
    if path:
        return Check(what, True, path)
    return Check(what, False if names == ("make",) else None, "not there", f"install {names[0]}")


def _disk() -> Check:
    folder = STATE if STATE.exists() else Path.cwd()
    free = shutil.disk_usage(folder).free / 1e9
    enough = free >= FREE_GB
    return Check("Free disk", enough, f"{free:,.0f} GB", "" if enough else f"free {FREE_GB} GB in {folder}")


def _running() -> Check:
    if pid := running_pid():
        return Check("System on this laptop", True, f"runs as process {pid}", "electrocloud status")
    if is_ending():
        return Check("System on this laptop", None, "processes of an earlier run are ending", "electrocloud down")
    return Check("System on this laptop", None, "not running", "electrocloud up")


def _account() -> Check:
    import boto3  # noqa: PLC0415  only here

    region = os.environ.get("AWS_REGION") or boto3.Session().region_name
    credentials = boto3.Session().get_credentials()
    if not region or not credentials:
        lacking = " and ".join(name for name, there in (("region", region), ("credentials", credentials)) if not there)
        return Check("AWS account (make deploy)", None, f"no {lacking}", "set AWS_REGION and AWS credentials")
    stack = os.environ.get("ELECTROCLOUD_STACK")
    found = f"region {region}, credentials from {credentials.method}"
    if stack:
        return Check("AWS account (make deploy)", True, f"{found}, stack {stack}")
    return Check("AWS account (make deploy)", True, found, "set ELECTROCLOUD_STACK to work with a stack")
