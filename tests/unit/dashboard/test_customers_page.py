"""The Customers page, drawn with given data."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal

import msgspec
import pytest

from dashboard.questions import question_data
from electrocloud.aws.athena import Answer, Column, QueryError
from electrocloud.aws.store.accounts import AccountStatement
from electrocloud.aws.store.bill_outbox import IssuedBill
from electrocloud.aws.store.registry import ServiceHistory
from electrocloud.aws.store.search_index import SearchEntry
from electrocloud.domain.billing.bill import Bill, bills
from electrocloud.domain.billing.payments import Balance, Payment, balances
from electrocloud.domain.billing.service import BillKey
from electrocloud.domain.tariffs.urdb import tariff_from_urdb
from presentation.bill_change import sentence
from presentation.money_text import money
from presentation.units import in_markdown
from tests.kits.billing_kit import document, load
from tests.kits.dashboard_kit import metrics, page, tables, texts
from tests.kits.registry_kit import POINT

GOMEZ = SearchEntry("SP-1", "1 Elm St", "F_1", "A-1", "Ana Gomez", ("M-1",))
OTHER = SearchEntry("SP-2", "2 Elm St", "F_1", "A-2", "Bo Lind", ("M-2",))
EMPTY = SearchEntry("SP-3", "3 Elm St", "F_1", "", "", ())


def bill(month: str, hours: int, wh: int, **fields: object) -> Bill:
    tariff = tariff_from_urdb(document(0.10, timezone="UTC"))
    (found,) = bills(tariff, load(f"{month}-01", [wh] * hours), meter_id="M-1")
    start = date.fromisoformat(f"{month}-01")
    known = {"agreement_id": "AG-1", "account_id": "A-1", "period_start": start, "status": "final"}
    return msgspec.structs.replace(found, **known | fields)


def keyed(*versions: Bill) -> list[IssuedBill]:
    return [IssuedBill(BillKey(one.agreement_id, one.month), one) for one in versions]


FEBRUARY, MARCH = bill("2026-02", 672, 1_000), bill("2026-03", 744, 1_400)
NOTHING = AccountStatement([], [], {"USD": Balance(Decimal("7.00"), Decimal(0))})
ACCOUNT = {"Balance due": "$7.00", "Billed": "$7.00", "Paid": "$0.00"}
OF_ANOTHER = bill("2026-01", 744, 9_000, account_id="A-0", agreement_id="AG-0")


def test_without_a_search_the_page_says_what_can_be_searched(give: Callable[..., None]) -> None:
    give(search=[])
    assert "any part of a name, address, account, meter or feeder" in texts(page("customers"))


def test_a_search_without_results_says_so(give: Callable[..., None]) -> None:
    give(search=[])
    assert "Nothing in the registry has “x\\-y” in it" in texts(page("customers", search="x-y"))


def test_the_only_result_is_opened_with_the_difference_of_its_last_bills(give: Callable[..., None]) -> None:
    give(search=[GOMEZ], history=keyed(OF_ANOTHER, FEBRUARY, MARCH), service_histories=[], account_statement=NOTHING)
    app = page("customers", search="gomez")

    assert in_markdown(sentence(FEBRUARY, MARCH)) in texts(app)
    shown = app.dataframe[0].value
    assert shown["period"].tolist() == ["March 2026", "February 2026"]
    assert shown["amount"].tolist() == [money(MARCH.total_rounded), money(FEBRUARY.total_rounded)]


def test_months_stand_side_by_side_with_the_difference_of_each_to_the_one_before(give: Callable[..., None]) -> None:
    january = bill("2026-01", 744, 1_000)
    give(search=[GOMEZ], history=keyed(january, FEBRUARY, MARCH), service_histories=[], account_statement=NOTHING)
    app = page("customers", search="gomez")

    (shown, *_) = tables(app)
    assert [*shown.columns] == ["March 2026", "February 2026", "January 2026"]
    assert shown.loc["Total"].tolist() == [money(one.total_rounded) for one in (MARCH, FEBRUARY, january)]
    assert shown.loc["Difference from the bill before"].tolist() == [
        money(MARCH.total_rounded - FEBRUARY.total_rounded, sign=True),
        money(FEBRUARY.total_rounded - january.total_rounded, sign=True),
        "–",
    ]
    assert in_markdown(sentence(january, FEBRUARY)) in app.expander[0].markdown[0].value


def test_the_weather_of_the_months_is_told_in_the_unit_of_the_country(give: Callable[..., None]) -> None:
    days = (date(2026, 2, 1) + timedelta(days=number) for number in range(59))
    point = msgspec.structs.replace(POINT, service_point_id="SP-1", country="US")
    give(
        search=[GOMEZ], history=keyed(FEBRUARY, MARCH), service_histories=[ServiceHistory(point)],
        account_statement=NOTHING, temperatures={day: 0.0 if day.month == 2 else 10.0 for day in days},
    )  # fmt: skip
    app = page("customers", search="gomez")

    assert in_markdown("it was warmer, 50 °F instead of 32 °F on average") in texts(app)
    assert tables(app)[0].loc["Average temperature"].tolist() == ["50 °F", "32 °F"]


def test_where_the_weather_cannot_be_read_the_difference_is_told_without_it(give: Callable[..., None]) -> None:
    give(
        search=[GOMEZ], history=keyed(FEBRUARY, MARCH), account_statement=NOTHING,
        service_histories=[ServiceHistory(msgspec.structs.replace(POINT, service_point_id="SP-1"))],
        temperatures=QueryError("too slow"),
    )  # fmt: skip
    app = page("customers", search="gomez")

    assert in_markdown(sentence(FEBRUARY, MARCH)) in texts(app)
    assert "too slow" in texts(app)


def test_an_open_month_is_not_compared(give: Callable[..., None]) -> None:
    later = date.today() + timedelta(days=20)
    now = bill("2026-04", 24, 1_000, period_end=later, status="provisional")
    give(search=[GOMEZ], history=keyed(FEBRUARY, MARCH, now), service_histories=[], account_statement=NOTHING)
    app = page("customers", search="gomez")

    assert tables(app)[0].loc["Difference from the bill before"].iloc[0] == "–"
    assert in_markdown(sentence(FEBRUARY, MARCH)) in texts(app)


def test_the_balance_of_the_account_and_its_payments_are_shown(give: Callable[..., None]) -> None:
    paid = Payment("P-1", "A-1", date(2026, 4, 10), Decimal("50.00"), "USD", "check 7", "ann")
    back = msgspec.structs.replace(paid, payment_id="P-2", amount=Decimal("-8.00"), reference="")
    own = keyed(FEBRUARY, MARCH)
    due = balances((one.bill for one in own), [paid, back])
    give(search=[GOMEZ], history=own, service_histories=[], account_statement=AccountStatement(own, [paid, back], due))
    app = page("customers", search="gomez")

    billed = FEBRUARY.total_rounded + MARCH.total_rounded
    assert metrics(app) | {"Balance due": money(billed - 42), "Paid": "$42.00"} == metrics(app)
    assert tables(app)[0].reset_index().to_numpy().tolist() == [
        ["Apr 10, 2026", "-$8.00", "–", "P-2", "ann"],
        ["Apr 10, 2026", "$50.00", "check 7", "P-1", "ann"],
    ]


def test_an_account_that_paid_more_than_it_was_billed_has_a_credit_balance(give: Callable[..., None]) -> None:
    due = {"USD": Balance(Decimal(10), Decimal(25))}
    give(search=[GOMEZ], history=[], service_histories=[], account_statement=AccountStatement([], [], due))
    assert metrics(page("customers", search="gomez"))["Credit balance"] == "$15.00"


def test_of_a_replaced_bill_the_current_version_counts(give: Callable[..., None]) -> None:
    later = msgspec.structs.replace(FEBRUARY, version=2, total_rounded=FEBRUARY.total_rounded + 1)
    give(search=[GOMEZ], history=keyed(FEBRUARY, later, MARCH), service_histories=[], account_statement=NOTHING)
    app = page("customers", search="gomez")

    assert app.dataframe[0].value["amount"].tolist()[1] == money(later.total_rounded)


def test_of_several_results_the_address_names_the_one_on_the_screen(give: Callable[..., None]) -> None:
    give(search=[GOMEZ, OTHER], history=[], service_histories=[], account_statement=NOTHING)
    assert "2 service points found" in texts(page("customers", search="elm"))

    app = page("customers", search="elm", point="SP-2")
    assert next(heading.value for heading in app.header) == "Bo Lind"
    assert "This customer has no bills yet" in texts(app)


def test_a_service_point_without_a_meter_says_that_there_are_no_bills(give: Callable[..., None]) -> None:
    give(search=[EMPTY])
    assert "No meter has been installed here" in texts(page("customers", search="3 elm"))


def test_the_latest_bill_and_what_was_billed_in_a_year_are_totaled_of_the_customer_alone(
    give: Callable[..., None],
) -> None:
    give(search=[GOMEZ], history=keyed(OF_ANOTHER, FEBRUARY, MARCH), service_histories=[], account_statement=NOTHING)
    assert metrics(page("customers", search="gomez")) == {
        **ACCOUNT,
        "Latest bill, final": money(MARCH.total_rounded),
        "Billed in 12 months": money(FEBRUARY.total_rounded + MARCH.total_rounded),
    }


def test_who_looked_at_a_customer_is_asked_on_request_and_nobody_is_said_in_words(
    give: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    give(search=[GOMEZ], history=keyed(MARCH), service_histories=[], account_statement=NOTHING, zone="Asia/Kathmandu")
    asked: list[str] = []
    monkeypatch.setattr(question_data, "answer", lambda sql: asked.append(sql) or Answer((), [], None, 0.1))
    app = page("customers", search="gomez")
    assert not asked
    app.button[-1].click().run()
    assert "'A-1'" in asked[0]
    assert "'Asia/Kathmandu'" in asked[0]
    assert "Nobody looked at this customer in the last 30 days." in texts(app)


def test_accesses_are_listed_with_the_utility_s_time_and_zone(give: Callable[..., None]) -> None:
    names = ("accessed_at_utc", "user_name", "roles", "action", "data_kind", "detail")
    row = ("2026-11-24 20:00:05", "ann", "agent", "view", "bills", "")
    give(search=[GOMEZ], history=[], service_histories=[], account_statement=NOTHING, zone="America/Los_Angeles")
    give(answer=Answer(tuple(Column(name, "varchar") for name in names), [row], 0, 0.1))
    app = page("customers", search="gomez")
    app.button[-1].click().run()
    assert tables(app)[-1].index.tolist() == ["2026-11-24 12:00:05 PST"]
