"""The mails of the laptop's cloud are files to look at."""

import asyncio
import base64
import importlib.util
import json
from pathlib import Path
from typing import Any

from analytics.template import ROOT

_spec = importlib.util.spec_from_file_location("mailbox", ROOT / "laptop" / "guarded_cloud" / "mailbox.py")
assert _spec
assert _spec.loader
mailbox = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(mailbox)


def test_a_mail_that_was_taken_is_a_file_and_one_that_was_refused_is_none(tmp_path: Path) -> None:
    folder, sent, status = tmp_path / "mail", [1], 200

    async def handle(*_: Any) -> tuple[int, dict[str, str], bytes]:
        return status, {}, b"{}"

    kept = mailbox.with_mailbox(handle, folder, lambda: sent)
    raw = json.dumps({"Content": {"Raw": {"Data": base64.b64encode(b"To: a@b.example").decode()}}}).encode()
    simple = json.dumps({"Content": {"Simple": {}}}).encode()
    asyncio.run(kept("POST", "/v2/email/outbound-emails", {}, raw, {}))
    asyncio.run(kept("POST", "/v2/email/outbound-emails", {}, simple, {}))
    asyncio.run(kept("GET", "/v2/email/identities", {}, b"", {}))
    status = 400
    asyncio.run(kept("POST", "/v2/email/outbound-emails", {}, raw, {}))
    (file,) = folder.iterdir()
    assert file.read_bytes() == b"To: a@b.example"
    assert file.suffix == ".eml"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert sent == []
