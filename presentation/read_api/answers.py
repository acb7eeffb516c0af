"""Answers of the read API: JSON and files with what caches need, and problems as one sentence."""

from base64 import b64encode
from collections.abc import Mapping
from hashlib import blake2b
from http import HTTPStatus
from typing import Any

import msgspec
from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.exceptions import ServiceError
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError

from presentation.read_api.models import Problem

JSON, PDF, ATOM = "application/json", "application/pdf", "application/atom+xml"
REVALIDATE = "private, no-cache"  # who has an answer asks whether it still holds, by its ETag
A_DAY = "private, max-age=86400"
LARGEST = 5_500_000  # bytes; Lambda's answers have 6 MB at most, and a PDF grows by a third on its way


def document(content: object, headers: Mapping[str, str], cache: str = REVALIDATE) -> Response[Any]:
    """An answer in JSON; `headers` are the call's."""
    return answer(msgspec.json.encode(content), JSON, headers, cache)


def answer(body: bytes, content_type: str, headers: Mapping[str, str], cache: str = REVALIDATE) -> Response[Any]:
    """An answer with its ETag: 304 without a body where the caller has it already."""
    tag = f'"{blake2b(body, digest_size=16).hexdigest()}"'
    known = {one.strip().removeprefix("W/") for one in _header(headers, "if-none-match").split(",")}
    sent = {"ETag": tag, "Cache-Control": cache, "Vary": "Accept, Authorization", "X-Content-Type-Options": "nosniff"}
    if tag in known:
        return Response(HTTPStatus.NOT_MODIFIED, None, None, sent)
    if content_type != PDF:
        return Response(HTTPStatus.OK, content_type, body.decode(), sent)
    encoded = Response(HTTPStatus.OK, content_type, b64encode(body).decode(), sent)
    encoded.base64_encoded = True  # Powertools encodes bytes by itself, but not behind its validation of answers
    return encoded


def missing(message: str) -> ServiceError:
    """What there is not; Powertools' NotFoundError is for routes that there are not."""
    return ServiceError(HTTPStatus.NOT_FOUND, message)


def problem(status: HTTPStatus, message: str) -> Response[Any]:
    """Why there is no answer."""
    return Response(status, JSON, msgspec.json.encode(Problem(message)).decode(), {"Cache-Control": "no-store"})


def unauthorized(message: str) -> dict[str, Any]:
    """Why a caller is not known, as the response of a proxy integration."""
    headers = {"Content-Type": JSON, "Cache-Control": "no-store", "WWW-Authenticate": "Bearer"}
    body = msgspec.json.encode(Problem(message)).decode()
    return {"statusCode": HTTPStatus.UNAUTHORIZED.value, "headers": headers, "body": body, "isBase64Encoded": False}


def invalid(fault: RequestValidationError) -> Response[Any]:
    """Which parameters are wrong, and how."""
    faults = (f"{'.'.join(map(str, one['loc'][1:])) or 'call'}: {one['msg']}" for one in fault.errors()[:3])
    return problem(HTTPStatus.BAD_REQUEST, "; ".join(faults))


def wants_pdf(headers: Mapping[str, str]) -> bool:
    """Whether the first of the accepted types is PDF: API Gateway makes bytes of an answer by this one alone."""
    return _header(headers, "accept").partition(",")[0].partition(";")[0].strip().lower() == PDF


def _header(headers: Mapping[str, str], name: str) -> str:
    return next((value for key, value in headers.items() if key.lower() == name), "")
