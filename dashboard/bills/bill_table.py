"""A month's bills as a table, and their totals."""

from collections.abc import Callable

import pandas as pd

from electrocloud.aws.store.reader import BillRow
from electrocloud.domain.billing.service import BillKey

STATES = ("all", "provisional", "waiting for estimate", "final", "estimated", "re-billed")


def table(bills: list[BillRow], currency_of: Callable[[str], str]) -> pd.DataFrame:
    """One row per bill; `state` is one of STATES: `re-billed` for any version after the first, `estimated` for a final
    bill with estimated intervals. `currency` is that of the tariff, as `currency_of` says it.
    """
    frame = pd.DataFrame(bills, columns=BillRow._fields)
    estimated = (frame["status"] == "final") & (frame["estimated"] > 0)
    state = frame["status"].mask(estimated, "estimated").mask(frame["version"] > 1, "re-billed")
    currencies = {tariff_id: currency_of(tariff_id) for tariff_id in frame["tariff_id"].unique()}
    return frame.assign(state=state, currency=frame["tariff_id"].map(currencies))


def by_state(issued: pd.DataFrame) -> pd.DataFrame:
    """One row per state that bills are in, in the order of STATES, and currency: their number, energy and total."""
    totals = issued.groupby(["state", "currency"], as_index=False).agg(
        bills=("meter_id", "size"), energy_kwh=("energy_kwh", "sum"), total=("total", "sum")
    )
    return totals.sort_values("state", key=lambda states: states.map(STATES.index), ignore_index=True, kind="stable")


def by_tariff(issued: pd.DataFrame) -> pd.DataFrame:
    """One row per tariff: its bills, in all and by state, their currency, energy and total; highest total first."""
    counts = {state: issued["state"] == state for state in STATES[1:]}
    sums = issued.assign(**counts).groupby(["tariff_id", "currency"], as_index=False)
    totals = sums.agg(
        bills=("meter_id", "size"),
        **{state: (state, "sum") for state in counts},
        energy_kwh=("energy_kwh", "sum"),
        total=("total", "sum"),
    )
    return totals.sort_values("total", ascending=False, ignore_index=True)


def keys_of(bills: pd.DataFrame) -> list[BillKey]:
    """The keys of these bills, in order."""
    return [BillKey(*key) for key in bills[["agreement_id", "cycle"]].itertuples(index=False)]


def chosen_of(issued: pd.DataFrame, text: str, tariffs: list[str], state: str) -> pd.DataFrame:
    """The bills of meters with `text` in their ID, on any of `tariffs` (all if empty) and in `state`."""
    wanted = issued["meter_id"].str.contains(text.strip(), case=False, regex=False)
    if tariffs:
        wanted &= issued["tariff_id"].isin(tariffs)
    if state != STATES[0]:
        wanted &= issued["state"] == state
    return issued[wanted]
