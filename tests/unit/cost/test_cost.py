"""What a fleet costs: the units that AWS bills, counted from what the system does."""

import json
from datetime import date

import msgspec
import pytest
from typer.testing import CliRunner

from analytics.template import ROOT, load
from cli.main import app
from cost import units as cost_units
from cost.billed_dynamodb import BilledDynamoDB, size_of
from cost.estimate import PRICES, PriceList, estimate, fleet_plan
from cost.hosting import hosting_units
from cost.mail import mail_units
from cost.units import READS, correction, live, units
from electrocloud.aws.store.store import open_store
from electrocloud.domain.errors import UsageError
from electrocloud.domain.tariffs.urdb import tariff_from_urdb
from electrocloud.services.fixed_services import FixedServices
from electrocloud.services.ingest import ingest_uploads
from tests.kits.examples import TIME_OF_USE, upload
from tests.kits.memory import TABLES

TEMPLATE = load()
LIST = msgspec.json.decode(PRICES.read_bytes(), type=PriceList)
TARIFF = tariff_from_urdb(TIME_OF_USE)


@pytest.fixture(autouse=True)
def _few(monkeypatch):
    monkeypatch.setattr(cost_units, "SAMPLE_METERS", 3)


def counted(meters=1_000, interval=900, upload_every=86_400, kpl=True, shards=0, advantage=False):
    plan = fleet_plan(meters, interval, upload_every, kpl=kpl, shards=shards, advantage=advantage)
    return units(plan, live(plan, TEMPLATE), TEMPLATE)


def test_an_items_size_is_its_names_and_values_as_dynamodb_counts_them():
    assert size_of({"id": {"S": "m-1"}, "n": {"N": "-12.34"}, "b": {"B": b"1234"}}) == (2 + 3) + (1 + 3) + (1 + 4)


def test_a_day_and_its_bill_are_billed_as_a_transaction_with_an_index_entry():
    dynamodb = BilledDynamoDB({"windows": "day", "bills": "bill"}, {"month_part": ["total"]})
    tables = open_store(dynamodb, TABLES, lambda attempt: None).tables
    ingest_uploads(
        [upload(day=date(2026, 11, 24))],
        tables,
        FixedServices(lambda meters: dict.fromkeys(meters, TARIFF)),
        lambda attempt: None,
    )
    assert dynamodb.counts == {
        "gets": 2,  # the day and the month, neither of them there
        "queries": 1,  # for days from before the meter was registered
        "read_units": 3,
        "writes": 2,
        "write_units": 2 + 2 + 1,
    }


def test_a_repeated_upload_is_read_and_not_written():
    dynamodb = BilledDynamoDB({"windows": "day", "bills": "bill"}, {"month_part": ["total"]})
    tables = open_store(dynamodb, TABLES, lambda attempt: None).tables
    for _ in range(2):
        ingest_uploads(
            [upload()], tables, FixedServices(lambda meters: dict.fromkeys(meters, TARIFF)), lambda attempt: None
        )
    assert (dynamodb.counts["gets"], dynamodb.counts["writes"]) == (4, 2)


def test_every_unit_has_a_price_and_every_price_a_unit():
    named = counted().keys() | counted(shards=2).keys() | counted(kpl=False).keys() | counted(advantage=True).keys()
    hosted = hosting_units(load(ROOT / "hosting" / "template.yaml")).keys()
    assert named | hosted | mail_units(1).keys() == LIST.prices.keys()


def test_twice_the_meters_write_twice_the_items():
    one, two = counted(meters=1_000), counted(meters=2_000)
    for name in ("write_units", "read_units", "firehose_gb", "lake_gb"):
        assert two[name] == pytest.approx(2 * one[name])


def test_only_a_fleet_that_sends_by_the_api_pays_for_its_calls():
    assert counted(kpl=True)["api_requests"] == 1_000 * READS
    assert counted(kpl=False)["api_requests"] == 1_000 * (31 + READS)


def test_a_hundred_thousand_meters_with_daily_uploads_cost_less_than_a_dollar_a_million_readings():
    plan = fleet_plan(100_000, 900, 86_400, kpl=False)
    total = sum(entry.dollars for entry in estimate(units(plan, live(plan, TEMPLATE), TEMPLATE), LIST))
    assert total / plan.readings * 1e6 < 1


def test_the_most_expensive_entry_comes_first():
    dollars = [entry.dollars for entry in estimate(counted(), LIST)]
    assert dollars == sorted(dollars, reverse=True)


def kinesis(meters, *, advantage):
    entries = estimate(counted(meters, interval=60, upload_every=3_600, advantage=advantage), LIST)
    return sum(entry.dollars for entry in entries if entry.service == "Kinesis")


def test_on_demand_advantage_pays_off_once_the_streams_fill_about_four_tenths_of_its_commitment():
    month = counted(1, interval=60, upload_every=3_600)
    meters_at_the_commitment = 25 * 2**20 * 31 * 86_400 / 1e9 / month["stream_in_gb"]
    less, more = int(meters_at_the_commitment * 0.25), int(meters_at_the_commitment * 0.45)
    assert kinesis(less, advantage=True) > kinesis(less, advantage=False)
    assert kinesis(more, advantage=True) < kinesis(more, advantage=False)


def test_advantage_is_billed_by_its_commitment_until_that_is_used():
    small, large = counted(1_000, advantage=True), counted(2_000, advantage=True)
    assert small["advantage_in_gb"] == large["advantage_in_gb"] == pytest.approx(25 * 2**20 * 31 * 86_400 / 1e9)
    assert "stream_hours" not in small


def test_provisioned_shards_have_no_on_demand_advantage():
    with pytest.raises(UsageError, match="--advantage"):
        fleet_plan(1, 900, 86_400, kpl=False, shards=2, advantage=True)


@pytest.mark.parametrize(("interval", "every", "says"), [(61, 86_400, "--interval"), (900, 1_000, "--upload-every")])
def test_an_invalid_fleet_is_rejected(interval, every, says):
    with pytest.raises(UsageError, match=says):
        fleet_plan(1, interval, every, kpl=False)


def test_the_estimate_is_printed_as_a_table_and_as_json():
    arguments = ["cost", "--meters", "50", "--kpl"]
    shown = CliRunner().invoke(app, arguments, env={"COLUMNS": "160"})
    assert shown.exit_code == 0
    assert "million readings" in shown.output
    document = json.loads(CliRunner().invoke(app, [*arguments, "--json"]).output)
    assert document["readings_a_month"] == 50 * 31 * 96
    assert document["dollars_a_month"] == pytest.approx(
        sum(entry["dollars"] for entry in document["entries"]), abs=0.01
    )


def test_an_issued_bill_pays_for_its_place_in_the_outbox_until_it_is_published():
    dynamodb = BilledDynamoDB({"bills": "bill"}, {"month_part": ["total"], "to_lake": []})
    item = {"meter_id": {"S": "m"}, "bill": {"S": "2026-10"}, "month_part": {"S": "1"}, "to_lake": {"S": "0"}}
    dynamodb.transact_write_items(TransactItems=[{"Put": {"TableName": "bills", "Item": item}}])
    assert dynamodb.counts["write_units"] == 2 + 1 + 1
    dynamodb.update_item(TableName="bills", Key=item)
    assert dynamodb.counts["write_units"] == 4 + 1 + 1  # the item, and the entry that goes
    dynamodb.update_item(TableName="bills", Key=item)
    assert dynamodb.counts["write_units"] == 6 + 1


def test_a_corrected_price_takes_a_new_version_of_twelve_bills_a_meter():
    plan = fleet_plan(1_000_000, 900, 86_400, kpl=False)
    sample = live(plan, TEMPLATE)
    found = correction(plan, sample, TEMPLATE)
    assert found.bills == 12_000_000
    # Two items, each of 1 KB at least, in a transaction and out of the outbox, with their entries in the indexes.
    assert sample.bills.rerate_writes >= 2 * 2 + 2 + 2 * 2
    assert found.hours >= found.units["write_units"] / 40_000 / 3_600
    assert sample.bills.rerate_reads > 0


def test_mailing_every_bill_costs_its_mails_and_their_attachments():
    output = CliRunner().invoke(app, ["cost", "--meters", "10000", "--mail", "--json"]).output
    mails = {entry["what"]: entry for entry in json.loads(output)["entries"] if entry["service"] == "SES"}
    assert mails["mails"]["quantity"] == 10_000
    assert mails["mails"]["dollars"] == pytest.approx(1.00)
    assert mails["GB of attachments"]["quantity"] == pytest.approx(0.48)


def test_the_hosted_dashboard_costs_its_tasks_its_load_balancer_and_its_addresses():
    template = load(ROOT / "hosting" / "template.yaml")
    one = hosting_units(template)
    assert {entry.service for entry in estimate(one, LIST)} >= {"Fargate", "Load balancer", "VPC", "ECR"}
    assert sum(entry.dollars for entry in estimate(one, LIST)) == pytest.approx(47, abs=10)
    template["Parameters"]["Tasks"]["Default"] = 2
    two = hosting_units(template)
    assert two["fargate_cpu_hours"] == 2 * one["fargate_cpu_hours"]
    assert two["address_hours"] - one["address_hours"] == 31 * 24
    output = CliRunner().invoke(app, ["cost", "--meters", "50", "--dashboard", "--json"]).output
    assert "Fargate" in {entry["service"] for entry in json.loads(output)["entries"]}
