"""What a seed decides: fleet, month, shards, settings of the event source mapping, and the rate of each fault."""

import random
from datetime import date, timedelta
from typing import NamedTuple

from electrocloud.domain.local_time import BillingMonth
from tests.faults.event_source import Settings
from tests.faults.injected_faults import REASONS

MONTHS = (BillingMonth(2026, 11, "UTC"), BillingMonth(2026, 3, "UTC"), BillingMonth(2027, 2, "UTC"))

KILLS = tuple(f"killed {when} a {what}" for when in ("before", "after") for what in ("read", "write"))
BUSY = (
    "reads throttled",
    "writes throttled",
    "keys left unread",
    *(f"transactions cancelled: {why}" for why in REASONS),
)


class Plan(NamedTuple):
    """`late_registration` is the share of meters registered in mid-month; times are in steps of an hour.

    `dated`: the meters are served by agreements, and the registry changes during the month.
    A KPL aggregate of `poison_frame` invalid uploads arrives in step `poison_frame_at`.
    """

    seed: int
    meters: int
    interval_s: int
    every_s: int
    first: date
    days: int
    shards: int
    settings: Settings
    rates: dict[str, float]
    at_once: int
    down: range
    bad_deployment: range
    late_registration: float
    poison_frame: int
    poison_frame_at: int
    whole_dead_letters: bool
    dated: bool = False

    @property
    def steps(self) -> int:
        return (self.days + 1) * 24


class Size(NamedTuple):
    """The size of a run; a seed chooses from the intervals (s). Without `days` it covers a whole month."""

    meters: int
    intervals_s: tuple[int, ...]
    every_s: tuple[int, ...]
    days: int | None = None
    poison_frame: int = 20_000


TINY = Size(meters=2, intervals_s=(3600,), every_s=(7_200, 21_600), days=4, poison_frame=200)
SHORT = Size(meters=4, intervals_s=(1800, 3600), every_s=(43_200, 86_400))
FULL = Size(meters=12, intervals_s=(900, 1800, 3600), every_s=(10_800, 21_600, 43_200))


def plan(seed: int, size: Size) -> Plan:
    rng = random.Random(f"plan {seed}")
    month = rng.choice(MONTHS)
    days = size.days or month.days + 2  # covers the month in every time zone
    scale = rng.choice((0.5, 1.0, 2.0))
    down, bad = rng.randrange(200, 500), rng.randrange(100, 600)
    return Plan(
        seed=seed,
        meters=size.meters,
        interval_s=rng.choice(size.intervals_s),
        every_s=rng.choice(size.every_s),
        first=date(month.year, month.month, 1) - timedelta(days=1),
        days=days,
        shards=rng.randint(2, 5),
        settings=Settings(
            batch_size=rng.choice((3, 10, 40)),
            retries=rng.choice((4, 8)),
            most_age_s=12 * 3600,
            lanes=rng.choice((1, 1, 2, 4)),
        ),
        rates={
            **dict.fromkeys(KILLS, 0.01 * scale),
            **dict.fromkeys(BUSY, 0.015 * scale),
            "answers lost after a write": 0.01 * scale,
            "quarantine refused": 0.05 * scale,
            "PutRecords entries refused": 0.1 * scale,
            "answers of PutRecords lost": 0.03 * scale,
            "batches handed over twice at once": 0.1 * scale,
            "records sent again": 0.02 * scale,
            "shards replayed an hour back": 0.02,
            "shards split": 0.006,
            "shards merged": 0.006,
            "frames with meters of other shards": 0.3,
            "poison": 0.05 * scale,
            "readings voided or corrected": 0.03,
            "replays among live traffic": 0.005,
            "Parquet records delivered again": 0.05,
            "deliveries restarted from the oldest record": 0.002,
            "registry changes": 0.03,
        },
        at_once=rng.randint(2, 4),
        down=range(down, down + rng.choice((0, 14, 30))),
        bad_deployment=range(bad, bad + rng.choice((0, 24))),
        late_registration=rng.choice((0.0, 0.0, 0.3)),
        poison_frame=size.poison_frame,
        poison_frame_at=rng.randrange(24, days * 24),
        whole_dead_letters=rng.random() < 0.7,
        dated=rng.random() < 0.6,
    )
