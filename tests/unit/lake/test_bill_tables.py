"""Issued bills as rows of the lake's tables."""

from datetime import UTC, datetime
from decimal import Decimal

from electrocloud.aws.store.bill_outbox import IssuedBill
from electrocloud.domain.billing.service import BillKey
from lake.bill_tables import bill_tables
from tests.unit.services.test_export import FEBRUARY, MARCH, bill, stored


def test_the_lake_has_the_credit_that_a_bill_begins_with_and_leaves():
    tables = stored(*FEBRUARY, *MARCH)
    issued = [IssuedBill(key, bill(tables, key.cycle)) for key in (BillKey("A-1", f"2027-0{n}") for n in (2, 3))]
    february, march = bill_tables(issued, datetime(2027, 5, 1, tzinfo=UTC))["bills"].to_pylist()

    assert february["closing_credit_kwh"] == march["opening_credit_kwh"] == Decimal("403.2")
    assert (march["received_kwh"], march["closing_credit"]) == (Decimal("16.8"), 0)
    charges = ("energy_charge", "demand_charge", "fixed_charge", "minimum_charge", "rider_charge", "tax")
    assert round(sum(march[name] for name in charges) + march["export_credit"], 2) == march["amount_due"]
