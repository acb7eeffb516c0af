"""Price changes as a person writes them."""

from decimal import Decimal

import pytest

from electrocloud.domain.errors import UsageError
from electrocloud.domain.studies.price_change import PriceChange, changed_prices, parse_change
from electrocloud.domain.tariffs.urdb import tariff_from_urdb
from electrocloud.domain.tariffs.versions import always
from tests.kits.examples import TIME_OF_USE

TARIFF = always(tariff_from_urdb(TIME_OF_USE))


@pytest.mark.parametrize(
    ("text", "change"),
    [
        ("energy=+5%", PriceChange("energy", "factor", Decimal("1.05"))),
        ("energy[1]=+0.02", PriceChange("energy", "add", Decimal("0.02"), 1)),
        ("demand=-10%", PriceChange("demand", "factor", Decimal("0.9"))),
        ("fixed=14.5", PriceChange("fixed", "set", Decimal("14.5"))),
        ("minimum=-1", PriceChange("minimum", "add", Decimal(-1))),
    ],
)
def test_a_change_is_read_and_written_alike(text: str, change: PriceChange) -> None:
    assert parse_change(text) == change
    assert str(change) == text


@pytest.mark.parametrize(
    "text", ["", "energy", "energy=", "energy=x", "price=+5%", "fixed[1]=3", "energy=+1.2.3", "=5"]
)
def test_what_is_no_change_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse_change(text)


def test_a_change_of_a_period_leaves_the_others() -> None:
    changed = changed_prices(TARIFF, (parse_change("energy[1]=+0.02"),)).versions[0].tariff

    assert [[tier.rate for tier in tiers] for tiers in changed.energy] == [
        [Decimal("0.20"), Decimal("0.25")],
        [Decimal("0.37"), Decimal("0.42")],
    ]
    assert changed.fixed == TARIFF.versions[0].tariff.fixed


def test_no_price_becomes_negative() -> None:
    with pytest.raises(UsageError, match=r"makes the price 0\.2 negative"):
        changed_prices(TARIFF, (parse_change("energy=-0.21"),))
