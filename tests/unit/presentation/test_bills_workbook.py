"""The workbook of bills, read back by another library than the one that writes it."""

from datetime import date, datetime
from decimal import Decimal
from io import BytesIO
from typing import Any

import msgspec
import pytest
from openpyxl import load_workbook

from electrocloud.domain.billing.bill import Bill, bills
from electrocloud.domain.billing.issuing import issue
from electrocloud.domain.errors import ElectroCloudError
from electrocloud.domain.tariffs.urdb import tariff_from_urdb
from presentation import bills_workbook
from presentation.bills_workbook import as_xlsx
from tests.kits.billing_kit import load
from tests.kits.examples import TIME_OF_USE


def bill(meter_id: str, wh: int, **changes: Any) -> Bill:
    tariff = tariff_from_urdb(TIME_OF_USE)
    (found,) = bills(tariff, load("2026-11-01", [wh] * 24 * 20, zone="Europe/Berlin"), meter_id=meter_id)
    return msgspec.structs.replace(found, **changes)


def sheet(content: bytes, name: str) -> list[dict[str, Any]]:
    header, *rows = load_workbook(BytesIO(content))[name].iter_rows(values_only=True)
    return [dict(zip(header, row, strict=True)) for row in rows]


RUN = [
    bill("m-1", 401, agreement_id="AG-1", issued_on=date(2026, 12, 3)),
    bill("m-2", 777, agreement_id="AG-2"),
    bill("m-3", 12_345, agreement_id="AG-3", currency="EUR"),
]


def test_every_bill_and_line_comes_back_to_the_cent() -> None:
    content = as_xlsx(RUN)
    stated = sheet(content, "Bills")
    assert [(row["Agreement"], Decimal(str(row["Amount due"]))) for row in stated] == [
        (one.agreement_id, one.total_rounded) for one in RUN
    ]
    lines = sheet(content, "Lines")
    assert [(row["Agreement"], row["Line"], Decimal(str(row["Amount"]))) for row in lines] == [
        (one.agreement_id, number, line.amount_rounded) for one in RUN for number, line in enumerate(one.lines, 1)
    ]
    for one in RUN:
        own = [Decimal(str(row["Amount"])) for row in lines if row["Agreement"] == one.agreement_id]
        assert sum(own) == one.total_rounded


def test_numbers_are_numbers_and_days_are_dates_in_formats_of_their_own() -> None:
    book = load_workbook(BytesIO(as_xlsx(RUN)))
    bill_sheet = book["Bills"]
    column = {cell.value: cell.column for cell in bill_sheet[1]}
    first, last = bill_sheet[2], bill_sheet[4]
    assert first[column["Energy, kWh"] - 1].value == float(RUN[0].energy_kwh)
    assert first[column["First day"] - 1].value == datetime(2026, 11, 1)
    assert first[column["Last day"] - 1].value == datetime(2026, 11, 30)
    assert first[column["Issued on"] - 1].is_date
    assert first[column["Due on"] - 1].value is None
    assert first[column["Amount due"] - 1].number_format == '"$"#,##0.00'
    assert last[column["Amount due"] - 1].number_format == '#,##0.00"\N{NO-BREAK SPACE}€"'


def test_the_headings_stay_in_sight_and_every_column_can_be_filtered() -> None:
    for one in load_workbook(BytesIO(as_xlsx(RUN))):
        assert one.freeze_panes == "A2"
        assert one.auto_filter.ref == one.dimensions


def test_text_that_looks_like_a_formula_stays_text() -> None:
    content = as_xlsx([bill("=1+1", 400, tariff_name='=HYPERLINK("http://example.org")', account_id="http://x.org")])
    (row,) = sheet(content, "Bills")
    cells = load_workbook(BytesIO(content))["Bills"][2]
    assert (row["Meter"], row["Tariff"]) == ("=1+1", '=HYPERLINK("http://example.org")')
    assert all(cell.data_type == "s" for cell in cells if isinstance(cell.value, str))
    assert all(cell.hyperlink is None for cell in cells)


def test_more_lines_than_a_sheet_holds_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bills_workbook, "MAX_ROWS", 3)
    with pytest.raises(ElectroCloudError, match="list fewer bills"):
        as_xlsx(RUN)


def test_an_issued_bill_has_its_number_and_due_date() -> None:
    issued = issue(RUN[0], date(2026, 12, 3))
    (row,) = sheet(as_xlsx([issued]), "Bills")
    assert row["Bill number"] == issued.number
