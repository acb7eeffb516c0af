"""Authorization as in API Gateway: AWS Signature Version 4 and IAM policies."""

import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, NamedTuple

from botocore.auth import SIGV4_TIMESTAMP, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from electrocloud.domain.errors import UsageError
from laptop.gateway.refusal import RefusedError

SERVICE = "execute-api"
MAX_SKEW = timedelta(minutes=5)

_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>[^/\s,]+)/(?P<scope>[^\s,]+),\s*"
    r"SignedHeaders=(?P<headers>[^\s,]+),\s*Signature=(?P<signature>[0-9a-f]{64})"
)
_POLICY_TOKEN = re.compile(r"\$\{aws:PrincipalTag/([^}]+)\}|([*?])")


class Call(NamedTuple):
    """An HTTP request as received: path and query percent-encoded, header names case-insensitive."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Principal:
    """The holder of an access key: its secret, its IAM identity policy, and the tags and ARN of its user or session.

    A policy statement may have Effect, Action and Resource, the last two with `*`, `?` and `${aws:PrincipalTag/name}`.
    Anything else, such as a Condition, raises `UsageError`, because it would not be checked.
    """

    secret_key: str = field(repr=False)
    policy: Mapping[str, Any]
    tags: Mapping[str, str] = field(default_factory=dict)
    arn: str = "arn:aws:iam::000000000000:user/laptop"

    def __post_init__(self) -> None:
        for statement in _listed(self.policy["Statement"]):
            if statement.keys() - {"Sid"} != {"Effect", "Action", "Resource"}:
                raise UsageError(f"a policy statement may have only Effect, Action and Resource, not {[*statement]}")

    def may_invoke(self, arn: str) -> bool:
        """Whether the policy allows execute-api:Invoke on a method's ARN; a Deny overrides any Allow."""
        effects = {
            statement["Effect"]
            for statement in _listed(self.policy["Statement"])
            if any(self._covers(action, "execute-api:Invoke") for action in _listed(statement["Action"]))
            and any(self._covers(resource, arn) for resource in _listed(statement["Resource"]))
        }
        return effects == {"Allow"}

    def _covers(self, pattern: str, name: str) -> bool:
        regex, end = "", 0
        for token in _POLICY_TOKEN.finditer(pattern):
            tag, wildcard = token.groups()
            if tag is not None and tag not in self.tags:
                return False
            regex += re.escape(pattern[end : token.start()])
            regex += {"*": ".*", "?": "."}[wildcard] if wildcard else re.escape(self.tags[tag])
            end = token.end()
        return re.fullmatch(regex + re.escape(pattern[end:]), name, re.DOTALL) is not None


def authenticate(call: Call, principals: Mapping[str, Principal], region: str, now: datetime) -> Principal:
    """The principal that signed the call. Raises `RefusedError` if the signature is missing or invalid.

    The signature must be for execute-api in the region and at most five minutes from `now` (aware UTC). It is
    recomputed by botocore's signer over the body as received, and compared in constant time.
    """
    if not call.headers.get("Authorization"):
        raise RefusedError("MISSING_AUTHENTICATION_TOKEN", "Missing Authentication Token")
    claim = _AUTHORIZATION.fullmatch(call.headers["Authorization"])
    if claim is None:
        form = "AWS4-HMAC-SHA256 Credential=..., SignedHeaders=..., Signature=..."
        raise _invalid(f"Authorization is not of the form {form}")
    principal = principals.get(claim["key"])
    if principal is None:
        raise _invalid("the access key is not known")
    stamp = _timestamp(call.headers.get("X-Amz-Date", ""), now)
    scope = f"{stamp[:8]}/{region}/{SERVICE}/aws4_request"
    if claim["scope"] != scope:
        raise _invalid(f"the scope of the credential is {claim['scope']}, and should be {scope}")
    signed_headers = claim["headers"].split(";")
    if "host" not in signed_headers:
        raise _invalid("the host header is not signed")
    if call.headers.get("X-Amz-Content-SHA256", digest := sha256(call.body).hexdigest()) != digest:
        raise _invalid("X-Amz-Content-SHA256 is not the hash of the body")
    credentials = Credentials(claim["key"], principal.secret_key)
    expected = _signature(call, signed_headers, credentials, region, stamp)
    if not hmac.compare_digest(expected, claim["signature"]):
        raise _invalid("it is not the signature that this key gives this call")
    return principal


def _invalid(message: str) -> RefusedError:
    return RefusedError("INVALID_SIGNATURE", message)


def _timestamp(stamp: str, now: datetime) -> str:
    try:
        signed_at = datetime.strptime(stamp, SIGV4_TIMESTAMP).replace(tzinfo=UTC)
    except ValueError:
        raise _invalid("X-Amz-Date is absent, or not of the form 20260131T235959Z") from None
    if abs(now - signed_at) > MAX_SKEW:
        raise _invalid(f"signed at {stamp}, and now is {now.strftime(SIGV4_TIMESTAMP)}")
    return stamp


def _signature(call: Call, signed_headers: list[str], credentials: Credentials, region: str, stamp: str) -> str:
    headers = {name: call.headers.get(name, "") for name in signed_headers}
    try:
        "".join([call.path, call.query, *headers.values()]).encode()
    except UnicodeEncodeError:
        raise _invalid("the path, the query or a signed header is not UTF-8") from None
    url = f"http://host{call.path}" + (f"?{call.query}" if call.query else "")
    request = AWSRequest(method=call.method, url=url, headers=headers, data=call.body)
    request.context["timestamp"] = stamp
    signer = SigV4Auth(credentials, SERVICE, region)
    return str(signer.signature(signer.string_to_sign(request, signer.canonical_request(request)), request))


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
