"""From a file of weather to a forecast that names it, through the laptop's cloud and its Athena."""

import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from cli.main import app
from electrocloud.aws.stack import Stack
from electrocloud.domain.forecast import ForecastWeather
from laptop.forecasting_loop import deployment_of, run_once
from registry.desk import RegistryDesk
from tests.integration.conftest import make_tables
from tests.kits.athena_kit import running_athena
from tests.kits.registry_kit import METER, POINT, STATION, registry
from tests.kits.sql_kit import READINGS, reading

pytestmark = pytest.mark.deploy

TABLES = ("accounts", "service_points", "meters", "tariffs", "forecasts", "windows", "bills")
DAYS, AHEAD = 70, 9
CELSIUS = 20 + 5 * np.random.default_rng(3).normal(size=DAYS + AHEAD)  # of each day


@pytest.fixture(scope="module")
def midnight() -> datetime:
    """When the readings end."""
    return datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


@pytest.fixture(scope="module")
def laptop(tmp_path_factory: pytest.TempPathFactory, midnight: datetime) -> Iterator[Stack]:
    """A meter whose load follows the temperature, and the weather station near it."""
    with running_athena(tmp_path_factory.mktemp("state"), **{f"{one}_table": one for one in TABLES}) as stack:
        make_tables(stack.client("dynamodb"))
        RegistryDesk(stack).apply(registry(STATION), "test")
        for number in range(DAYS):
            day = midnight - timedelta(days=DAYS - number)
            rows = [
                reading(METER.meter_id, day + timedelta(hours=hour), int(500 + hour * 10 + 40 * CELSIUS[number]), 3600)
                for hour in range(24)
            ]
            file = io.BytesIO()
            schema = READINGS.remove(READINGS.get_field_index("dt"))
            pq.write_table(pa.Table.from_pylist(rows, schema=schema), file)
            stack.client("s3").put_object(
                Bucket=stack.bucket, Key=f"readings/dt={day:%Y-%m-%d}/part.parquet", Body=file.getvalue()
            )
        yield stack


def test_a_forecast_names_the_weather_that_was_imported(
    laptop: Stack, midnight: datetime, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    issued = midnight - timedelta(hours=2)
    lines = ["timestamp,station_id,temperature_c,issued"]
    for number, celsius in enumerate(CELSIUS.tolist()):
        day = midnight + timedelta(days=number - DAYS)
        when = issued.isoformat() if number >= DAYS else ""
        lines += [f"{day + timedelta(hours=hour)},KPHX,{celsius:.1f},{when}" for hour in range(24)]
    (tmp_path / "weather.csv").write_text("\n".join(lines))
    monkeypatch.setattr("cli.weather.find_stack", lambda: laptop)
    imported = CliRunner().invoke(app, ["weather", "import", str(tmp_path / "weather.csv")])
    assert (imported.exit_code, imported.stderr) == (0, "")

    on = deployment_of(laptop)
    run_once(on, ("loads", "series", "fleet"))

    for series in (f"feeder/{POINT.feeder}", "fleet"):
        made = on.store.newest(series)[0]
        assert made.weather == ForecastWeather((STATION.station_id,), issued)
        assert "weather" in made.model
        assert made.note == ""
