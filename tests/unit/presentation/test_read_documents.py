"""Bills and forecasts as the read API answers them."""

from datetime import UTC, datetime
from decimal import Decimal

from electrocloud.aws.store.bill_outbox import IssuedBill
from electrocloud.domain.billing.bill import bills
from electrocloud.domain.billing.credit import Credit
from electrocloud.domain.billing.service import BillKey
from electrocloud.domain.forecast import MonthEnd, Range
from electrocloud.domain.tariffs.urdb import tariff_from_urdb
from presentation.read_api.documents import bill_document, month_forecast
from presentation.read_api.models import ExportCredit
from tests.kits.billing_kit import document, load


def test_a_bill_says_what_it_did_to_the_credit_for_export() -> None:
    tariff = tariff_from_urdb(document([{"rate": 0.1, "sell": 0.04}], ur_metering_option=3))
    use, sun = load("2026-07-10T12:00", [10_000]), load("2026-07-10T12:00", [4_000])
    (bill,) = bills(tariff, use, received=sun, opening=Credit(dollars=Decimal("0.5")))
    (plain,) = bills(tariff, use)

    credit = bill_document(IssuedBill(BillKey("AG-1", "2026-07"), bill)).credit
    assert credit == ExportCredit("net-billing-carryover", "0.5", "0.16", "0.5", "0", "0", "0.16", "0", "0")
    assert bill_document(IssuedBill(BillKey("AG-1", "2026-07"), plain)).credit is None


def test_a_month_end_says_what_its_amount_is_without() -> None:
    made = int(datetime(2026, 7, 10, tzinfo=UTC).timestamp())
    amount = Range(Decimal(10), Decimal(9), Decimal(11))
    found = month_forecast(MonthEnd("M-1", "2026-07", made, amount, amount, before_credit=True))

    assert (found.made_at, found.amount.low) == ("2026-07-10T00:00:00Z", "9")
    assert (found.before_credit, found.before_ratchet) == (True, False)
