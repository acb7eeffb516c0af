"""API Gateway's mapping templates: Velocity with $input, $util, $context and $stageVariables."""

import base64
import json
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import quote_plus, unquote_plus

import airspeed
import msgspec

from electrocloud.domain.errors import UsageError

_JSONPATH_STEP = re.compile(r"\.(\w+)|\[(\d+)\]")
_CONTEXT_VARIABLE = re.compile(r"\$context((?:\.\w+)+)")


class JavaString(str):
    """A string with the methods of Java's that templates call. Python's own `split` knows no regular expression."""

    def replaceAll(self, pattern: str, replacement: str) -> "JavaString":  # noqa: N802
        """Every match of a regular expression replaced."""
        return JavaString(re.sub(pattern, replacement, self))

    def split(self, pattern: str) -> "list[JavaString]":  # type: ignore[override]
        """The parts between the matches of a regular expression, without empty ones at the end."""
        parts = [JavaString(part) for part in re.split(pattern, self)]
        while len(parts) > 1 and not parts[-1]:
            parts.pop()
        return parts


class Input:
    """$input: the payload (`document` is the parsed `body`) and the request's parameters.

    params: decoded values by name, under "path", "querystring" and "header".
    """

    def __init__(self, body: bytes, document: Any, params: Mapping[str, Mapping[str, str]] | None = None) -> None:
        self._body = body
        self._document = document
        self._params = params or {}

    @property
    def body(self) -> str:
        """The payload as text."""
        return self._body.decode()

    def path(self, jsonpath: str) -> Any:
        """The part of the payload that the JSONPath selects; null if there is none."""
        value = self._document
        for step in _steps(jsonpath):
            try:
                value = value[step]
            except (KeyError, IndexError, TypeError):
                return None
        return value

    def json(self, jsonpath: str) -> JavaString:
        """The part of the payload that the JSONPath selects, as JSON; an empty JSON string if there is none."""
        value = self.path(jsonpath)
        return JavaString(msgspec.json.encode("" if value is None else value).decode())

    def params(self, name: str | None = None) -> Any:
        """The parameter with this name from path, query string or headers, in that order; or all of them."""
        if name is None:
            return self._params
        places = (self._params.get(place, {}) for place in ("path", "querystring", "header"))
        return next((place[name] for place in places if name in place), "")


class Util:
    """$util, with API Gateway's function names."""

    @staticmethod
    def base64Encode(text: str) -> str:  # noqa: N802
        """Base64 of the text's UTF-8 bytes."""
        return base64.b64encode(text.encode()).decode()

    @staticmethod
    def base64Decode(text: str) -> str:  # noqa: N802
        """The text whose UTF-8 bytes are encoded in this base64."""
        return base64.b64decode(text).decode()

    @staticmethod
    def escapeJavaScript(text: str) -> str:  # noqa: N802
        """The text escaped for a JavaScript string. This also escapes ', which JSON does not allow."""
        return json.dumps(text)[1:-1].replace("/", "\\/").replace("'", "\\'")

    @staticmethod
    def parseJson(text: str) -> Any:  # noqa: N802
        """Parse JSON."""
        return msgspec.json.decode(text)

    @staticmethod
    def urlEncode(text: str) -> str:  # noqa: N802
        """The text as application/x-www-form-urlencoded, as by Java's URLEncoder."""
        return quote_plus(text, safe="*").replace("~", "%7E")

    @staticmethod
    def urlDecode(text: str) -> str:  # noqa: N802
        """Decode application/x-www-form-urlencoded text."""
        return unquote_plus(text)


def render(template: str, payload: Input, context: dict[str, Any]) -> str:
    """Render a template. `#set` on $context.responseOverride modifies `context`."""
    found: str = _compiled(template).merge({"input": payload, "util": Util, "context": context, "stageVariables": {}})
    return found


def fill(template: str, context: Mapping[str, Any]) -> str:
    """Fill a gateway response's template. It is not Velocity: only $context variables are replaced."""

    def value(variable: re.Match[str]) -> str:
        found: Any = context
        for name in variable[1].split(".")[1:]:
            found = found.get(name, "")
        return str(found)

    return _CONTEXT_VARIABLE.sub(value, template)


@lru_cache(maxsize=64)
def _compiled(template: str) -> airspeed.Template:
    compiled = airspeed.Template(template)
    compiled.ensure_compiled()
    return compiled


@lru_cache(maxsize=4096)
def _steps(jsonpath: str) -> tuple[str | int, ...]:
    steps = list(_JSONPATH_STEP.finditer(jsonpath, 1))
    if not jsonpath.startswith("$") or "".join(step[0] for step in steps) != jsonpath[1:]:
        raise UsageError(f"the local gateway supports only JSONPaths such as $.names[0].of.fields, not {jsonpath}")
    return tuple(int(step[2]) if step[2] else step[1] for step in steps)
