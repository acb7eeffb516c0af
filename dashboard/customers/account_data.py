"""What a customer's account owes and has paid."""

from functools import cache

import streamlit as st

from dashboard.access import subjects
from dashboard.access.guard import needs
from dashboard.access.roles import Data
from electrocloud.aws.stack import find_stack
from electrocloud.aws.store.accounts import AccountReader, AccountStatement


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
    """Connect to what an account's statement reads."""
    _reader()
