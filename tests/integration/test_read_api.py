"""The read API over the tables: what operators and customers get, and what of others they do not."""

import base64
import json
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import openapi_spec_validator
import pytest

from electrocloud.aws.customer_tokens import CustomerTokens
from electrocloud.aws.store.forecasts import Forecasts
from electrocloud.domain.forecast import Bounds, Forecast, ForecastDay, ForecastHour, MonthEnd, Range
from electrocloud.domain.readings.upload import QUALITIES, Upload
from electrocloud.domain.registry.records import Account, Agreement, Registry
from electrocloud.services.ingest import ingest_uploads
from electrocloud.services.store import IssueTerms
from meter_files.channel import ReadOptions
from meter_files.load import read_load
from presentation.read_api.openapi import openapi
from presentation.read_api.routes import ReadApi
from registry.desk import RegistryDesk
from tests.integration.conftest import Aws, aws_in_memory
from tests.integration.test_registry_desk import stack_on
from tests.kits.billing_kit import instant
from tests.kits.examples import upload
from tests.kits.function_kit import CONTEXT
from tests.kits.read_api_kit import NOW, Client, event, read_api, token_key
from tests.kits.registry_kit import AGREEMENT, ZONE, registry

JULY = "from=2026-07-01&to=2026-08-01"


class World(NamedTuple):
    aws: Aws
    desk: RegistryDesk
    api: ReadApi


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    """M-1 measured 100 Wh an hour in June and July 2026, for the flat rate of $0.10/kWh.

    On July 16 A-2 moved in, at the same service point, and A-1 moved out. On a day of May an hour was estimated, and
    one had energy received.
    """
    with pytest.MonkeyPatch.context() as patch, aws_in_memory(patch) as aws:
        patch.setattr(IssueTerms, "clock", lambda _: instant("2026-08-02T12:00", ZONE))
        desk = RegistryDesk(stack_on(aws))
        desk.apply(registry(), "test")
        days = [date(2026, 6, 1) + timedelta(days=number) for number in range(62)]
        uploads = [upload(meter_id="M-1", day=day, wh=[100] * 24, interval_s=3600) for day in days]
        ingest_uploads([*uploads, may(100)], desk._tables, desk._services, lambda attempt: None)
        desk.apply(moved(), "moved")
        yield World(aws, desk, read_api(token_key()))


def may(wh: int) -> Upload:
    """The 10th of May: at 00:00 UTC an estimated reading, which has replaced another, and one of energy received."""
    whole = upload(meter_id="M-1", day=date(2026, 5, 10), wh=[wh] * 24, interval_s=3600)
    estimated = [(0, (1, QUALITIES.index("estimated"), 250, 0)), *whole.readings[1:]]
    return msgspec.structs.replace(whole, readings=estimated, received=[(0, (0, QUALITIES.index("measured"), 40, 0))])


def moved() -> Registry:
    moved_out = msgspec.structs.replace(AGREEMENT, end=date(2026, 7, 16))
    moved_in = Agreement(
        agreement_id="AG-2", account_id="A-2", service_point_id="SP-1", tariff_id="flat", first=date(2026, 7, 16)
    )
    return Registry(
        accounts={"A-2": Account(account_id="A-2", name="Ann Lee"), "A-3": Account(account_id="A-3", name="Bo Ito")},
        agreements={one.key: one for one in (moved_out, moved_in)},
    )


@pytest.fixture
def api(world: World) -> ReadApi:
    return world.api


@pytest.fixture
def operator(api: ReadApi) -> Client:
    return Client(api)


def customer(api: ReadApi, account: str) -> Client:
    return Client(api, api._sources.tokens.issue(account, 3_600))


def test_a_months_usage_is_its_readings_in_local_time_with_their_qualities(operator: Client) -> None:
    page = operator.json(f"meters/M-1/usage?{JULY}")
    assert (page["meter_id"], page["time_zone"], page["next"]) == ("M-1", ZONE, None)
    assert len(page["rows"]) == 31 * 24
    assert page["rows"][0] == {
        "start": "2026-07-01T00:00:00-07:00", "seconds": 3600, "wh": 100, "quality": "measured", "readings": 1,
    }  # fmt: skip
    assert page["rows"][-1]["start"] == "2026-07-31T23:00:00-07:00"


@pytest.mark.parametrize(("resolution", "rows", "wh"), [("hour", 744, 100), ("day", 31, 2_400), ("month", 1, 74_400)])
def test_usage_is_summed_by_local_hours_days_and_months(operator: Client, resolution: str, rows: int, wh: int) -> None:
    page = operator.json(f"meters/M-1/usage?{JULY}&resolution={resolution}")
    assert len(page["rows"]) == rows
    assert {row["wh"] for row in page["rows"]} == {wh}
    assert sum(row["seconds"] for row in page["rows"]) == 31 * 86_400
    assert sum(row["readings"] for row in page["rows"]) == 744


@pytest.mark.parametrize(("resolution", "limit"), [("interval", 100), ("hour", 97), ("day", 4), ("month", 1)])
def test_pages_together_are_the_whole(operator: Client, resolution: str, limit: int) -> None:
    path = f"meters/M-1/usage?from=2026-06-01&to=2026-08-01&resolution={resolution}"
    whole = operator.json(f"{path}&limit=10000")
    rows, after = [], ""
    while after is not None:
        page = operator.json(f"{path}&limit={limit}" + (f"&next={after}" if after else ""))
        assert len(page["rows"]) <= limit
        rows += page["rows"]
        after = page["next"]
    assert rows == whole["rows"]
    assert whole["next"] is None


def test_direction_and_quality_choose_among_the_readings(operator: Client) -> None:
    path = "meters/M-1/usage?from=2026-05-01&to=2026-05-31"
    (sent,) = operator.json(f"{path}&direction=received")["rows"]
    assert (sent["start"], sent["wh"]) == ("2026-05-09T17:00:00-07:00", 40)
    (guessed,) = operator.json(f"{path}&quality=estimated")["rows"]
    assert (guessed["wh"], guessed["quality"]) == (250, "estimated")
    assert len(operator.json(f"{path}&quality=estimated&quality=measured")["rows"]) == 24
    ninth, tenth = operator.json(f"{path}&resolution=day")["rows"]
    assert [(day["quality"], day["readings"]) for day in (ninth, tenth)] == [("estimated", 7), ("measured", 17)]
    assert operator.json(f"{path}&resolution=month")["rows"][0]["quality"] == "estimated"


def test_bills_are_listed_by_meter_and_by_agreement_in_their_newest_versions(operator: Client) -> None:
    bills = operator.json("meters/M-1/bills?from=2026-06-01&to=2026-08-01")["bills"]
    assert [(one["agreement_id"], one["cycle"], one["version"], one["amount_due"]) for one in bills] == [
        ("AG-2", "2026-07", 1, "3.84"), ("AG-1", "2026-07", 2, "3.60"), ("AG-1", "2026-06", 1, "7.20"),
    ]  # fmt: skip
    assert operator.json("meters/M-1/bills?from=2026-06-01&to=2026-07-01")["bills"] == bills[2:]
    assert operator.json("agreements/AG-1/bills")["bills"][1:3] == bills[1:]  # August's has no charge, since the move


def test_a_bill_has_lines_that_add_up_and_each_of_its_versions(operator: Client) -> None:
    found = operator.json("agreements/AG-1/bills/2026-07")
    assert found["bill"]["adjustment"] == "-3.84"
    assert sum(Decimal(line["amount"]) for line in found["lines"]) == Decimal(found["bill"]["amount_due"])
    assert any("360" in line["quantity"] or "36" in line["quantity"] for line in found["lines"])
    first = operator.json("agreements/AG-1/bills/2026-07?version=1")
    assert (first["bill"]["amount_due"], first["intervals_read"]) == ("7.44", 744)
    assert operator.json("agreements/AG-1/bills/2026-07?version=3", 404)["message"]


def test_a_bill_is_an_invoice_where_pdf_is_accepted(operator: Client) -> None:
    answer = operator.get("agreements/AG-1/bills/2026-06", Accept="application/pdf, */*")
    assert answer["isBase64Encoded"]
    assert answer["multiValueHeaders"]["Content-Type"] == ["application/pdf"]
    assert base64.b64decode(answer["body"]).startswith(b"%PDF-")
    assert operator.get("agreements/AG-1/bills/2026-06", Accept="*/*, application/pdf")["isBase64Encoded"] is False


def test_the_green_button_file_reads_back_to_the_same_energy(operator: Client, tmp_path: Path) -> None:
    answer = operator.get(f"meters/M-1/green-button?{JULY}")
    assert answer["multiValueHeaders"]["Content-Type"] == ["application/atom+xml"]
    (tmp_path / "usage.xml").write_text(answer["body"])
    (load,) = read_load(tmp_path / "usage.xml", ReadOptions()).meters
    assert load.readings.wh.sum() == 74_400
    assert answer["body"].count("<UsageSummary") == 2


def test_the_costs_of_the_green_button_file_add_up_to_the_energy_charge_of_the_callers_bills(
    operator: Client, api: ReadApi
) -> None:
    assert costs(operator.get(f"meters/M-1/green-button?{JULY}")["body"]) == [1_000] * (31 * 24)  # 100 Wh: one cent
    moved_in = costs(customer(api, "A-2").get(f"meters/M-1/green-button?{JULY}")["body"])
    assert sum(moved_in) == 3_840_00  # $3.84 for the 38.4 kWh from July 16 on
    assert len(moved_in) == 16 * 24


def costs(feed: str) -> list[int]:
    """Of each interval that has one, in hundred-thousandths of a dollar."""
    return [int(found) for found in re.findall(r"<IntervalReading><cost>(\d+)</cost>", feed)]


def test_forecasts_of_a_month_and_of_the_fleet(operator: Client, api: ReadApi, world: World) -> None:
    store = Forecasts(world.aws.dynamodb, "forecasts")
    bounds = Range(Decimal("74.4"), Decimal(70), Decimal(80))
    store.put_month_ends([MonthEnd("M-1", "2026-08", NOW, bounds, Range(Decimal("7.44"), Decimal(7), Decimal(8)))])
    made = datetime(2026, 8, 10, tzinfo=UTC)
    hours = tuple(ForecastHour(made + timedelta(hours=hour), 100.4, 90.0, 110.0) for hour in range(24))
    earlier = made - timedelta(days=1)
    store.put(Forecast("fleet", earlier, "trees", "", 0.8, (), (ForecastHour(earlier, 1, 1, 1),)))
    assert operator.json("forecasts")["readings_until"] is None  # as stored by earlier versions
    energy = sum(hour.value for hour in hours)
    days = (ForecastDay(made.date(), 24, energy, hours[0], 0.1, 1, Bounds(2300.2, 2500.8)),)
    store.put(Forecast("fleet", made, "trees", "", 0.8, (), hours, None, made, days))
    found = operator.json("meters/M-1/forecast")
    assert (found["month"], found["energy_kwh"]["value"], found["amount"]["high"]) == ("2026-08", "74.4", "8")
    assert operator.json("meters/M-1/forecast?month=2026-09", 404)["message"]
    assert operator.json("forecasts")["rows"][1] == {"start": "2026-08-10T01:00:00Z", "wh": 100, "low": 90, "high": 110}
    (day,) = operator.json("forecasts")["days"]
    assert day == {
        "day": "2026-08-10", "hours": 24, "wh": 2410, "peak": operator.json("forecasts")["rows"][0], "lead": 1,
        "low": 2300, "high": 2501, "peak_low": None, "peak_high": None,
    }  # fmt: skip
    assert operator.json("forecasts")["readings_until"] == "2026-08-10T00:00:00Z"
    assert operator.json("forecasts?series=feeder/F-9", 404)["message"]
    assert customer(api, "A-2").json("meters/M-1/forecast") == found
    assert customer(api, "A-1").json("meters/M-1/forecast", 404)["message"]
    assert customer(api, "A-2").json("forecasts", 404)["message"]


def test_a_customer_sees_a_meter_from_moving_in_to_moving_out(api: ReadApi) -> None:
    before = customer(api, "A-1").json(f"meters/M-1/usage?{JULY}")["rows"]
    after = customer(api, "A-2").json(f"meters/M-1/usage?{JULY}")["rows"]
    assert (len(before), before[-1]["start"]) == (15 * 24, "2026-07-15T23:00:00-07:00")
    assert (len(after), after[0]["start"]) == (16 * 24, "2026-07-16T00:00:00-07:00")
    feed = customer(api, "A-2").get(f"meters/M-1/green-button?{JULY}")["body"]
    assert feed.count("<IntervalReading>") == 16 * 24
    assert feed.count("<UsageSummary") == 1


def test_another_customers_data_is_404_as_if_it_were_not_there(api: ReadApi) -> None:
    stranger, moved_in = customer(api, "A-3"), customer(api, "A-2")
    for path in ("usage", "bills", "forecast", "green-button"):
        other = stranger.json(f"meters/M-1/{path}", 404)
        assert other == {"message": stranger.json(f"meters/M-8/{path}", 404)["message"].replace("M-8", "M-1")}
    for path in ("agreements/AG-1/bills", "agreements/AG-1/bills/2026-06"):
        assert moved_in.json(path, 404)["message"]
        assert stranger.get(path, Accept="application/pdf")["statusCode"] == 404
    own = moved_in.json("meters/M-1/bills?from=2026-06-01&to=2026-08-01")["bills"]
    assert [one["agreement_id"] for one in own] == ["AG-2"]


def forged(token: str, **claims: Any) -> str:
    header, body, mac = token.split(".")
    found = json.loads(base64.urlsafe_b64decode(body + "=="))
    changed = base64.urlsafe_b64encode(json.dumps(found | claims).encode()).rstrip(b"=").decode()
    return f"{header}.{changed}.{mac}"


def unsigned(token: str) -> str:
    header = base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').rstrip(b"=").decode()
    return f"{header}.{token.split('.')[1]}."


def test_a_token_that_does_not_hold_is_401_on_every_route(api: ReadApi) -> None:
    token = api._sources.tokens.issue("A-1", 3_600)
    other = CustomerTokens(api._sources.tokens._kms, token_key(), lambda: NOW).issue("A-1", 3_600)
    old = CustomerTokens(api._sources.tokens._kms, api._sources.tokens._key_id, lambda: NOW - 3_600).issue("A-1", 3_600)
    wrong = ["", "x", "a.b.c", other, old, forged(token, sub="A-2"), forged(token, exp=NOW * 2), unsigned(token),
             api._sources.tokens.issue("", 3_600), token[:-4] + "AAAA", token + "x" * 4_000, "é.é.é",
             f"{token}.{token}"]  # fmt: skip
    for one in wrong:
        answer = Client(api, one).get("meters/M-1/usage")
        assert answer["statusCode"] == 401, one
        assert json.loads(answer["body"])["message"]
    for authorization in ({}, {"Authorization": token}, {"Authorization": f"Basic {token}"}):
        assert api.answer(event("/v1/customer/meters/M-1/usage", **authorization), CONTEXT)["statusCode"] == 401
    assert Client(api, token).get("meters/M-1/usage")["statusCode"] == 200


def test_an_operators_route_without_a_signer_is_refused(api: ReadApi) -> None:
    token = api._sources.tokens.issue("A-1", 3_600)
    call = event("/v1/operator/meters/M-1/usage", Authorization=f"Bearer {token}")
    assert api.answer(call, CONTEXT)["statusCode"] == 401


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("meters/M-1/usage?from=July", "from"),
        ("meters/M-1/usage?from=2026-08-01&to=2026-07-01", "2026-08-01 is not before to 2026-07-01"),
        ("meters/M-1/usage?from=2016-08-01&to=2026-07-01", "ask for 800 at most"),
        ("meters/M-1/usage?from=0001-01-01&to=0001-01-02", "between 1970 and 2200"),
        ("meters/M-1/usage?resolution=week", "resolution"),
        ("meters/M-1/usage?limit=0", "limit"),
        ("meters/M-1/usage?next=abc", "next"),
        ("meters/M-1/usage?quality=good", "quality"),
        ("agreements/AG-1/bills/July", "cycle"),
        ("agreements/%23class-profile/bills", "agreement_id"),
        ("forecasts?series=meter/M-1", "series"),
    ],
)
def test_a_wrong_parameter_is_named_in_one_sentence(operator: Client, path: str, says: str) -> None:
    message = operator.json(path, 400)["message"]
    assert says in message
    assert len(message) < 300


def test_no_route_and_no_meter_are_404(operator: Client) -> None:
    assert "docs/api.md" in operator.json("meters", 404)["message"]
    assert operator.json("meters/M-9/usage", 404) == {"message": "there is no meter M-9, or it is not yours"}


def test_an_answer_that_has_not_changed_is_304_by_its_etag(operator: Client, world: World) -> None:
    path = "meters/M-1/usage?from=2026-05-01&to=2026-06-01&quality=measured"
    first = operator.get(path)
    tag = first["multiValueHeaders"]["ETag"][0]
    assert first["multiValueHeaders"]["Cache-Control"] == ["private, no-cache"]
    again = operator.get(path, If_None_Match=f'"x", W/{tag}')
    assert (again["statusCode"], again.get("body") or "") == (304, "")
    more = upload(meter_id="M-1", day=date(2026, 5, 11), wh=[7], interval_s=3600)
    ingest_uploads([more], world.desk._tables, world.desk._services, lambda attempt: None)
    assert operator.get(path, If_None_Match=tag)["statusCode"] == 200


def test_a_final_version_that_is_asked_for_by_its_number_may_be_kept(operator: Client) -> None:
    kept = operator.get("agreements/AG-1/bills/2026-07?version=1")["multiValueHeaders"]["Cache-Control"]
    newest = operator.get("agreements/AG-1/bills/2026-07")["multiValueHeaders"]["Cache-Control"]
    assert (kept, newest) == (["private, max-age=86400"], ["private, no-cache"])


def test_a_default_month_ends_tomorrow(operator: Client) -> None:
    page = operator.json("meters/M-1/usage")
    assert page["rows"][0]["start"] == "2026-07-11T00:00:00-07:00"
    assert instant("2026-08-11T00:00", ZONE) - instant("2026-07-11T00:00", ZONE) == 31 * 86_400


DOCS = Path(__file__).parents[2] / "docs"
EXAMPLES = re.findall(
    r"```http\nGET /v1/operator/(\S+)\n```\n\n```json\n(.*?)```", (DOCS / "api.md").read_text(), re.DOTALL
)


@pytest.mark.parametrize(("path", "body"), EXAMPLES, ids=[path for path, _ in EXAMPLES])
def test_the_examples_of_the_documentation_are_what_the_api_answers(operator: Client, path: str, body: str) -> None:
    assert operator.json(path) == json.loads(body)


def test_the_openapi_document_in_docs_is_that_of_the_code(api: ReadApi) -> None:
    assert (DOCS / "read-api.json").read_text() == openapi(api.app), "run `make read-api`"
    openapi_spec_validator.validate(json.loads(openapi(api.app)))
