"""`make licenses`: writes docs/licenses.md, with the license that every pinned package states."""

import re
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import TYPE_CHECKING, cast

from analytics.template import ROOT

if TYPE_CHECKING:
    from email.message import Message

PLACE = ROOT / "docs" / "licenses.md"
_ENVIRONMENT = "lib/python3*/site-packages"
LISTS = (
    ("In the functions' layer", "layer/requirements.txt", f".venv/{_ENVIRONMENT}"),
    ("In the publishing function's layers", "lake/requirements.txt", f".venv/{_ENVIRONMENT}"),
    ("In the read function's layers", "presentation/requirements.txt", f".venv/{_ENVIRONMENT}"),
    ("In the forecasting function's layers", "forecasting/requirements.txt", "build/licenses"),
    ("In the hosted dashboard", "dashboard/requirements.txt", f".venv/{_ENVIRONMENT}"),
    ("In a checkout, with the above", "locks/dev.txt", f".venv/{_ENVIRONMENT}"),
    ("In the benchmarks' environment", "locks/benchmarks.txt", f".venv-benchmarks/{_ENVIRONMENT}"),
    ("In the SAM CLI's environment", "locks/sam.txt", f".venv-sam/{_ENVIRONMENT}"),
    ("In the environment of the laptop's cloud", "locks/cloud.txt", f".venv-cloud/{_ENVIRONMENT}"),
    ("In Checkov's environment", "locks/checkov.txt", f".venv-checkov/{_ENVIRONMENT}"),
)
_PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^ ;\\]+)", re.MULTILINE)
_CLASSIFIER = "License :: "


def license_of(package: Distribution) -> str:
    """A package's stated license: its SPDX expression, its classifiers or its license text."""
    metadata = cast("Message", package.metadata)  # its actual type, unlike the annotation
    if expression := metadata.get("License-Expression"):
        return str(expression)
    classifiers = [one for one in metadata.get_all("Classifier") or [] if one.startswith(_CLASSIFIER)]
    names = sorted({one.rpartition(" :: ")[2] for one in classifiers} - {"OSI Approved"})
    if names:
        return ", ".join(names)
    lines = (metadata.get("License") or "").strip().splitlines()
    return lines[0][:60] if lines else "see the package"


def pinned(lock: Path) -> dict[str, str]:
    """The normalized names and versions in a lock file."""
    return {_normal(name): version for name, version in _PIN.findall(lock.read_text())}


def report() -> str:
    """The list as Markdown."""
    parts = [
        (
            "# Licenses\n\nEvery package that is pinned, with the license that it states. "
            "`make licenses` writes this list.\n"
        )
    ]
    for title, lock, folder in LISTS:
        places = [str(path) for path in ROOT.glob(folder)]
        known = {_normal(one.metadata["Name"]): one for one in distributions(path=places)}
        rows = [
            f"| {name} | {version} | {license_of(known[name]) if name in known else 'not installed'} |"
            for name, version in sorted(pinned(ROOT / lock).items())
        ]
        parts.append(f"\n## {title}\n\n| package | version | license |\n| --- | --- | --- |\n" + "\n".join(rows) + "\n")
    return "".join(parts)


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


if __name__ == "__main__":
    PLACE.write_text(report())
