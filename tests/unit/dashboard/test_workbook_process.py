"""The workbook of a bill run that a separate process writes."""

import sys
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import msgspec
import pytest
from openpyxl import load_workbook

from dashboard.bills import workbook_process
from electrocloud.domain.billing.bill import Bill, bills
from electrocloud.domain.errors import ElectroCloudError, UsageError
from electrocloud.domain.tariffs.urdb import tariff_from_urdb
from presentation import bills_workbook
from tests.kits.billing_kit import load
from tests.kits.examples import TIME_OF_USE

(BILL,) = bills(tariff_from_urdb(TIME_OF_USE), load("2026-11-01", [400] * 24))
RUN = [msgspec.structs.replace(BILL, tariff_name="Zeit «Ö»\n2")] * 500  # more than a pipe holds


def cells(content: bytes) -> dict[str, list[tuple[Any, ...]]]:
    return {sheet.title: list(sheet.iter_rows(values_only=True)) for sheet in load_workbook(BytesIO(content))}


def test_the_workbook_is_the_one_that_would_be_written_here() -> None:
    assert cells(workbook_process.as_xlsx(iter(RUN))) == cells(bills_workbook.as_xlsx(RUN))


def test_a_process_that_ends_early_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "false")
    with pytest.raises(UsageError, match="the workbook failed: exit code 1"):
        workbook_process.as_xlsx(RUN)


def test_bills_that_cannot_be_read_end_the_process_with_their_own_error() -> None:
    def unreadable() -> Iterator[Bill]:
        yield from RUN
        raise ElectroCloudError("not readable")

    with pytest.raises(ElectroCloudError, match="not readable"):
        workbook_process.as_xlsx(unreadable())


def test_the_process_says_why_there_is_no_workbook(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bills_workbook, "MAX_ROWS", 3)
    with pytest.raises(SystemExit, match="list fewer bills"):
        workbook_process.main([msgspec.json.encode(bill) for bill in RUN], BytesIO())
