"""What an account owes: issued bills minus payments, exact, also when bills are replaced."""

from datetime import date
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from electrocloud.domain.billing.bill import Bill, bills, reissue
from electrocloud.domain.billing.payments import Balance, Payment, balances, check_payment
from electrocloud.domain.errors import UsageError
from electrocloud.domain.tariffs.urdb import tariff_from_urdb
from tests.kits.billing_kit import document, load

PAID = Payment("P-1", "A-1", date(2026, 2, 10), Decimal("40.10"), "USD", "check 7")


def bill(wh: int, month: str = "2026-01", hours: int = 744) -> Bill:
    tariff = tariff_from_urdb(document(0.1037, timezone="UTC"))
    (found,) = bills(tariff, load(f"{month}-01", [wh] * hours), meter_id="M-1")
    return found


def paid(amount: str, currency: str = "USD") -> Payment:
    return msgspec.structs.replace(PAID, amount=Decimal(amount), currency=currency)


def test_an_account_owes_its_final_bills_minus_its_payments() -> None:
    january = bill(1_000)
    assert balances([january], [PAID]) == {"USD": Balance(january.total_rounded, Decimal("40.10"))}
    assert balances([january], [PAID])["USD"].due == january.total_rounded - Decimal("40.10")


def test_an_open_bill_is_not_owed_yet() -> None:
    assert balances([msgspec.structs.replace(bill(1_000), status="provisional")], []) == {}


def test_a_payment_that_went_back_is_owed_again() -> None:
    assert balances([], [paid("40.10"), paid("-40.10")])["USD"].due == 0


def test_currencies_are_kept_apart() -> None:
    euro = msgspec.structs.replace(bill(1_000), currency="EUR")
    found = balances([bill(1_000), euro], [paid("5.00", "EUR")])
    assert found["EUR"].due == euro.total_rounded - 5
    assert found["USD"].due == bill(1_000).total_rounded


@given(st.lists(st.integers(0, 3_000), min_size=1, max_size=4), st.lists(st.integers(-9_999, 9_999), max_size=4))
def test_the_balance_is_the_first_version_and_all_rebill_adjustments_minus_the_payments(
    versions: list[int], cents: list[int]
) -> None:
    issued = [bill(versions[0])]
    for wh in versions[1:]:
        issued.append(reissue(issued[-1], bill(wh)))
    distinct = [one for one, after in zip(issued, [*issued[1:], None], strict=True) if one is not after]
    payments = [paid(str(Decimal(amount) / 100)) for amount in cents]

    found = balances([issued[-1]], payments)["USD"]

    adjustments = [one.adjustment.amount_rounded for one in distinct[1:] if one.adjustment]
    assert found.due == distinct[0].total_rounded + sum(adjustments) - Decimal(sum(cents)) / 100


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"amount": Decimal(0)}, "must be a number other than 0"),
        ({"amount": Decimal("NaN")}, "must be a number other than 0"),
        ({"amount": Decimal("1.005")}, "has more than two decimals"),
        ({"currency": "XXX"}, "is no currency that is known"),
        ({"paid_on": date(2026, 3, 2)}, "is not between 1970-01-01 and today, 2026-03-01"),
    ],
)
def test_a_payment_that_cannot_be_is_refused_with_its_reason(changes: dict[str, object], reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        check_payment(msgspec.structs.replace(PAID, **changes), date(2026, 3, 1))
