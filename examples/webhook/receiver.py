"""A webhook for ElectroCloud's events: checks the API key, and handles each event once, however often it is sent.

WEBHOOK_KEY=… python examples/webhook/receiver.py 8080
"""

import hmac
import json
import os
import sqlite3
import sys
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

MOST_BYTES = 1_000_000  # an event of EventBridge has no more

Handle = Callable[[dict[str, Any]], None]


def server(port: int, key: str, database: str, handle: Handle) -> HTTPServer:
    """A server that calls `handle` with each new event. `database` is the SQLite file that remembers events' ids.

    Where `handle` raises, the event is not remembered and the answer is 500, so that EventBridge sends it again.
    """
    seen = sqlite3.connect(database, isolation_level=None, check_same_thread=False)
    seen.execute("CREATE TABLE IF NOT EXISTS seen (source TEXT, id TEXT, PRIMARY KEY (source, id))")

    class Receiver(BaseHTTPRequestHandler):
        """Answers POST; 2xx and 4xx but 429 are final for EventBridge."""

        def do_POST(self) -> None:
            if not hmac.compare_digest(self.headers.get("x-api-key", "").encode(), key.encode()):
                self.send_error(401)
                return
            length = int(self.headers.get("content-length") or 0)
            try:
                event = json.loads(self.rfile.read(length)) if length <= MOST_BYTES else {}
                identity = (event["source"], event["id"])
            except (ValueError, KeyError, TypeError):
                self.send_error(400, "not a CloudEvent")
                return
            self.send_response(self._once(identity, event))
            self.end_headers()

        def _once(self, identity: tuple[str, str], event: dict[str, Any]) -> int:
            seen.execute("BEGIN IMMEDIATE")
            try:
                if seen.execute("INSERT OR IGNORE INTO seen VALUES (?, ?)", identity).rowcount:
                    handle(event)
            except Exception as fault:  # noqa: BLE001  whatever failed, the event comes again
                seen.execute("ROLLBACK")
                self.log_error("event %s: %r", identity, fault)
                return 500
            seen.execute("COMMIT")
            return 204

    return HTTPServer(("127.0.0.1", port), Receiver)


def show(event: dict[str, Any]) -> None:
    """Print what a bill comes to."""
    bill = event["data"]
    print(f"{event['type']} {bill['number']}, version {bill['version']}: {bill['amount_due']} {bill['currency']}")


if __name__ == "__main__":
    server(int(sys.argv[1]), os.environ["WEBHOOK_KEY"], "events.sqlite", show).serve_forever()
