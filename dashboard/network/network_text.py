"""The loads of feeders and transformers as text."""

from collections.abc import Sequence

from analytics.network_loading import NEAR, Loading, Peak
from presentation.units import moment

COLUMNS = ("Name", "Kind", "Rating", "Now", "Peak today", "Peak tomorrow (forecast)", "Reporting")


def percent(share: float | None) -> str:
    """`84%`; a dash where it is not known."""
    return "–" if share is None else f"{share:.0%}"


def kva(value: float | None) -> str:
    """`37.5 kVA`; a dash where it is not known."""
    return "–" if value is None else f"{value:,.1f} kVA"


def rows(found: Sequence[Loading], zone: str) -> list[dict[str, str]]:
    """A row per feeder or transformer, by COLUMNS; peaks with the hour of their start in the zone."""
    return [
        dict(
            zip(
                COLUMNS,
                (
                    one.name,
                    one.kind,
                    kva(one.rating_kva),
                    f"{percent(one.now_share)} · {kva(one.now_kva)}" if one.now_kva is not None else "–",
                    _peak(one.today_share, one.today, zone),
                    _peak(one.tomorrow_share, one.tomorrow, zone),
                    f"{one.reporting} of {one.meters}",
                ),
                strict=True,
            )
        )
        for one in found
    ]


def near(found: Sequence[Loading]) -> list[Loading]:
    """Those that carry more than NEAR of their rating: now, at today's peak, or at tomorrow's."""
    return [one for one in found if (one.highest_share or 0) > NEAR]


def _peak(share: float | None, peak: Peak | None, zone: str) -> str:
    return "–" if peak is None else f"{percent(share)} · {kva(peak.kva)} at {moment(peak.start, zone)}"
