"""Which customers a search finds, and what an account owes and has paid."""

from functools import cache

import streamlit as st

from dashboard.access import subjects
from dashboard.access.guard import needs
from dashboard.access.roles import Data
from dashboard.deployment import registry_store, search_index
from electrocloud.aws.stack import find_stack
from electrocloud.aws.store.accounts import AccountReader, AccountStatement
from electrocloud.aws.store.search_index import SearchEntry

MOST_FOUND = 200  # service points of one search


@needs(Data.CUSTOMERS, found=subjects.of_entries)
@st.cache_resource(ttl=10, max_entries=50, show_spinner=False)
def search(text: str) -> list[SearchEntry]:
    """The service points with this text in a name, address, account, meter or feeder."""
    return search_index().search(text, MOST_FOUND)


@needs(Data.BILLS, of=subjects.of_account)
def account_statement(account_id: str) -> AccountStatement:
    """The current bills, payments and balances of an account, wherever it is or was served."""
    return _statement(account_id)


@st.cache_resource(ttl=5, max_entries=200, show_spinner=False)
def _statement(account_id: str) -> AccountStatement:
    return _reader().statement(account_id)


@cache
def _reader() -> AccountReader:
    return AccountReader(find_stack())


def warm_up() -> None:
    """Connect to what a search and an account's statement read."""
    search_index().search("-")
    registry_store()
    _reader()
