"""Customers' tokens: JSON Web Tokens that name one account, signed by an HMAC key that never leaves KMS (HS256)."""

import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Callable
from typing import Annotated, Any

import msgspec
from botocore.exceptions import ClientError

from electrocloud.domain.errors import ElectroCloudError

LONGEST_S = 86_400
AUDIENCE = "electrocloud/read"
_ALGORITHM = "HMAC_SHA_256"
_MOST_BYTES = 2_000
_REFUSED = frozenset({"KMSInvalidMacException", "ValidationException"})


class TokenError(ElectroCloudError):
    """A token that does not hold: forged, of another deployment, expired, or no token at all."""


class _Header(msgspec.Struct):
    alg: str = "HS256"
    typ: str = "JWT"


class _Claims(msgspec.Struct):
    """The account (`sub`), and from when to before when the token holds (s since 1970 UTC)."""

    sub: Annotated[str, msgspec.Meta(min_length=1)]  # bills without a customer have an empty account
    iat: int
    exp: int
    aud: str = AUDIENCE


_header_decoder = msgspec.json.Decoder(_Header)
_claims_decoder = msgspec.json.Decoder(_Claims)


class CustomerTokens:
    """Issues and checks tokens with a KMS key, on a boto3 KMS client; `clock` gives s since 1970 UTC."""

    def __init__(self, kms: Any, key_id: str, clock: Callable[[], float] = time.time) -> None:
        self._kms = kms
        self._key_id = key_id
        self._clock = clock

    def issue(self, account_id: str, seconds: int) -> str:
        """A token for an account that holds for so long, LONGEST_S at most."""
        now = int(self._clock())
        claims = _Claims(account_id, now, now + min(seconds, LONGEST_S))
        signed = f"{_encoded(msgspec.json.encode(_Header()))}.{_encoded(msgspec.json.encode(claims))}"
        answer = self._kms.generate_mac(KeyId=self._key_id, Message=signed.encode(), MacAlgorithm=_ALGORITHM)
        return f"{signed}.{_encoded(answer['Mac'])}"

    def account_of(self, token: str) -> str:
        """The account that a token names; `TokenError` where it does not hold."""
        signed, _, mac = token.rpartition(".")
        try:
            if len(token) > _MOST_BYTES:
                raise ValueError("longer than any token")
            header, claims = signed.split(".")
            found = _claims_decoder.decode(_decoded(claims))
            if _header_decoder.decode(_decoded(header)).alg != "HS256" or found.aud != AUDIENCE:
                raise ValueError("not a token for reading")
            signature = _decoded(mac)
        except (ValueError, Base64Error):  # msgspec's errors are ValueErrors
            raise TokenError("no token of a customer: ask the utility for one") from None
        if not found.iat - 300 <= self._clock() < found.exp:
            raise TokenError("the token has expired: ask the utility for a new one")
        self._verify(signed.encode(), signature)
        return found.sub

    def _verify(self, message: bytes, mac: bytes) -> None:
        try:
            self._kms.verify_mac(KeyId=self._key_id, Message=message, Mac=mac, MacAlgorithm=_ALGORITHM)
        except ClientError as fault:
            if fault.response["Error"]["Code"] not in _REFUSED:
                raise
            raise TokenError("the token's signature does not hold: ask the utility for a new one") from None


def _encoded(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    return urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
