"""The history of a meter's bills in a narrow terminal."""

import io

import msgspec
from rich.console import Console

from electrocloud.domain.billing.bill import bills
from electrocloud.domain.tariffs.urdb import tariff_from_urdb
from presentation.invoice_text import print_history
from tests.kits.billing_kit import document, load

TARIFF = "residential-time-of-use-rate-schedule-a-with-export"


def test_a_long_tariff_is_whole_at_80_columns_and_empty_counts_are_left_out() -> None:
    issued = bills(tariff_from_urdb(document(0.1)), load("2026-04-01T00:00", [100] * 720))
    out = io.StringIO()
    print_history(Console(file=out, width=80), [msgspec.structs.replace(one, tariff=TARIFF) for one in issued])

    shown = out.getvalue()
    assert TARIFF in "".join(shown.split())
    assert max(map(len, shown.splitlines())) <= 80
    assert "Missing" not in shown


def test_a_count_that_a_bill_has_is_shown() -> None:
    issued = bills(tariff_from_urdb(document(0.1)), load("2026-04-01T00:00", [100] * 719))
    out = io.StringIO()
    print_history(Console(file=out, width=80), issued)

    assert "Missing" in out.getvalue()
    assert "Estimated" not in out.getvalue()
