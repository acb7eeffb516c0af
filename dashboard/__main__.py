"""Starts the dashboard with warm caches: `python -m dashboard --server.port 8501`. Takes Streamlit's options.

Streamlit imports an app's libraries when the first user opens it, who would wait for the imports and for the first
reads of the fleet and its bills. This module does both before the server starts.
"""

import sys
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread

from botocore.exceptions import BotoCoreError, ClientError
from streamlit.web import cli

from dashboard import data
from dashboard.access.login import login, secrets_file
from dashboard.access.visitor import Visitor, acting_for
from dashboard.bills import bill_data
from dashboard.customers import account_data, bill_history
from dashboard.forecast import forecast_data, month_ends, outlook_chart
from dashboard.health import health_data
from dashboard.live import fleet_map
from dashboard.meter import meter_charts, meter_view
from dashboard.network import network_map
from dashboard.questions import answers
from electrocloud.aws.store.hourly_loads import FLEET
from electrocloud.domain.errors import ElectroCloudError
from presentation import invoice_pdf, units

WARM = (
    answers,
    bill_history,
    fleet_map,
    invoice_pdf,
    meter_charts,
    meter_view,
    month_ends,
    network_map,
    outlook_chart,
)  # imported only

CHARTS_S = 15.0  # to wait for them


def warm_up(*reads: Callable[[], object]) -> None:
    """Read into the caches; the pages report what cannot be read."""
    with acting_for(Visitor("warm-up", ("admin",))):
        for read in reads:
            with suppress(ElectroCloudError, BotoCoreError, ClientError):
                read()


def warm_up_map() -> None:
    """Read the basemap around the fleet."""
    if fleet := data.fleet():
        fleet_map.deck(fleet, None, fleet_map.LIGHT)


if __name__ == "__main__":
    this_month = units.months_until(datetime.now(UTC).date())[0]
    warm_up(data.tariffs, lambda: forecast_data.newest(FLEET), data.warm_up, lambda: bill_data.warm_up(this_month))
    more = (
        data.warm_up_charts,
        warm_up_map,
        account_data.warm_up,
        lambda: forecast_data.warm_up(this_month),
        health_data.health,
    )
    charts = Thread(target=warm_up, args=more, daemon=True)
    charts.start()
    charts.join(CHARTS_S)
    sys.argv[:1] = ["streamlit", "run", str(Path(__file__).with_name("app.py"))]
    if settings := login():
        sys.argv += ["--secrets.files", str(secrets_file(settings))]
    cli.main(prog_name="streamlit")
