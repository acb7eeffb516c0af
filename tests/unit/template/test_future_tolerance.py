"""What may be stored can be queried: the longest tolerance and Athena's table of readings end on one day."""

import re

from analytics.template import load
from electrocloud.domain.readings.admission import FUTURE_TOLERANCE_S
from electrocloud.domain.readings.upload import FIRST_YEAR


def test_athenas_partitions_end_where_the_longest_tolerance_does():
    template = load()
    parameter = template["Parameters"]["FutureToleranceMinutes"]
    table = template["Resources"]["ReadingsTable"]["Properties"]["TableInput"]["Parameters"]
    first, days = re.fullmatch(r"(\d{4})-01-01,NOW\+(\d+)DAYS", table["projection.dt.range"]).groups()
    assert parameter["MaxValue"] == int(days) * 24 * 60
    assert int(first) == FIRST_YEAR


def test_the_default_is_that_of_the_code():
    assert load()["Parameters"]["FutureToleranceMinutes"]["Default"] * 60 == FUTURE_TOLERANCE_S
