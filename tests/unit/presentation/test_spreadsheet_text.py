"""Cells of CSV files that people open: no text is taken for a formula, and numbers stay numbers."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from presentation.spreadsheet_text import FORMULA, cell


@pytest.mark.parametrize("text", ['=HYPERLINK("http://x")', "+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "\n=1"])
def test_text_that_a_spreadsheet_would_run_begins_with_an_apostrophe(text: str) -> None:
    assert cell(text) == f"'{text}"


@given(st.text())
def test_all_other_text_stays_as_it_is(text: str) -> None:
    shown = str(cell(text))
    assert not shown.startswith(FORMULA)
    assert shown.removeprefix("'") == text.removeprefix("'")


def test_numbers_stay_numbers_also_below_zero() -> None:
    assert [cell(value) for value in (-1, -0.5, None)] == [-1, -0.5, None]
    assert cell(Decimal("-1E+3")) == "-1000"
