"""Which calls reach MiniStack: those of this laptop's user, who has the cloud's keys.

MiniStack answers calls that AWS does not have (such as /_ministack/reset) without credentials, lets every web page read
its answers (Access-Control-Allow-Origin: *) and takes any Host. The guard refuses, before MiniStack sees them:

- a Host that is not this machine's loopback: a web page whose name was rebound to 127.0.0.1 sends its own name
- any Origin: only web pages send one
- a call that names no access key in use. Keys are random, so a caller that knows one may read them or was given one
- WebSockets, and all of MiniStack's own paths but /_ministack/health
"""

import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

from ministack.core import iam_evaluator
from ministack.services import sts

HEALTH = "/_ministack/health"
LOOPBACK = {"127.0.0.1", "localhost", "[::1]"}
_HEADER_KEY = re.compile(r"AWS4-HMAC-SHA256\s+Credential=([^/,\s]+)/")


def refusal(scope: dict[str, Any]) -> str | None:
    """Why the guard refuses an ASGI scope, or None if MiniStack may see it."""
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope.get("headers", [])}
    if re.sub(r":\d+$", "", headers.get("host", "")) not in LOOPBACK:
        return "the Host is not this machine"
    if "origin" in headers:
        return "calls from web pages are not allowed"
    if scope["type"] != "http":
        return "only HTTP is allowed"
    if scope["path"] == HEALTH:
        return None
    if scope["path"].startswith(("/_ministack", "/_localstack", "/health")):
        return "this path is not available"
    return None if _in_use(_access_key(headers, scope)) else "sign the call with the cloud's keys"


def _access_key(headers: dict[str, str], scope: dict[str, Any]) -> str:
    if found := _HEADER_KEY.match(headers.get("authorization", "")):
        return str(found[1])
    query: dict[str, list[str]] = parse_qs(scope.get("query_string", b"").decode("latin-1"))
    return query.get("X-Amz-Credential", [""])[0].partition("/")[0]


def _in_use(access_key: str) -> bool:
    return access_key in sts._sessions or iam_evaluator.find_iam_access_key_account(access_key) is not None


def guard(app: Callable[..., Any], on_start: Callable[[], None]) -> Callable[..., Any]:
    """The ASGI application behind the guard; `on_start` is called when it has loaded its data."""

    async def guarded(scope: dict[str, Any], receive: Any, send: Any) -> None:
        async def start(message: dict[str, Any]) -> None:
            if message["type"] == "lifespan.startup.complete":
                on_start()
            await send(message)

        if scope["type"] == "lifespan":
            await app(scope, receive, start)
            return
        reason = refusal(scope)
        if reason is None:
            await app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008, "reason": reason})
        else:
            body = json.dumps({"__type": "AccessDeniedException", "message": reason}).encode()
            headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
            await send({"type": "http.response.start", "status": 403, "headers": headers})
            await send({"type": "http.response.body", "body": body})

    return guarded
