"""The dashboard: `streamlit run dashboard/app.py`."""

import streamlit as st

from dashboard import live

st.set_page_config("ElectroCloud", layout="wide")
st.navigation(
    [st.Page(live.page, title="Live", icon=":material/bolt:", url_path="live", default=True)], position="top"
).run()
