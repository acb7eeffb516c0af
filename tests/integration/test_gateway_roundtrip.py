"""Whatever comes in, the stream gets what was sent or nothing, and the caller a clear answer."""

import json
from datetime import UTC, datetime, timedelta

from gateway_kit import FakeKinesis, answered, gateway, signed
from hypothesis import given, settings
from hypothesis import strategies as st

from electrocloud.domain.errors import UploadError
from electrocloud.domain.upload import INTERVALS_S, Upload, decode

OFFSETS = ("Z", "+00:00", "+05:45", "-08:00")
DAY = datetime(2026, 1, 31, tzinfo=UTC)


class Verbatim(float):
    """A number that json writes as a text of choice, such as 2.304E+2."""

    def __new__(cls, text: str):
        number = super().__new__(cls, float(text))
        number.text = text
        return number

    def __repr__(self) -> str:
        return self.text


json.encoder.FLOAT_REPR = repr
