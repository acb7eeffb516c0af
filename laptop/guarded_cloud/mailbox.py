"""What MiniStack's SES lacks: a mail with an attachment, as it was handed over, to look at.

A mail that is sent as MIME becomes a file in a folder, which any mail program opens; nothing leaves the laptop. Every
sender counts as verified, since a laptop has no domain.
"""

import base64
import itertools
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

OUTBOUND = "/v2/email/outbound-emails"

Answer = tuple[int, dict[str, str], Any]
Handle = Callable[..., Awaitable[Answer]]


def with_mailbox(handle: Handle, folder: Path, sent: Callable[[], list[Any]]) -> Handle:
    """MiniStack's SES v2, which puts each MIME message that it takes into the folder. `sent` is its own list of all
    mails, which would grow with each.
    """
    numbers = itertools.count(1)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    async def kept(method: str, path: str, headers: Any, body: bytes, query: Any) -> Answer:
        answer = await handle(method, path, headers, body, query)
        if method == "POST" and path.rstrip("/") == OUTBOUND and answer[0] == 200:
            sent().clear()
            if raw := json.loads(body).get("Content", {}).get("Raw"):
                name = f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{next(numbers):04}.eml"
                (folder / name).write_bytes(base64.b64decode(raw["Data"]))
        return answer

    return kept
