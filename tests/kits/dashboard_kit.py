"""Runs dashboard pages without a browser, and reads what they show."""

from io import StringIO
from pathlib import Path

import pandas as pd
from streamlit.testing.v1 import AppTest

DASHBOARD = Path(__file__).parents[2] / "dashboard"
FOLDERS = {"analytics": "questions"}


def page(name: str, **query: str) -> AppTest:
    """Run a page; `query` are its URL parameters."""
    app = AppTest.from_file(str(DASHBOARD / FOLDERS.get(name, name) / "page.py"), default_timeout=30)
    for key, value in query.items():
        app.query_params[key] = value
    app.run()
    assert not app.exception
    return app


def metrics(app: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in app.metric}


def address_of(app: AppTest) -> dict[str, str]:
    """The parameters of the page's address."""
    return {name: value if isinstance(value, str) else value[-1] for name, value in app.query_params.items()}


def texts(app: AppTest) -> str:
    return "\n".join(
        str(element.value) for kind in ("info", "warning", "caption", "markdown") for element in app.get(kind)
    )


def tables(app: AppTest) -> list[pd.DataFrame]:
    """The HTML tables of `layout.table`, by their first column."""
    drawn = [one.proto.body for one in app.get("html")]
    return [pd.read_html(StringIO(body), index_col=0)[0] for body in drawn if "<table>" in body]
