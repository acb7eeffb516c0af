"""Who has been served by which meter where a meter is or was: the service point's dated records as a table."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import pandas as pd

from electrocloud.aws.store.registry import ServiceHistory
from electrocloud.domain.local_time import local_day

if TYPE_CHECKING:
    from datetime import date

COLUMNS = ["Record", "ID", "Account", "Tariff", "From", "To"]


def table(histories: Iterable[ServiceHistory]) -> pd.DataFrame:
    """One row per meter and agreement, with local days as text in order; `To` is the first day without it, or empty.

    What was entered by mistake is left out.
    """
    rows: list[tuple[str, str, str, str, date, date | None]] = []
    for history in histories:
        zone = history.point.time_zone
        for one in (one for one in history.installations if not one.is_void):
            end = None if one.end is None else local_day(one.end, zone)
            rows.append(("Meter", one.meter_id, "", "", local_day(one.start, zone), end))
        rows += [
            ("Agreement", one.agreement_id, one.account_id, one.tariff_id, one.first, one.end)
            for one in history.agreements
            if not one.is_void
        ]
    rows.sort(key=lambda row: (row[4], row[:2]))
    return pd.DataFrame([(*named, str(first), str(end or "")) for *named, first, end in rows], columns=COLUMNS)
