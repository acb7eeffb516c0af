"""`electrocloud account`: payments are recorded once, and the balance is bills minus payments."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.main import app
from electrocloud.aws.store.accounts import AccountReader
from electrocloud.aws.store.payments import PaymentStore
from electrocloud.domain.billing.payments import Payment
from electrocloud.domain.errors import UsageError
from electrocloud.domain.registry import events
from electrocloud.domain.registry.records import Account
from registry.desk import RegistryDesk
from registry.erasure import erase_account
from tests.integration.conftest import Aws
from tests.integration.test_registry_desk import billed, desk, stack_on  # noqa: F401  fixtures
from tests.kits.registry_kit import registry

pytestmark = pytest.mark.usefixtures("billed")
HEADINGS = "id,account,date,amount,reference\n"


@pytest.fixture
def run(aws: Aws, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("cli.accounts.find_stack", lambda: stack_on(aws))

    def invoke(*arguments: str, code: int = 0) -> str:
        result = CliRunner().invoke(app, ["account", *arguments])
        assert result.exit_code == code, result.output
        return result.stdout if code == 0 or result.stdout else result.stderr

    return invoke


@pytest.fixture
def store(aws: Aws) -> PaymentStore:
    return PaymentStore(aws.dynamodb, "accounts", lambda attempt: None)


def payment(payment_id: str = "P-1", account: str = "A-1", amount: str = "10.00") -> Payment:
    return Payment(payment_id, account, date(2026, 8, 3), Decimal(amount), "USD", "check 7")


def test_a_payment_lowers_the_balance_and_is_listed_beside_the_bills(run, aws: Aws):
    due = AccountReader(stack_on(aws)).statement("A-1").balances["USD"].due
    said = run("pay", "A-1", "--amount", "4.50", "--date", "2026-08-03", "--id", "P-1", "--reference", "check 7")
    assert said == "Payment P-1 of account A-1: recorded.\n"

    rows = json.loads(run("show", "A-1", "--json"))
    assert {"date": "2026-08-03", "entry": "payment", "number": "P-1", "amount": -4.5, "currency": "USD",
            "note": "check 7"} in rows  # fmt: skip
    assert sum(Decimal(str(row["amount"])) for row in rows) == due - Decimal("4.50")
    assert AccountReader(stack_on(aws)).statement("A-1").balances["USD"].due == due - Decimal("4.50")


def test_a_payment_counts_once_by_its_id(run, aws: Aws):
    arguments = ("pay", "A-1", "--amount", "4.50", "--date", "2026-08-03", "--id", "P-1")
    run(*arguments)
    assert run(*arguments) == "Payment P-1 of account A-1: already recorded.\n"
    assert [one.amount for one in AccountReader(stack_on(aws)).statement("A-1").payments] == [Decimal("4.50")]


def test_another_payment_of_the_same_id_is_refused(run):
    run("pay", "A-1", "--amount", "4.50", "--date", "2026-08-03", "--id", "P-1")
    said = run("pay", "A-1", "--amount", "5.50", "--date", "2026-08-03", "--id", "P-1", code=1)
    assert "payment P-1 is recorded already, as one of account A-1 of 4.50 USD on 2026-08-03" in said


def test_the_same_id_under_another_account_is_refused(store: PaymentStore):
    store.record(payment())
    with pytest.raises(UsageError, match="payment P-1 is recorded already, as one of account A-1"):
        store.record(payment(account="A-2"))
    assert store.of(["A-2"]) == {}


def test_a_command_that_another_one_overtakes_records_nothing(store: PaymentStore, aws: Aws):
    overtaking = []

    def overtake(**_: object) -> None:
        if not overtaking:
            overtaking.append("recording")
            overtaking[0] = store.record(payment())

    aws.dynamodb.meta.events.register("provide-client-params.dynamodb.TransactWriteItems", overtake)
    assert store.record(payment()) == "already recorded"
    assert overtaking == ["recorded"]
    assert store.of(["A-1"])["A-1"] == [payment()]


def test_a_file_s_payments_are_recorded_or_refused_one_by_one(run, aws: Aws, tmp_path: Path):
    file = tmp_path / "payments.csv"
    tomorrow = datetime.now(UTC).date() + timedelta(days=2)
    file.write_text(
        HEADINGS
        + "P-1,A-1,2026-08-03,10.00,check 7\n"
        + "P-2,A-9,2026-08-03,10.00,\n"
        + "P-3,A-1,3 Aug,10.00,\n"
        + "P-4,A-1,2026-08-03,ten,\n"
        + f"P-5,A-1,{tomorrow},10.00,\n"
        + ",A-1,2026-08-03,10.00,\n"
        + "P-1,A-1,2026-08-03,10.00,check 7\n"
        + "P 6,A-1,2026-08-03,10.00,\n"
    )
    found = json.loads(run("import-payments", str(file), "--json", code=1))

    assert [one["result"] for one in found] == ["recorded", *["refused"] * 5, "already recorded", "refused"]
    notes = [one["note"] for one in found]
    assert notes[1] == "there is no account A-9"
    assert notes[2] == "the date '3 Aug' must be written like 2026-11-05"
    assert notes[3] == "the amount 'ten' must be written like 1234.50"
    assert "is not between" in notes[4]
    assert notes[5] == "the payment has no id"
    assert "breaks a rule" in notes[7]
    assert [one.payment_id for one in AccountReader(stack_on(aws)).statement("A-1").payments] == ["P-1"]


def test_a_file_of_other_columns_is_refused_whole(run, tmp_path: Path):
    file = tmp_path / "payments.csv"
    file.write_text("id,account,day,amount\nP-1,A-1,2026-08-03,10.00\n")
    assert "must have the columns id, account, date, amount" in run("import-payments", str(file), code=1)


def test_the_registry_is_read_without_the_payments_among_its_accounts(store: PaymentStore, billed: RegistryDesk):  # noqa: F811
    store.record(payment())
    assert billed.store.load() == registry()


def test_bills_and_payments_stay_with_a_customer_who_has_moved_out(
    billed: RegistryDesk,  # noqa: F811
    aws: Aws,
    store: PaymentStore,
):
    store.record(payment())
    before = AccountReader(stack_on(aws)).statement("A-1")
    day = date(2026, 8, 2)
    billed.change(["SP-1"], [], "moved out", lambda part: events.move_out(part, "SP-1", day))
    li = Account(account_id="A-2", name="Li")
    billed.change(["SP-1"], [], "moved in", lambda part: events.move_in(part, li, "SP-1", "flat", day))

    after = AccountReader(stack_on(aws)).statement("A-1")
    assert after.balances["USD"].paid == Decimal("10.00")
    assert {one.bill.account_id for one in after.bills} == {"A-1"}
    assert after.balances["USD"].billed >= before.balances["USD"].billed


def test_erasing_a_customer_erases_the_references_of_payments_and_keeps_the_amounts(aws: Aws, store: PaymentStore):
    store.record(payment())
    assert erase_account(stack_on(aws), "A-1", confirm=False).references == 1
    erase_account(stack_on(aws), "A-1", confirm=True)
    (kept,) = store.of(["A-1"])["A-1"]
    assert (kept.amount, kept.reference) == (Decimal("10.00"), "")
    assert store.record(payment()) == "already recorded"
