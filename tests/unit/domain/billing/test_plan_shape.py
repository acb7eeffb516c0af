"""A plan's shape says whether stored determinants still hold, so it must be the same wherever it is computed."""

import os
import subprocess
import sys
from datetime import date

from electrocloud.domain.billing.plan import plan_period
from electrocloud.domain.billing.terms import ServiceTerms
from electrocloud.domain.tariffs.urdb import tariff_from_urdb
from electrocloud.domain.tariffs.versions import always
from tests.kits.billing_kit import document

HOLIDAYS = [f"2026-{month:02}-01" for month in range(1, 13)]


def shape(**fields: object) -> str:
    terms = ServiceTerms("AG-1")
    (period,) = terms.periods(date(2026, 7, 1), date(2026, 8, 1), "UTC")
    return plan_period(period, always(tariff_from_urdb(document(0.1, **fields))), terms).shape


def test_a_shape_is_the_same_in_each_process():
    script = f"from {__name__} import HOLIDAYS, shape; print(shape(holidays=HOLIDAYS))"
    found = [
        subprocess.run(
            [sys.executable, "-c", script],
            env=os.environ | {"PYTHONHASHSEED": str(seed)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for seed in (1, 2, 3)
    ]
    assert found == [shape(holidays=HOLIDAYS)] * 3


def test_a_shape_that_was_stored_before_still_holds():
    assert shape() == "fe7fe0eb0d0a"


def test_prices_leave_the_shape_and_days_that_are_priced_as_others_change_it():
    assert shape(name="another") == shape(fixedchargefirstmeter=5) == shape()
    weekdays = {"dates": HOLIDAYS, "priced_as": {"day": "weekday"}}
    assert len({shape(), shape(holidays=HOLIDAYS), shape(holidays=HOLIDAYS[:6]), shape(holidays=weekdays)}) == 4
