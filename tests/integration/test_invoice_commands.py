"""`electrocloud bill print` and `bill mail`: a month's invoices as files, and by mail with a log."""

import json
import re
from io import BytesIO
from pathlib import Path

import boto3
import pytest
from moto.core import DEFAULT_ACCOUNT_ID
from moto.ses.models import ses_backends
from pypdf import PdfReader
from typer.testing import CliRunner

from cli.main import app
from registry.desk import RegistryDesk
from tests.integration.conftest import REGION, Aws
from tests.integration.test_registry_desk import billed, desk, stack_on  # noqa: F401  fixtures
from tests.kits.registry_kit import ACCOUNT


@pytest.fixture
def run(aws: Aws, billed: RegistryDesk, monkeypatch: pytest.MonkeyPatch):  # noqa: F811
    for module in ("print_bills", "mail_bills"):
        monkeypatch.setattr(f"cli.{module}.find_stack", lambda: stack_on(aws))
    boto3.client("sesv2").create_email_identity(EmailIdentity="demo-utility.example")
    sent().clear()

    def invoke(*arguments: str, code: int = 0) -> str:
        result = CliRunner().invoke(app, ["bill", *arguments])
        assert result.exit_code == code, result.output
        return result.stdout if code == 0 else result.stderr

    return invoke


def sent() -> list[object]:
    return ses_backends[DEFAULT_ACCOUNT_ID][REGION].sent_messages


def mailed(run, *arguments: str) -> tuple[str, str]:
    (row,) = json.loads(run("mail", "2026-07", "--output", "json", *arguments))
    return row["result"], row["note"]


def test_a_month_s_invoices_are_written_with_customer_address_and_the_month_before(run, tmp_path: Path):
    assert "1 invoice in " in run("print", "2026-07", "--out", str(tmp_path / "new"))
    file = tmp_path / "new" / "bill-AG-1-20260701.pdf"
    text = PdfReader(BytesIO(file.read_bytes())).pages[0].extract_text()
    for part in (ACCOUNT.name, "1 Elm St", "AG-1-20260701"):
        assert part in text
    assert re.search(r"Last period\s+June 2026\s+30\s+72\.0\s+2\.4\s+\$7\.20", text)
    assert re.search(r"Balance of this bill\s+\$7\.44", text)


def test_a_month_is_mailed_once_and_the_log_says_so(run):
    assert mailed(run, "--log") == ("not mailed", "can be mailed")
    assert mailed(run) == ("mailed", f"to {ACCOUNT.email}")
    assert mailed(run)[0] == "not mailed"
    assert mailed(run)[1].startswith("mailed before, on ")
    assert mailed(run, "--log") == ("sent", f"to {ACCOUNT.email}")
    assert len(sent()) == 1
    assert mailed(run, "--again", "--bill", "M-1") == ("mailed", f"to {ACCOUNT.email}")
    assert len(sent()) == 2


def test_what_has_no_bill_in_the_month_is_named(run, tmp_path: Path):
    assert "X-9 has no bill for 2026-07" in run("print", "2026-07", "--out", str(tmp_path), "--bill", "X-9", code=1)
    assert "there are no bills for 2020-01" in run("mail", "2020-01", code=1)
