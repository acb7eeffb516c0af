"""What a seed means: the fleet, the month, the shards, the mapping's settings, and how often what goes wrong."""

import random
from datetime import date, timedelta
from typing import NamedTuple

from electrocloud.domain.local_time import BillingMonth
from tests.faults.event_source import Settings
from tests.faults.mishaps import REASONS

MONTHS = (BillingMonth(2026, 11, "UTC"), BillingMonth(2026, 3, "UTC"), BillingMonth(2027, 2, "UTC"))

KILLS = tuple(f"killed {when} a {what}" for when in ("before", "after") for what in ("read", "write"))
BUSY = (
    "reads throttled",
    "writes throttled",
    "keys left unread",
    *(f"transactions cancelled: {why}" for why in REASONS),
)


class Plan(NamedTuple):
    """`late_registration` is the share of meters that are registered in mid-month; times are in steps of an hour.

    `dated`: the meters are served by agreements, and the registry changes all the time.
    A frame of `poison_frame` bad uploads comes in the step `poison_frame_at`.
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
    """How large a run is; the lengths are what a seed chooses from, in s. Without `days` it is a whole month."""

    meters: int
    intervals_s: tuple[int, ...]
    every_s: tuple[int, ...]
    days: int | None = None
    poison_frame: int = 20_000


TINY = Size(meters=2, intervals_s=(3600,), every_s=(7_200, 21_600), days=4, poison_frame=200)
SHORT = Size(meters=4, intervals_s=(1800, 3600), every_s=(43_200, 86_400))
FULL = Size(meters=12, intervals_s=(900, 1800, 3600), every_s=(10_800, 21_600, 43_200))


def plan(seed: int, size: Size) -> Plan:
    chance = random.Random(f"plan {seed}")
    month = chance.choice(MONTHS)
    days = size.days or month.days + 2  # so that it is a whole month in every time zone
    wild = chance.choice((0.5, 1.0, 2.0))
    down, bad = chance.randrange(200, 500), chance.randrange(100, 600)
    return Plan(
        seed=seed,
        meters=size.meters,
        interval_s=chance.choice(size.intervals_s),
        every_s=chance.choice(size.every_s),
        first=date(month.year, month.month, 1) - timedelta(days=1),
        days=days,
        shards=chance.randint(2, 5),
        settings=Settings(
            batch_size=chance.choice((3, 10, 40)),
            retries=chance.choice((4, 8)),
            most_age_s=12 * 3600,
            lanes=chance.choice((1, 1, 2, 4)),
        ),
        rates={
            **dict.fromkeys(KILLS, 0.01 * wild),
            **dict.fromkeys(BUSY, 0.015 * wild),
            "answers lost after a write": 0.01 * wild,
            "quarantine refused": 0.05 * wild,
            "PutRecords entries refused": 0.1 * wild,
            "answers of PutRecords lost": 0.03 * wild,
            "batches handed over twice at once": 0.1 * wild,
            "records sent again": 0.02 * wild,
            "shards replayed an hour back": 0.02,
            "shards split": 0.006,
            "shards merged": 0.006,
            "frames with meters of other shards": 0.3,
            "poison": 0.05 * wild,
            "readings voided or corrected": 0.03,
            "replays among live traffic": 0.005,
            "Parquet records delivered again": 0.05,
            "deliveries begun again from the oldest record": 0.002,
            "registry changes": 0.03,
        },
        at_once=chance.randint(2, 4),
        down=range(down, down + chance.choice((0, 14, 30))),
        bad_deployment=range(bad, bad + chance.choice((0, 24))),
        late_registration=chance.choice((0.0, 0.0, 0.3)),
        poison_frame=size.poison_frame,
        poison_frame_at=chance.randrange(24, days * 24),
        whole_dead_letters=chance.random() < 0.7,
        dated=chance.random() < 0.6,
    )
