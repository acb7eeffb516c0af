"""A Kinesis on loopback that keeps what is put, and no more: over TLS, since the KPL speaks nothing else."""

import json
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock, Thread
from typing import Any

from laptop.cloud import HOST

ARN = "arn:aws:kinesis:eu-central-1:000000000000:stream/readings"
IDENTITY = (
    '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>'
    "<Arn>arn:aws:iam::000000000000:root</Arn><UserId>laptop</UserId><Account>000000000000</Account>"
    "</GetCallerIdentityResult><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></GetCallerIdentityResponse>"
)
SHARDS = 2


class KinesisServer(ThreadingHTTPServer):
    """`records` are those that were put, as PutRecords has them."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__((HOST, 0), _Handler)
        self.records: list[dict[str, str]] = []
        self._lock = Lock()

    def keep(self, records: list[dict[str, str]]) -> int:
        """The number of the first of these records."""
        with self._lock:
            first = len(self.records)
            self.records += records
        return first


@contextmanager
def running(folder: Path) -> Iterator[KinesisServer]:
    """A server with a certificate of its own, made in the folder."""
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", f"/CN={HOST}"]
    command += ["-addext", f"subjectAltName=IP:{HOST}", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True)
    server = KinesisServer()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: KinesisServer
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        action = self.headers.get("X-Amz-Target", "").rpartition(".")[2]
        if action:
            self._reply("application/x-amz-json-1.1", json.dumps(self._answer(action, json.loads(body))))
        else:
            self._reply("text/xml", IDENTITY)

    def _answer(self, action: str, request: dict[str, Any]) -> dict[str, Any]:
        if action == "ListShards":
            return {"Shards": [_shard(number) for number in range(SHARDS)]}
        if action == "DescribeStreamSummary":
            summary = {"StreamName": "readings", "StreamARN": ARN, "StreamStatus": "ACTIVE", "OpenShardCount": SHARDS}
            return {"StreamDescriptionSummary": summary}
        assert action == "PutRecords", action
        first = self.server.keep(request["Records"])
        taken = [
            {"ShardId": _shard_of(record), "SequenceNumber": str(number)}
            for number, record in enumerate(request["Records"], first)
        ]
        return {"FailedRecordCount": 0, "Records": taken}

    def _reply(self, content_type: str, text: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: Any) -> None:
        """Nothing is logged; what was put is kept."""


def _shard(number: int) -> dict[str, Any]:
    span = 2**128 // SHARDS
    hashes = {"StartingHashKey": str(number * span), "EndingHashKey": str((number + 1) * span - 1)}
    return {"ShardId": _name(number), "HashKeyRange": hashes, "SequenceNumberRange": {"StartingSequenceNumber": "1"}}


def _shard_of(record: dict[str, str]) -> str:
    return _name(int(record.get("ExplicitHashKey", "0")) * SHARDS // 2**128)


def _name(number: int) -> str:
    return f"shardId-{number:012}"
