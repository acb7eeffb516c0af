"""The readers against public ones: NEM12 against two, Green Button against one."""

import io
from datetime import date, timedelta
from pathlib import Path
from random import Random

import aemo_mdff_reader
import numpy as np
import pytest
from greenbutton_objects import parse as green_button
from nemreader import NEMFile

from meter_files.channel import ReadOptions
from meter_files.load import read_load
from tests.kits.meter_file_kit import ESPI, meter_reading, nem12_day, reading_type, usage_point


@pytest.fixture
def nem12(tmp_path: Path) -> Path:
    """A month of two channels with qualities of intervals, at 5 minutes."""
    random = Random(7)
    lines = ["100,NEM12,202603021200,MDP,Ret\n"]
    for suffix in ("E1", "B1"):
        lines.append(f"200,NMI0000001,E1B1,{suffix},{suffix},N1,SER1,kWh,5,\n")
        for day in range(28):
            values = [f"{random.random() * 3:.3f}" for _ in range(288)]
            quality = random.choice(["A", "E52", "V"])
            lines.append(nem12_day(values, quality, f"{date(2026, 2, 1) + timedelta(day):%Y%m%d}"))
            if quality == "V":
                lines += ["400,1,100,F14,76,\n", "400,101,288,A,,\n"]
    path = tmp_path / "nem12.csv"
    path.write_text("".join([*lines, "900\n"]))
    return path


def test_nem12_has_the_energies_of_both_public_readers(nem12: Path):
    load = read_load(nem12, ReadOptions())
    ours = {one.direction: int(one.readings.wh.sum()) for one in load.meters}

    columns = aemo_mdff_reader.parse_to_columns(str(nem12))
    frame = NEMFile(str(nem12), strict=False).get_data_frame()
    for suffix, direction in (("E1", "delivered"), ("B1", "received")):
        theirs = sum(value for value, one in zip(columns["Value"], columns["Suffix"], strict=True) if one == suffix)
        assert ours[direction] == round(theirs * 1000)
        assert ours[direction] == round(frame[frame["suffix"] == suffix]["value"].sum() * 1000)
    delivered = next(one for one in load.meters if one.direction == "delivered")
    assert len(delivered.readings.wh) == 28 * 288
    first = columns["IntervalStart"][0]
    assert delivered.readings.start[0] == np.datetime64(first, "s").astype(int) - 10 * 3600


def test_the_qualities_of_intervals_are_those_of_nemreader(nem12: Path):
    load = read_load(nem12, ReadOptions())
    delivered = next(one for one in load.meters if one.direction == "delivered")

    quality = NEMFile(str(nem12), strict=False).get_data_frame()["quality"].to_list()[: 28 * 288]
    assert delivered.readings.estimated.tolist() == [one[:1] in "EFS" for one in quality]


def test_green_button_has_the_readings_of_a_public_reader(tmp_path: Path):
    random = Random(3)
    start = 1_772_352_000
    readings = [(start + 900 * number, 900, random.randint(0, 9000), "0") for number in range(96 * 31)]
    feed = ESPI.format(entries=usage_point(1) + meter_reading(1, "in", reading_type(), readings))
    path = tmp_path / "feed.xml"
    path.write_text(feed)

    (ours,) = read_load(path, ReadOptions()).meters
    assert ours.readings.wh.tolist() == [value for _, _, value, _ in readings]
    points = green_button.parse_feed(io.StringIO(feed))
    theirs = [reading for point in points for one in point.meterReadings for reading in one.intervalReadings]
    assert [int(one.timePeriod.start.timestamp()) for one in theirs] == ours.readings.start.tolist()
    assert [round(one.value) for one in theirs] == ours.readings.wh.tolist()
