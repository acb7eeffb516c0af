"""Days and energy per day of open and complete bills."""

import msgspec
import pytest

from electrocloud.domain.billing.bill import bills
from electrocloud.domain.tariffs.urdb import tariff_from_urdb
from presentation.daily_use import daily_kwh
from tests.kits.billing_kit import document, load


def test_a_complete_bill_has_its_energy_by_its_days() -> None:
    (bill,) = bills(tariff_from_urdb(document(0.10, timezone="UTC")), load("2026-02-01", [1_000] * 672))
    assert daily_kwh(bill) == 24.0


def test_an_open_bill_has_its_energy_by_its_days_so_far() -> None:
    (bill,) = bills(tariff_from_urdb(document(0.10, timezone="UTC")), load("2026-02-01", [1_000] * 24 * 7))
    assert bill.days == 28
    assert daily_kwh(bill) == pytest.approx(24.0)


def test_a_bill_without_readings_or_dates_has_none() -> None:
    (bill,) = bills(tariff_from_urdb(document(0.10, timezone="UTC")), load("2026-02-01", [1_000]))
    none = msgspec.structs.replace(bill.intervals, read=0, missing=672)
    assert daily_kwh(msgspec.structs.replace(bill, intervals=none)) is None
    assert daily_kwh(msgspec.structs.replace(bill, days=0, served_days=0)) is None
