"""Meter data files with bytes and lines changed at random: a load or one sentence, and nothing else.

`FUZZ_CASES` sets how many of each format; `make fuzz` runs 1,000.
"""

import os
from pathlib import Path
from random import Random

import pytest

from electrocloud.domain.errors import UsageError
from electrocloud.domain.readings.upload import MAX_POWER_W
from meter_files.channel import ReadOptions
from meter_files.load import Load, read_load
from tests.kits.meter_file_kit import FILES, MeterFile

CASES = int(os.environ.get("FUZZ_CASES", "40"))
_PIECES = [
    b"\x00",
    b"\xff",
    b"\n",
    b";",
    b",",
    b'"',
    b"-",
    b"e9",
    b"9" * 30,
    b"1_0",
    b"0x1",
    b"NaN",
    b"<",
    b"'",
    b" ",
    b"24:00",
]


def mutated(content: bytes, random: Random) -> bytes:
    """The content with one to four changes of bytes, of pieces, or of lines."""
    found = bytearray(content)
    for _ in range(random.randint(1, 4)):
        at = random.randrange(len(found) or 1)
        match random.randrange(6):
            case 0:
                found[at : at + 1] = bytes([random.randrange(256)])
            case 1:
                found[at:at] = random.choice(_PIECES)
            case 2:
                del found[at : at + random.randint(1, 12)]
            case 3:
                del found[at:]
            case 4:
                lines = bytes(found).split(b"\n")
                random.shuffle(lines)
                found = bytearray(b"\n".join(lines))
            case _:
                lines = bytes(found).split(b"\n")
                lines.insert(random.randrange(len(lines) + 1), random.choice(lines))
                found = bytearray(b"\n".join(lines))
    return bytes(found)


def outcome(path: Path, options: ReadOptions) -> Load | str:
    """The load, or what is said instead."""
    try:
        return read_load(path, options)
    except UsageError as fault:
        return str(fault)


@pytest.mark.parametrize("name", FILES)
def test_a_changed_file_is_read_or_refused_in_one_sentence(name: str, tmp_path: Path):
    file: MeterFile = FILES[name]
    path = tmp_path / "file"
    for case in range(CASES):
        content = mutated(file.content, Random(f"{name} {case}"))
        path.write_bytes(content)
        read = outcome(path, file.options)
        if isinstance(read, str):
            assert read.startswith(str(path)), content
            assert "\n" not in read, content
            continue
        for one in read.meters:
            readings = one.readings
            assert (readings.wh >= 0).all(), content
            assert (readings.seconds > 0).all(), content
            assert (readings.wh * 3600 <= MAX_POWER_W * readings.seconds).all(), content
            assert (readings.start[:-1] + readings.seconds[:-1] <= readings.start[1:]).all(), content
