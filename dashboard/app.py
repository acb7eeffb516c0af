"""The Streamlit dashboard. Start it with `python -m dashboard`."""

import time
from pathlib import Path

import streamlit as st
from streamlit.logger import get_logger

from dashboard import find, layout
from dashboard.access import screens, wanted_address
from dashboard.access.login import login
from dashboard.access.visitor import NotLoggedInError, Visitor, visitor

ICON = Path(__file__).parent / "icon.svg"
# In the order of the menu: the last part of its address, its folder, its title and its icon.
PAGES = (
    ("live", "live", "Live", ":material/bolt:"),
    ("network", "network", "Network", ":material/device_hub:"),
    ("meter", "meter", "Meter", ":material/electric_meter:"),
    ("customers", "customers", "Customers", ":material/person_search:"),
    ("bills", "bills", "Bills", ":material/receipt_long:"),
    ("forecast", "forecast", "Forecast", ":material/timeline:"),
    ("studies", "studies", "Studies", ":material/compare_arrows:"),
    ("exceptions", "exceptions", "Exceptions", ":material/report:"),
    ("analytics", "questions", "Analytics", ":material/query_stats:"),
    ("health", "health", "Health", ":material/monitor_heart:"),
)


# Before anything is drawn: what Streamlit has drawn by then moves when the page becomes wide.
st.set_page_config("ElectroCloud", page_icon=ICON, layout="wide")
st.html(layout.STYLE)
layout.let_browser_begin()


def user() -> tuple[Visitor, str]:
    """The user, and why there is none: then the user has no page."""
    try:
        return visitor(), ""
    except NotLoggedInError as fault:
        return Visitor("", ()), str(fault)


who, not_logged_in = user()
# All pages are there, so that links to them work; the menu shows the user's.
pages = {
    path: st.Page(
        f"{folder}/page.py",
        title=title,
        icon=icon,
        url_path=path,
        visibility="visible" if path in who.pages else "hidden",
    )
    for path, folder, title, icon in PAGES
}


def home() -> None:
    """Go to the page that led to the login, else to the user's first, so that every page has an address of its own."""
    path, parameters = wanted_address.wanted(who.pages) or (who.pages[0], {})
    st.switch_page(pages[path], query_params=parameters)


start = st.Page(home, title="ElectroCloud", default=True, visibility="hidden")
menu = {"": [start, *pages.values()]}
if login() and who.pages:
    menu[who.name] = [st.Page(screens.log_out, title="Log out", icon=":material/logout:", url_path="logout")]
# No menu on the way to the first page: the switch to it could undo a click on another page's link.
page = st.navigation(menu, position="hidden")
if page is not start:
    page = st.navigation(menu, position="top")
st.set_page_config(f"{page.title} · ElectroCloud", page_icon=ICON, layout="wide")
began = time.perf_counter()
if screens.open_to_others():
    screens.draw_open_to_others()
elif not_logged_in:
    wanted_address.remember()
    screens.draw_login(not_logged_in)
elif not who.pages:
    screens.draw_no_role(who)
elif page.url_path in pages and page.url_path not in who.pages:
    screens.draw_refused(who, page.title)
else:
    if page.url_path in pages:  # not on the way there
        wanted_address.forget()
        if found := find.draw(page.url_path, who.pages):
            st.switch_page(pages[found[0]], query_params=found[1])
    page.run()
    layout.remember_code()
get_logger("dashboard").info("rendered %s in %.3f s", page.title, time.perf_counter() - began)
