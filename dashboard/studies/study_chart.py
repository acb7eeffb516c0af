"""The chart of a study: how the changes of the customers' bills are spread."""

from collections.abc import Sequence

import pandas as pd

from dashboard.charts import BLUE, ORANGE, Spec, values, y_axis
from electrocloud.domain.studies.study import Bin
from presentation.money_text import mark

SAVES, PAYS_MORE = "saves", "pays more"


def spread(bins: Sequence[Bin], currency: str) -> Spec:
    """Bars of customers by the change of what they pay; below 0 they save. The outer bars have all beyond, too."""
    frame = pd.DataFrame(
        {
            "low": float(one.low),
            "high": float(one.high),
            "customers": one.customers,
            "outcome": SAVES if one.high <= 0 else PAYS_MORE,
        }
        for one in bins
    )
    return {
        "data": values(frame),
        "mark": {"type": "bar", "binSpacing": 1},
        "encoding": {
            "x": {
                "field": "low",
                "type": "quantitative",
                "bin": {"binned": True},
                "scale": {"domain": [float(bins[0].low), float(bins[-1].high)], "nice": False},
                "axis": {"title": f"Change of what a customer pays, {mark(currency)}"},
            },
            "x2": {"field": "high"},
            "y": {
                **y_axis("customers", "Customers", "count"),
                "scale": {"domain": [0, max(one.customers for one in bins)]},
                "stack": None,
            },
            "color": {
                "field": "outcome",
                "type": "nominal",
                "scale": {"domain": [SAVES, PAYS_MORE], "range": [BLUE, ORANGE]},
                "legend": {"title": None, "orient": "top"},
            },
            "tooltip": [
                {"field": "low", "title": "from", "format": ",.2f"},
                {"field": "high", "title": "to below", "format": ",.2f"},
                {"field": "customers", "title": "customers", "format": ","},
            ],
        },
    }
