"""A month's bills as a table, and their totals."""

import pandas as pd

from electrocloud.aws.store.reader import BillRow
from electrocloud.domain.billing.service import BillKey

STATES = ("all", "provisional", "waiting for estimate", "final", "estimated", "re-billed")


def table(bills: list[BillRow]) -> pd.DataFrame:
    """One row per bill; `state` is one of STATES: `re-billed` for any version after the first, `estimated` for a final
    bill with estimated intervals.
    """
    frame = pd.DataFrame(bills, columns=BillRow._fields)
    estimated = (frame["status"] == "final") & (frame["estimated"] > 0)
    state = frame["status"].mask(estimated, "estimated").mask(frame["version"] > 1, "re-billed")
    return frame.assign(state=state)


def by_state(issued: pd.DataFrame) -> pd.DataFrame:
    """One row per state that bills are in, in the order of STATES: their number, energy and total."""
    totals = issued.groupby("state").agg(
        bills=("meter_id", "size"), energy_kwh=("energy_kwh", "sum"), total=("total", "sum")
    )
    return totals.reindex([state for state in STATES if state in totals.index]).reset_index()


def by_tariff(issued: pd.DataFrame) -> pd.DataFrame:
    """One row per tariff: its bills, in total and by state, and their energy and total; highest total first."""
    counts = {state: issued["state"] == state for state in STATES[1:]}
    sums = issued.assign(**counts).groupby("tariff_id", as_index=False)
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
