"""The Streamlit dashboard. Start it with `streamlit run dashboard/app.py`."""

import time
from pathlib import Path

import streamlit as st
from streamlit.logger import get_logger


def home() -> None:
    """Go to the page that has an address of its own, so that every page's address can be sent."""
    st.switch_page(live)


ICON = Path(__file__).parent / "icon.svg"
live = st.Page("live/page.py", title="Live", icon=":material/bolt:", url_path="live")
page = st.navigation(
    [
        st.Page(home, title="ElectroCloud", default=True, visibility="hidden"),
        live,
        st.Page("meter/page.py", title="Meter", icon=":material/electric_meter:", url_path="meter"),
        st.Page("customers/page.py", title="Customers", icon=":material/person_search:", url_path="customers"),
        st.Page("bills/page.py", title="Bills", icon=":material/receipt_long:", url_path="bills"),
        st.Page("forecast/page.py", title="Forecast", icon=":material/timeline:", url_path="forecast"),
        st.Page("rejected/page.py", title="Rejected", icon=":material/report:", url_path="rejected"),
        st.Page("questions/page.py", title="Analytics", icon=":material/query_stats:", url_path="analytics"),
        st.Page("health/page.py", title="Health", icon=":material/monitor_heart:", url_path="health"),
    ],
    position="top",
)
st.set_page_config(f"{page.title} · ElectroCloud", page_icon=ICON, layout="wide")
began = time.perf_counter()
page.run()
get_logger("dashboard").info("rendered %s in %.3f s", page.title, time.perf_counter() - began)
