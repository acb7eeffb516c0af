"""Sends uploads to the ingestion API over HTTP, as a head-end with signed calls and an API key."""

import json
from typing import Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ConnectionError as NoConnection
from botocore.exceptions import HTTPClientError
from botocore.httpsession import URLLib3Session

from electrocloud.aws.backoff import Pause
from electrocloud.domain.errors import ApiError, SettingsError
from producers.sending.send_counts import SendCounts

UPLOADS_A_CALL = 500
BYTES_A_CALL = 4_000_000  # below the 5 MiB limit of Kinesis, which receives the call
ATTEMPTS = 12


class ApiSender:
    """Posts uploads in calls of up to UPLOADS_A_CALL; `flush` sends the rest.

    If the API accepts only part of a call, the rest is sent again, up to ATTEMPTS times with `pause(n)` before try n +
    1; then `ApiError` is raised. Uploads that the API rejects are counted as refused and not retried.
    """

    def __init__(
        self, url: str, credentials: Credentials | None, region: str, api_key: str, tally: SendCounts, pause: Pause
    ) -> None:
        self._url = f"{url.rstrip('/')}/v1/uploads"
        if credentials is None:
            raise SettingsError("there are no AWS credentials; set them as for the AWS CLI")
        self._signer = SigV4Auth(credentials, "execute-api", region)
        self._session = URLLib3Session(timeout=60)
        self._headers = {"Content-Type": "application/json", "x-api-key": api_key}
        self._tally = tally
        self._pause = pause
        self._waiting: list[tuple[bytes, int]] = []
        self._waiting_bytes = 0

    def send(self, meter_id: str, upload: bytes, readings: int) -> None:  # noqa: ARG002  part of the Sender interface
        """Queue an upload (JSON) with its number of readings."""
        self._tally.sent += readings
        if self._waiting_bytes + len(upload) > BYTES_A_CALL or len(self._waiting) == UPLOADS_A_CALL:
            self.flush()
        self._waiting.append((upload, readings))
        self._waiting_bytes += len(upload)

    def flush(self) -> None:
        """Send what waits for a full call."""
        uploads, self._waiting, self._waiting_bytes = self._waiting, [], 0
        problem = ""
        for attempt in range(ATTEMPTS):
            if not uploads:
                return
            if attempt:
                self._pause(attempt)
            status, answer = self._post(uploads)
            if status == 202:
                again: list[tuple[bytes, int]] = []
            elif status in (429, 500, 502, 503, 504):
                again = [uploads[index] for index in answer["retry"]] if "retry" in answer else uploads
            else:
                self._tally.refused += _readings(uploads)
                raise ApiError(f"{self._url} answered {status}: {answer.get('message', answer)}")
            problem = f"{status}: {answer.get('message', answer)}"
            self._tally.accepted += _readings(uploads) - _readings(again)
            self._tally.retried += _readings(again)
            uploads = again
        if uploads:
            self._tally.refused += _readings(uploads)
            raise ApiError(
                f"{self._url} did not accept {len(uploads)} uploads in {ATTEMPTS} tries; last error: {problem}"
            )

    def _post(self, uploads: list[tuple[bytes, int]]) -> tuple[int, dict[str, Any]]:
        body = b'{"uploads":[' + b",".join(upload for upload, _ in uploads) + b"]}"
        request = AWSRequest("POST", self._url, headers=self._headers, data=body)
        self._signer.add_auth(request)
        try:
            answer = self._session.send(request.prepare())
        except (NoConnection, HTTPClientError) as fault:
            return 503, {"message": str(fault)}
        try:
            return answer.status_code, json.loads(answer.content)
        except ValueError:
            return answer.status_code, {"message": answer.text}


def _readings(uploads: list[tuple[bytes, int]]) -> int:
    return sum(readings for _, readings in uploads)
