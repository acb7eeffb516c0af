"""The Streamlit dashboard. Start it with `streamlit run dashboard/app.py`."""

import time
from pathlib import Path

import streamlit as st
from streamlit.logger import get_logger

st.set_page_config("ElectroCloud", page_icon=Path(__file__).parent / "icon.svg", layout="wide")
page = st.navigation(
    [
        st.Page("live/page.py", title="Live", icon=":material/bolt:", url_path="live", default=True),
        st.Page("meter/page.py", title="Meter", icon=":material/electric_meter:", url_path="meter"),
        st.Page("bills/page.py", title="Bills", icon=":material/receipt_long:", url_path="bills"),
        st.Page("forecast/page.py", title="Forecast", icon=":material/timeline:", url_path="forecast"),
        st.Page("questions/page.py", title="Analytics", icon=":material/query_stats:", url_path="analytics"),
        st.Page("health/page.py", title="Health", icon=":material/monitor_heart:", url_path="health"),
    ],
    position="top",
)
began = time.perf_counter()
page.run()
get_logger("dashboard").info("rendered %s in %.3f s", page.title, time.perf_counter() - began)
