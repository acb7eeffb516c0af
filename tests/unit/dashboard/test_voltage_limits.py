"""The limits that the voltage chart draws: those of the country where the meter is."""

import pandas as pd
import pytest

from analytics.voltage_limits import limits_of
from dashboard.meter import meter_charts


@pytest.mark.parametrize(
    ("zone", "usual_v", "standard", "range_v"),
    [
        ("America/New_York", 121.3, "ANSI C84.1 Range A", (114, 126)),
        ("America/Los_Angeles", 238.0, "ANSI C84.1 Range A", (228, 252)),
        ("Pacific/Honolulu", 119.0, "ANSI C84.1 Range A", (114, 126)),
        ("US/Eastern", 118.0, "ANSI C84.1 Range A", (114, 126)),
        ("Europe/Berlin", 233.0, "EN 50160", (207, 253)),
        ("Europe/London", 241.0, "EN 50160", (207, 253)),
        ("America/Argentina/Buenos_Aires", 221.0, "EN 50160", (207, 253)),
    ],
)
def test_the_limits_are_those_of_the_meters_region(
    zone: str, usual_v: float, standard: str, range_v: tuple[float, float]
) -> None:
    limits = limits_of(zone, usual_v)
    assert limits.standard == standard
    assert limits.range_v == pytest.approx(range_v)


@pytest.mark.parametrize(
    ("zone", "labels"),
    [
        ("America/New_York", ["ANSI C84.1 Range A: 114 V", "ANSI C84.1 Range A: 126 V"]),
        ("Europe/Berlin", ["EN 50160: 207 V", "EN 50160: 253 V"]),
    ],
)
def test_the_chart_names_the_standard_of_its_limits(zone: str, labels: list[str]) -> None:
    volt = 120.0 if zone.startswith("America") else 230.0
    readings = pd.DataFrame({"start": [0.0, 900.0], "end": [900.0, 1800.0], "volt": [volt, volt + 1]})
    layers = meter_charts.voltage(readings, zone)["layer"]
    (texts,) = [layer for layer in layers if isinstance(layer["mark"], dict) and layer["mark"]["type"] == "text"]
    assert [row["label"] for row in texts["data"]["values"]] == labels
