"""Reads template.yaml, for code that takes its settings from there."""

from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parent.parent


class _Loader(yaml.CSafeLoader):
    """YAML with CloudFormation's short forms: `!Ref X` reads as {"Ref": "X"}, `!Sub X` as {"Fn::Sub": "X"}."""


def _intrinsic(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
        if suffix == "GetAtt":
            value = value.split(".")
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    elif isinstance(node, yaml.MappingNode):
        value = loader.construct_mapping(node, deep=True)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _intrinsic)


def load(path: Path = ROOT / "template.yaml") -> dict[str, Any]:
    """The template as a dictionary: intrinsic functions in their long form, and the files that it includes put in."""
    template: dict[str, Any] = _with_includes(yaml.load(path.read_text(), _Loader), path.parent)  # noqa: S506  it is safe
    return template


def _with_includes(node: Any, folder: Path) -> Any:
    if isinstance(node, list):
        return [_with_includes(one, folder) for one in node]
    if not isinstance(node, dict):
        return node
    if node.keys() == {"Fn::Transform"} and node["Fn::Transform"]["Name"] == "AWS::Include":
        return yaml.load((folder / node["Fn::Transform"]["Parameters"]["Location"]).read_text(), _Loader)  # noqa: S506
    return {key: _with_includes(value, folder) for key, value in node.items()}
