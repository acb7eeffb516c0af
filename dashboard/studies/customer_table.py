"""The table of a study's customers."""

from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from electrocloud.domain.studies.study import CustomerResult
from presentation import units

if TYPE_CHECKING:
    from streamlit.elements.lib.column_types import ColumnConfig


def is_found(one: CustomerResult, text: str) -> bool:
    """Whether a customer has this text in an ID, the class or the feeder."""
    fields = (one.agreement_id, one.account_id, *one.meter_ids, one.customer_class, one.feeder)
    return any(text.lower() in field.lower() for field in fields)


def rows(shown: list[CustomerResult]) -> pd.DataFrame:
    """The rows of some customers."""
    return pd.DataFrame(
        {
            "Agreement": one.agreement_id,
            "Account": one.account_id,
            "Meter": one.meter_ids[-1] if one.meter_ids else "",
            "Class": units.customer_class(one.customer_class),
            "Feeder": one.feeder,
            "Tariff now": one.tariff_id,
            "Bills": one.bills,
            "Energy, kWh": float(one.kwh),
            "Now": float(one.now),
            "Then": float(one.then),
            "Change": float(one.change),
            "Estimated": one.estimated,
            "Missing": one.missing,
            "Note": one.note,
        }
        for one in shown
    )


def columns(currency: str) -> "dict[str, ColumnConfig | str | None]":
    """The formats of the customers' columns."""
    amounts = {
        name: st.column_config.NumberColumn(f"{name}, {currency}", format="%,.2f") for name in ("Now", "Then", "Change")
    }
    return {
        **amounts,
        "Energy, kWh": st.column_config.NumberColumn(format="%,.1f"),
        "Estimated": st.column_config.NumberColumn(help="Intervals estimated as bills estimate them"),
        "Missing": st.column_config.NumberColumn(help="Intervals without a reading or an estimate; not rated"),
    }
