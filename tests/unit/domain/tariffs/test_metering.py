"""How documents say that received energy is credited."""

from decimal import Decimal
from typing import Any

import pytest

from electrocloud.domain.errors import TariffError
from electrocloud.domain.tariffs.metering import Metering
from electrocloud.domain.tariffs.urdb import tariff_from_urdb
from tests.kits.billing_kit import document


def metering(**fields: Any) -> Metering:
    found = tariff_from_urdb(document([{"rate": 0.1, "adj": 0.02, "max": 100}, {"rate": 0.2}], **fields)).metering
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("fields", "option"),
    [
        ({"dgrules": "Net Metering"}, "net-metering"),
        ({"dgRules": "net metering"}, "net-metering"),
        ({"ur_metering_option": 1}, "net-metering-dollars"),
        ({"dgrules": "Net Billing Instantaneous"}, "net-billing"),
        ({"dgrules": "Net Billing Hourly"}, "net-billing-carryover"),
        ({"dgrules": "Net Billing Hourly", "ur_metering_option": 2}, "net-billing"),
        ({"dgrules": "Buy All Sell All"}, "buy-all-sell-all"),
        ({"usenetmetering": True}, "net-metering"),
    ],
)
def test_an_option_is_named_as_urdb_or_sam_names_it(fields: dict[str, Any], option: str):
    assert metering(**fields).option == option


def test_only_net_billing_hourly_nets_within_the_hour():
    assert metering(dgrules="Net Billing Hourly").by_hour
    assert not metering(ur_metering_option=3).by_hour


def test_sell_rates_are_by_tier_or_one_for_all_or_the_buy_rates():
    by_tier = document([{"rate": 0.1, "max": 100, "sell": 0.05}, {"rate": 0.2}], ur_metering_option=2)
    found = tariff_from_urdb(by_tier).metering
    assert found is not None
    assert [(tier.limit, tier.rate) for tier in found.sell[0]] == [(100, Decimal("0.05")), (None, 0)]

    assert [tier.rate for tier in metering(ur_metering_option=2, sell_rate=0.03).sell[0]] == [Decimal("0.03")] * 2
    equal = metering(ur_metering_option=2, ur_sell_eq_buy=1)
    assert [tier.rate for tier in equal.sell[0]] == [Decimal("0.12"), Decimal("0.2")]
    assert metering(ur_metering_option=2).sell == ()


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"dgrules": "Feed-in tariff"}, "dgrules"),
        ({"ur_metering_option": 5}, "ur_metering_option"),
        ({"dgrules": "Net Metering", "ur_metering_option": 4}, "ur_metering_option"),
        ({"dgrules": "Net Metering", "ur_nm_credit_month": 12}, "ur_nm_credit_month"),
        ({"dgrules": "Net Metering", "ur_nm_credit_rollover": 2}, "ur_nm_credit_rollover"),
        ({"dgrules": "Net Metering", "energy_prices": {"start": "2026-07-01T00:00Z", "values": [1]}}, "energy_prices"),
    ],
)
def test_a_fault_names_its_field(fields: dict[str, Any], field: str):
    with pytest.raises(TariffError) as fault:
        metering(**fields)
    assert fault.value.field == field


def test_an_option_is_given_only_for_a_tariff_that_names_none():
    given = tariff_from_urdb(document(), option="net-billing").metering
    assert given is not None
    assert given.option == "net-billing"
    with pytest.raises(TariffError, match="net-metering, and net-billing was asked for"):
        tariff_from_urdb(document(dgrules="Net Metering"), option="net-billing")


def test_how_export_is_credited_is_a_rule_of_the_tariff():
    marks = {
        tariff_from_urdb(document(**fields)).fingerprint
        for fields in ({}, {"dgrules": "Net Metering"}, {"dgrules": "Net Metering", "ur_nm_credit_month": 4})
    }
    assert len(marks) == 3
