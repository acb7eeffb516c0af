"""Questions about bills, revenue, customers and who looked at them."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import msgspec

from electrocloud.aws.store.bill_outbox import IssuedBill
from electrocloud.domain.billing.bill import bills, reissue, without_charges
from electrocloud.domain.billing.issuing import issue
from electrocloud.domain.billing.service import BillKey
from electrocloud.domain.tariffs.urdb import tariff_from_urdb
from tests.kits.billing_kit import document, load
from tests.kits.registry_kit import AGREEMENT, METER, registry
from tests.kits.sql_kit import Lake, TableRow, hours, meter, reading

NOVEMBER = datetime(2026, 11, 1, tzinfo=UTC)


def test_consumption_by_class_and_tariff_adds_up_to_the_whole():
    meters = [meter("a", "flat", kind="apartment"), meter("b", "flat", kind="flat"), meter("c", "demand", kind="shop")]
    rows = [
        row
        for name, wh in (("a", 1000), ("b", 2000), ("c", 6000), ("x", 1000))
        for row in hours(name, "2026-11-03T00:00", [wh])
    ]

    found = Lake(rows, meters).ask("consumption_by_class", month="2026-11")

    assert [(row["class"], row["tariff_id"], row["meters"], row["kwh"], row["share"]) for row in found] == [
        ("shop", "demand", 1, 6, 0.6),
        ("apartment", "flat", 2, 3, 0.3),
        ("unknown", "unknown", 1, 1, 0.1),
    ]
    assert found[1]["kwh_per_meter"] == 1.5


def test_the_access_log_of_a_customer_has_what_was_read_of_the_account_its_agreements_and_meters_and_of_all():
    def entry(user: str, hour: int, **subject: str) -> TableRow:
        at = f"2026-11-02 {hour:02}:00:00.000"
        nobody = dict.fromkeys(("account_id", "agreement_id", "meter_id", "detail"), "")
        row = {"accessed_at": at, "user_name": user, "roles": "clerk", "action": "view", "data_kind": "bills"}
        return row | nobody | {"dt": at[:10]} | subject

    log = [
        entry("ann", 1, account_id=AGREEMENT.account_id),
        entry("ben", 2, agreement_id=AGREEMENT.agreement_id),
        entry("cem", 3, meter_id=METER.meter_id),
        entry("dea", 4, detail="2026-11"),
        entry("eve", 5, account_id="other"),
        entry("fay", 6, meter_id="other"),
        entry("gus", 7, account_id=AGREEMENT.account_id, dt="2026-10-31", accessed_at="2026-10-31 07:00:00.000"),
    ]
    lake = Lake(registry=registry(), access_log=log)

    def users(customer: str) -> list[str]:
        found = lake.ask("access_log", first_day="2026-11-01", last_day="2026-11-02", customer=customer)
        return [row["user_name"] for row in found]

    assert users("all") == ["fay", "eve", "dea", "cem", "ben", "ann"]
    assert users(AGREEMENT.account_id) == ["dea", "cem", "ben", "ann"]
    assert users(METER.meter_id) == ["dea", "cem"]
    assert users("nobody") == ["dea"]


def test_consumption_at_a_vacant_premise_is_that_of_local_days_without_an_agreement():
    ended = msgspec.structs.replace(AGREEMENT, end=date(2026, 11, 3))
    again = msgspec.structs.replace(AGREEMENT, agreement_id="AG-2", first=date(2026, 11, 5))
    removed = msgspec.structs.replace(METER, end=int(datetime(2026, 11, 20, tzinfo=UTC).timestamp()))
    wh = [1000] * 24 * 7  # from local midnight on 1 November: 48 of them lie between the agreements
    readings = [*hours("M-1", "2026-11-01T00:00", wh, "America/Phoenix"), *hours("M-9", "2026-11-03T00:00", wh)]
    lake = Lake(readings, registry=registry(ended, again, removed))

    (row,) = lake.ask("consumption_at_vacant_premises", first_day="2026-11-01", last_day="2026-11-30")

    assert (row["service_point_id"], row["meter_id"], row["days"]) == ("SP-1", "M-1", 2)
    assert (row["first_day"], row["last_day"], float(row["kwh"])) == (date(2026, 11, 3), date(2026, 11, 4), 48.0)


def issued_bills() -> list[IssuedBill]:
    """Two October bills of a tariff: one in two versions, one that was withdrawn."""
    tariff = tariff_from_urdb(document(0.5, fixedchargefirstmeter=2))
    first, second = (
        issue(
            msgspec.structs.replace(bills(tariff, load("2026-10-01T00:00", [wh]))[0], status="final"), date(2026, 11, 3)
        )
        for wh in (1_000, 3_000)
    )
    kept, gone = BillKey("A-1", "2026-10"), BillKey("A-2", "2026-10")
    return [
        IssuedBill(kept, first),
        IssuedBill(kept, reissue(first, second)),
        IssuedBill(kept, reissue(first, second)),
        IssuedBill(gone, first),
        IssuedBill(gone, reissue(first, without_charges(first))),
    ]


def test_the_bills_of_a_month_are_those_that_count_now():
    rows = Lake(issued=issued_bills()).ask("bills_of_month", month="2026-10")

    assert [(row["agreement_id"], row["version"], row["amount_due"], row["adjustment"]) for row in rows] == [
        ("A-1", 2, Decimal("3.50"), Decimal("1.00")),
        ("A-2", 2, Decimal("0.00"), Decimal("-2.50")),
    ]


def test_revenue_has_no_replaced_and_no_withdrawn_bill():
    rows = Lake(issued=issued_bills()).ask("revenue_by_tariff", month="2026-10")

    assert [(row["charge"], row["bills"], row["energy_kwh"], row["amount"]) for row in rows] == [
        ("energy", 1, Decimal(3), Decimal("1.50")),
        ("fixed", 1, None, Decimal("2.00")),
        ("total", 1, Decimal(3), Decimal("3.50")),
    ]


def test_estimated_readings_are_counted_by_month_and_reason_once_each():
    counts = [msgspec.structs.replace(one.bill.intervals, estimated=estimated) for one, estimated in zip(
        issued_bills(), (9, 7, 7, 5, 0), strict=True)]  # fmt: skip
    issued = [
        one._replace(bill=msgspec.structs.replace(one.bill, meter_id="M-1", intervals=own))
        for one, own in zip(issued_bills(), counts, strict=True)
    ]
    readings = [
        reading(meter_id, NOVEMBER + timedelta(hours=hour), 100, 3600, quality=quality)
        for meter_id, hour, quality in (
            ("M-2", 1, "estimated"), ("M-3", 1, "estimated"), ("M-2", 2, "substituted"), ("M-2", 3, "measured"),
        )
    ]  # fmt: skip
    rows = Lake(readings, issued=issued).ask("estimated_readings", first_month="2026-10", last_month="2026-11")

    assert [(row["month"], row["reason"], row["meters"], row["readings"]) for row in rows] == [
        ("2026-11", "estimated by the sender", 2, 2),
        ("2026-11", "substituted by the sender", 1, 1),
        ("2026-10", "missing, estimated by billing", 1, 7),
    ]
