"""`make read-api`: writes docs/read-api.json, the OpenAPI document of the read API."""

from typing import cast

from analytics.template import ROOT
from presentation.read_api.openapi import openapi
from presentation.read_api.routes import ReadApi, Sources

PLACE = ROOT / "docs" / "read-api.json"


def document() -> str:
    """The document; nothing is read for it."""
    return openapi(ReadApi(cast("Sources", None)).app)


if __name__ == "__main__":
    PLACE.write_text(document())
