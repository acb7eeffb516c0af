"""DSMR telegrams of Dutch and Belgian meters, one after the other: registers by tariff and direction."""

import re

import numpy as np

from electrocloud.domain.errors import UsageError
from meter_files.channel import SCALE, Channel, Contents, Direction

_TIME = re.compile(r"^0-0:1\.0\.0\((\d{12})([SW])\)", re.MULTILINE)
_REGISTER = re.compile(r"^1-0:([12])\.8\.(\d)\((\d+\.?\d*)\*(k?Wh)\)", re.MULTILINE)
_LEAD_S = {"S": 2 * 3600, "W": 3600}  # the clock's lead on UTC in summer and in winter


def read(text: str) -> Contents:
    """The registers of energy. Telegrams say whether their time is summer or winter time, so no zone is needed."""
    rows: dict[tuple[Direction, str], list[tuple[int, float, int]]] = {}
    line = 1
    for telegram in re.split(r"(?m)^(?=/)", text):
        found = _TIME.search(telegram)
        if found:
            at = _instant(found[1], found[2], line)
            for side, tariff, value, unit in _REGISTER.findall(telegram):
                direction: Direction = "delivered" if side == "1" else "received"
                kwh = float(value) / (1000 if unit == "Wh" else 1)
                if not kwh * SCALE["kWh"] < 2**62:
                    raise UsageError(f"row {line}: {value[:20]}… {unit} is not a register of energy")
                rows.setdefault((direction, f"T{tariff}"), []).append((at, kwh, line))
        line += telegram.count("\n")
    return Contents("DSMR telegrams", [_channel(*key, found) for key, found in rows.items()], "", [])


def _instant(text: str, season: str, line: int) -> int:
    moment = f"20{text[:2]}-{text[2:4]}-{text[4:6]}T{text[6:8]}:{text[8:10]}:{text[10:]}"
    try:
        return int(np.datetime64(moment, "s").astype(np.int64)) - _LEAD_S[season]
    except ValueError:
        raise UsageError(f"row {line}: {text}{season} is not a time") from None


def _channel(direction: Direction, register: str, rows: list[tuple[int, float, int]]) -> Channel:
    stamp, value, line = (np.array(column) for column in zip(*rows, strict=True))
    return Channel(
        meter="",
        register=register,
        direction=direction,
        kind="register",
        unit="kWh",
        stamped="end",
        stamp=stamp.astype(np.int64),
        seconds=np.zeros(len(rows), np.int64),
        value=np.rint(value * SCALE["kWh"]).astype(np.int64),
        row=line.astype(np.int64),
        version=np.zeros(len(rows), np.int64),
        estimated=np.zeros(len(rows), bool),
    )
