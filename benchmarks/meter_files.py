"""`python -m benchmarks.meter_files`: readings a second of CPU, from a file to uploads of the contract."""

import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path

import msgspec
import numpy as np

from meter_files.channel import ReadOptions
from meter_files.load import read_load
from meter_files.uploads import uploads_of

READINGS = 500_000
_STEP_S = 1_800


def _csv(clock: str, header: str, end: str, scale: int) -> Iterator[str]:
    times = np.datetime64("2015-06-01T00:00:00") + np.arange(READINGS) * np.timedelta64(_STEP_S, "s")
    values = np.random.default_rng(1).integers(0, 2_000, READINGS) / scale
    yield header
    for at, value in zip(np.datetime_as_string(times), values.tolist(), strict=True):
        yield f"{at.replace('T', clock)}{end},{value:g}\n"


def _nem12() -> Iterator[str]:
    yield "100,NEM12,202603021200,MDP,Ret\n200,NMI0000001,E1,E1,E1,N1,SER1,kWh,30,\n"
    values = ",".join(f"{value:.3f}" for value in np.random.default_rng(1).random(48))
    for day in range(READINGS // 48):
        yield f"300,{date(2015, 6, 1) + timedelta(day):%Y%m%d},{values},A,,,20260302120000,\n"
    yield "900\n"


FILES: dict[str, Callable[[], Iterator[str]]] = {
    "CSV, start and wh": lambda: _csv("T", "start,wh\n", "Z", 1),
    "CSV, n3rgy": lambda: _csv(" ", "timestamp (UTC),energyConsumption (kWh)\n", "", 1_000),
    "NEM12": _nem12,
}


def main() -> None:
    """Print a row for each kind of file."""
    print("file               |  readings | read, million/s | to uploads in JSON, million/s")
    with tempfile.TemporaryDirectory() as folder:
        for name, lines in FILES.items():
            path = Path(folder) / "file"
            path.write_text("".join(lines()))
            began = time.process_time()
            (load,) = read_load(path, ReadOptions()).meters
            read = time.process_time()
            for upload in uploads_of(load, "M-1", 0, Counter()):
                msgspec.json.encode(upload)
            done = time.process_time()
            count = len(load.readings.wh)
            print(
                f"{name:18} | {count:9,} | {count / (read - began) / 1e6:15.2f} | {count / (done - began) / 1e6:15.2f}"
            )


if __name__ == "__main__":
    main()
