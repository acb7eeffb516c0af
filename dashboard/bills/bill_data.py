"""The bills that pages read."""

from collections.abc import Iterator, Sequence
from functools import cache

import streamlit as st

from dashboard import data
from dashboard.access import subjects
from dashboard.access.guard import needs
from dashboard.access.roles import Data
from dashboard.deployment import reader
from dashboard.stale_while_revalidate import StaleWhileRevalidate
from electrocloud.aws.store.bill_outbox import IssuedBill
from electrocloud.aws.store.reader import BillRow
from electrocloud.domain.billing.bill import Bill
from electrocloud.domain.billing.service import BillKey


@cache
def _bills(month: str) -> StaleWhileRevalidate[list[BillRow]]:
    return StaleWhileRevalidate(lambda: reader().bills_of_month(month), lambda: data.pace_s(10), good_s=600)


@needs(Data.ALL_BILLS, of=subjects.of_all)
def bills_of_month(month: str) -> list[BillRow]:
    """The current bills of a month such as `2026-11`, ordered by meter."""
    return _bills(month)()


@needs(Data.ALL_BILLS, "export", of=subjects.of_keys)
def bill_documents(keys: Sequence[BillKey]) -> Iterator[IssuedBill]:
    """The current bills of these keys with their lines, in order, read as they are asked for."""
    return reader().bills(keys)


@needs(Data.BILLS, of=subjects.of_meter)
@st.cache_resource(ttl=5, max_entries=200, show_spinner=False)
def history(meter_id: str) -> list[IssuedBill]:
    """All versions of a meter's bills by their keys, ordered by period and version."""
    return reader().keyed_history(meter_id)


@needs(Data.BILLS, found=subjects.of_issued)
@st.cache_resource(ttl=5, max_entries=200, show_spinner=False)
def versions(owner: str, month: str) -> list[IssuedBill]:
    """All versions of the bills of an agreement, or of a meter, whose cycle begins in a month."""
    return reader().versions(owner, month)


@needs(Data.BILLS, of=subjects.of_meter)
@st.cache_resource(ttl=5, max_entries=200, show_spinner=False)
def bill(meter_id: str, month: str) -> Bill | None:
    """A meter's current bill for a month."""
    return reader().bill(meter_id, month)


def warm_up(month: str) -> None:
    """Read a month's bills before the first user asks for them."""
    _bills(month)()
