"""Starts the dashboard with warm caches: `python -m dashboard --server.port 8501`. Takes Streamlit's options.

Streamlit imports an app's libraries when the first user opens it, who would wait for the imports and for the first
reads of the fleet and its bills. This module does both before the server starts.
"""

import gc
import sys
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from threading import Thread

from botocore.exceptions import BotoCoreError, ClientError
from streamlit.web import cli

import dashboard
from dashboard import data
from dashboard.access.login import login, secrets_file
from dashboard.access.visitor import Visitor, acting_for
from dashboard.bills import bill_data
from dashboard.customers import account_data
from dashboard.forecast import forecast_data
from dashboard.health import health_data
from dashboard.live import fleet_map
from electrocloud.aws.store.hourly_loads import FLEET
from electrocloud.domain.errors import ElectroCloudError
from presentation import units

SCRIPTS = ("app", "page", "__main__")  # what Streamlit runs; importing them would draw a page
CHARTS_S = 15.0  # to wait for them


def import_libraries() -> None:
    """Import the modules of all pages, and so what they import."""
    for module in walk_packages(dashboard.__path__, "dashboard."):
        if module.name.rpartition(".")[2] not in SCRIPTS:
            import_module(module.name)


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


def warm_up_and_freeze(*reads: Callable[[], object]) -> None:
    """Read into the caches, and exclude all objects that exist then from garbage collection.

    Streamlit runs a full collection whenever a page, or a part of it, has been drawn; all users wait for that.
    """
    warm_up(*reads)
    gc.collect()
    gc.freeze()


if __name__ == "__main__":
    import_libraries()
    this_month = units.months_until(datetime.now(UTC).date())[0]
    warm_up(data.tariffs, lambda: forecast_data.newest(FLEET), data.warm_up, lambda: bill_data.warm_up(this_month))
    more = (
        data.warm_up_charts,
        warm_up_map,
        account_data.warm_up,
        lambda: forecast_data.warm_up(this_month),
        health_data.health,
    )
    charts = Thread(target=warm_up_and_freeze, args=more, daemon=True)
    charts.start()
    charts.join(CHARTS_S)
    sys.argv[:1] = ["streamlit", "run", str(Path(__file__).with_name("app.py"))]
    if settings := login():
        sys.argv += ["--secrets.files", str(secrets_file(settings))]
    cli.main(prog_name="streamlit")
