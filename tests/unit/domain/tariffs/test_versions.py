"""Tariffs over time: which prices hold on a day, and which dates are refused."""

from datetime import date
from typing import Any

import pytest

from electrocloud.domain.errors import TariffError
from electrocloud.domain.tariffs.urdb import effective_days, tariff_from_urdb, version_from_urdb
from electrocloud.domain.tariffs.versions import DatedTariff, TariffVersion, dated_tariff
from tests.kits.billing_kit import document


def version(name: str, first: date | None = None, end: date | None = None) -> TariffVersion:
    return TariffVersion(tariff_from_urdb(document(0.1, name=name)), first, end)


def names(tariff: DatedTariff, *days: date) -> list[str | None]:
    return [found.name if (found := tariff.at(day)) else None for day in days]


@pytest.mark.parametrize(
    ("fields", "days"),
    [
        ({}, (None, None)),
        ({"startdate": 1433116800, "enddate": 1451520000}, (date(2015, 6, 1), date(2016, 1, 1))),
        ({"startdate": 1727762400}, (date(2024, 10, 1), None)),  # a midnight in the west, as URDB has them too
        ({"startdate": "2026-07-01", "enddate": "2026-07-01"}, (date(2026, 7, 1), date(2026, 7, 2))),
        ({"startdate": "2026-07-01T00:00:00Z"}, (date(2026, 7, 1), None)),
        ({"effective": "2026-07-01", "enddate": "2026-12-31"}, (date(2026, 7, 1), date(2027, 1, 1))),
        ({"startdate": "", "enddate": None}, (None, None)),
    ],
)
def test_the_days_of_a_urdb_rate_are_local_dates_with_the_last_one_inclusive(fields: dict[str, Any], days: Any):
    assert effective_days(document(**fields)) == days
    assert effective_days({"items": [document(**fields)]}) == days
    assert version_from_urdb(document(**fields))[1:] == days


def test_an_end_before_the_start_is_refused_with_both():
    with pytest.raises(TariffError, match=r"enddate: 2018-12-31 is before startdate 2019-01-01"):
        tariff_from_urdb(document(startdate=1546329600, enddate=1546239600))


def test_an_open_version_holds_until_the_next_begins_and_gaps_have_no_price():
    tariff = dated_tariff(
        "t",
        [
            version("third", date(2026, 9, 1)),
            version("first"),
            version("second", date(2026, 7, 1), date(2026, 8, 1)),
        ],
    )
    days = (date(1990, 1, 1), date(2026, 6, 30), date(2026, 7, 1), date(2026, 8, 1), date(2026, 9, 1))

    assert names(tariff, *days) == ["first", "first", "second", None, "third"]
    assert tariff.changes(date(2026, 7, 1), date(2026, 10, 1)) == [date(2026, 8, 1), date(2026, 9, 1)]
    assert tariff.dates == "to 2026-07-31 and from 2026-09-01"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (version("A"), version("B")),
        (version("A", date(2026, 7, 1)), version("B", date(2026, 7, 1))),
        (version("A", date(2026, 7, 1), date(2026, 8, 2)), version("B", date(2026, 8, 1))),
        (version("A", None, date(2026, 8, 2)), version("B", date(2026, 8, 1))),
    ],
)
def test_two_versions_on_one_day_are_refused_by_name(one: TariffVersion, other: TariffVersion):
    for order in ([one, other], [other, one]):
        with pytest.raises(TariffError, match=r"[AB] \(.*\) and [AB] \(.*\) hold on the same days"):
            dated_tariff("t", order)


def test_a_customer_who_changes_the_tariff_has_the_other_from_that_day():
    old = dated_tariff("old", [version("old 1"), version("old 2", date(2026, 7, 1))])
    new = dated_tariff("new", [version("new 1"), version("new 2", date(2026, 8, 1))])
    days = (date(2026, 6, 30), date(2026, 7, 9), date(2026, 7, 10), date(2026, 8, 1))

    assert names(old.switched(new, date(2026, 7, 10)), *days) == ["old 1", "old 2", "new 1", "new 2"]
    assert names(old.switched(new, date(2026, 6, 1)), *days) == ["new 1", "new 1", "new 1", "new 2"]


def test_a_tariff_is_placed_in_the_zone_of_the_service_point():
    tariff = dated_tariff("t", [version("a")]).placed("Asia/Kolkata")
    found = tariff.at(date(2026, 7, 1))

    assert found
    assert found.zone == "Asia/Kolkata"
    assert tariff_from_urdb(document(timezone="UTC"), "Asia/Kolkata").zone == "Asia/Kolkata"
