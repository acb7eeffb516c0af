"""`electrocloud audit` after the same readings came by the API and in KPL frames at once, while workers were killed.

`make audit` runs it with more meters (AUDIT_METERS, AUDIT_DAYS).
"""

import json
import os
import signal
import subprocess
from datetime import UTC, datetime, timedelta
from typing import Any

import psutil
import pytest

from analytics.template import ROOT
from producers.fleet.fleet import typical_fleet
from producers.fleet.simulate import simulate
from tests.kits.laptop_kit import ELECTROCLOUD, END_S, Laptop
from tests.kits.waiting import until

pytestmark = [pytest.mark.deploy, pytest.mark.timeout(3600)]

METERS = int(os.environ.get("AUDIT_METERS", "20"))
DAYS = int(os.environ.get("AUDIT_DAYS", "7"))
KILLS = 4
SEED = 3
INTERVAL_S = 900


def load(laptop: Laptop, channel: str) -> subprocess.Popen[str]:
    """Start to send the readings, at a rate at which the workers are killed while they come."""
    readings = METERS * DAYS * 86_400 // INTERVAL_S
    words = {"via": channel, "meters": METERS, "days": DAYS, "seed": SEED, "rate": max(500, readings // 20)}
    command = [ELECTROCLOUD, "load", *(word for name, value in words.items() for word in (f"--{name}", str(value)))]
    return subprocess.Popen(
        command, env=laptop.env, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def metering_worker(laptop: Laptop) -> int | None:
    """The process of the metering function, if it has one now."""
    for pid, command in laptop.processes().items():
        try:
            name = psutil.Process(pid).environ().get("AWS_LAMBDA_FUNCTION_NAME", "")
        except psutil.NoSuchProcess:
            continue
        if "_worker.py" in command and "Metering" in name:
            return pid
    return None


def expected_amount() -> dict[str, int]:
    """What each place must hold of both directions."""
    fleet = typical_fleet(METERS, SEED, "US")
    first = datetime.now(UTC).date() - timedelta(days=DAYS)
    blocks = list(simulate(fleet, first, DAYS, INTERVAL_S))
    of_a_meter = DAYS * 86_400 // INTERVAL_S
    return {
        "readings": METERS * of_a_meter,
        "wh": sum(int(block.wh.sum()) for block in blocks),
        "received_readings": sum(meter.solar for meter in fleet.meters) * of_a_meter,
        "received_wh": sum(int(block.received.sum()) for block in blocks if block.received is not None),
    }


def audited(laptop: Laptop, *options: str) -> tuple[int, dict[str, Any]]:
    done = laptop.call("audit", "--json", *options)
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def test_readings_that_came_twice_while_workers_were_killed_are_everywhere_once(laptop: Laptop) -> None:
    up = laptop.up("--meters", "0")
    laptop.wait_until_up(up)
    loads = [load(laptop, "api")]
    until(lambda: laptop.status()["windows"], "the first windows", 120)
    loads.append(load(laptop, "kinesis"))
    for _ in range(KILLS):
        worker = until(lambda: metering_worker(laptop), "a worker of the metering function", 120)
        os.kill(worker, signal.SIGKILL)
        until(lambda worker=worker: metering_worker(laptop) != worker, "its end")
    for one in loads:
        said, _ = one.communicate(timeout=1800)
        assert one.returncode == 0, said
        assert "refused 0" in said

    expected = expected_amount()
    status, found = audited(laptop, "--wait", "300")
    assert found["differences"] == []
    assert status == 0
    assert [found["windows"], found["parquet"]] == [expected] * 2
    assert found["bills"] == expected | {"received_readings": 0, "received_wh": 0}
    assert (found["unbilled"]["readings"], found["rejected_objects"]) == (0, 0)

    up.send_signal(signal.SIGTERM)
    assert up.wait(END_S) == 0
