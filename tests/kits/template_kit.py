"""template.yaml as deployed: SAM resources expanded, conditions and references resolved."""

import base64
import re
from collections.abc import Mapping
from typing import Any

from analytics.template import load
from tools.deploy_check import expanded

REGION, ACCOUNT = "eu-central-1", "111122223333"
_PSEUDO = {
    "AWS::Region": REGION,
    "AWS::AccountId": ACCOUNT,
    "AWS::Partition": "aws",
    "AWS::StackName": "electrocloud",
    "AWS::URLSuffix": "amazonaws.com",
}
_SUB = re.compile(r"\$\{([^!}][^}]*)\}")


def built(monkeypatch: Any, **parameters: str) -> dict[str, Any]:
    """The template with its SAM resources expanded to what CloudFormation creates."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    return expanded(load(), parameters, REGION)


class Resolver:
    """Resolves intrinsic functions: a resource becomes its logical ID, an attribute `Id.Attribute`."""

    def __init__(self, template: Mapping[str, Any], **parameters: str) -> None:
        self._conditions = template["Conditions"]
        self.names = {name: str(body.get("Default", "")) for name, body in template["Parameters"].items()}
        self.names |= parameters | _PSEUDO

    def __call__(self, node: Any) -> Any:
        if isinstance(node, list):
            return [value for value in map(self, node) if value is not None]
        if not isinstance(node, dict):
            return node
        if len(node) == 1:
            ((name, value),) = node.items()
            if name == "Ref" or name.startswith("Fn::"):
                return self._function(name, value)
        return {key: resolved for key, value in node.items() if (resolved := self(value)) is not None}

    def holds(self, condition: Any) -> bool:
        """Whether a condition, by name or as written, is true with these parameters."""
        if isinstance(condition, str):
            return self.holds(self._conditions[condition])
        ((name, value),) = condition.items()
        if name == "Fn::Not":
            return not self.holds(value[0])
        if name == "Fn::Equals":
            left, right = map(self, value)
            return bool(left == right)
        raise AssertionError(f"the tests do not know the condition {name}")

    def _function(self, name: str, value: Any) -> Any:
        if name == "Ref":
            return None if value == "AWS::NoValue" else self.names.get(value, value)
        if name == "Fn::GetAtt":
            return ".".join(value) if isinstance(value, list) else value
        if name == "Fn::If":
            return self(value[1] if self.holds(value[0]) else value[2])
        if name == "Fn::Sub":
            text, variables = value if isinstance(value, list) else (value, {})
            own = {key: self(one) for key, one in variables.items()}
            found = _SUB.sub(lambda found: str(own.get(found[1], self.names.get(found[1], found[1]))), text)
            return found.replace("${!", "${")
        if name == "Fn::Join":
            return value[0].join(self(value[1]))
        if name == "Fn::Base64":
            return base64.b64encode(self(value).encode()).decode()
        return {name: self(value)}
