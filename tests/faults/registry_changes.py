"""The registry of a seed with dated master data, and the clerks who change it between and during batches.

They use the desk that the command uses, on clients that fail and processes that are killed like the functions'. What a
killed command left, the next command or the closing function's round completes.
"""

import math
import random
from collections.abc import Callable
from datetime import date, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from electrocloud.aws.store.registry import RegistryStore, RegistryTables
from electrocloud.aws.store.registry_state import RegistryState
from electrocloud.aws.store.store import open_store
from electrocloud.domain.errors import RegistryError, StoreBusyError
from electrocloud.domain.registry import events
from electrocloud.domain.registry.changes import changes
from electrocloud.domain.registry.records import Account, Agreement, Registry, TariffDocument
from electrocloud.services.rerating import rate_item
from producers.fleet.customers import fleet_registry
from producers.fleet.fleet import Fleet
from registry.desk import RegistryDesk
from tests.faults.dynamo import MemoryDynamo
from tests.faults.mishaps import Bucket, Dynamo, Killed, Mishaps
from tests.faults.plan import Plan
from tests.faults.registered import HEAD_END, TARIFFS
from tests.kits.memory import TABLES

SERVED_BEFORE = timedelta(days=20)
ZONES = ("Europe/Berlin", "America/Phoenix", "Asia/Kolkata", "America/St_Johns")
CLASSES = ("home", "apartment", "shop")
LATE = "late registration"
REFUSED = "registry changes refused"
INTERRUPTED = "registry changes interrupted"
EXPECTED = (Killed, ClientError, BotoCoreError, StoreBusyError)


def store_of(dynamo: Any) -> RegistryStore:
    """The registry's tables, on a client."""
    return RegistryStore(dynamo, RegistryTables("service_points", "meters", "tariffs", "accounts"), lambda _: None)


def put_registry(dynamo: Any, registry: Registry) -> None:
    """Store a registry as it is, with nobody at work."""
    store = store_of(dynamo)
    store.write(registry, changes(Registry(), registry), lambda _: None)
    store.state.count_change()


def desk_stack(dynamodb: Any, s3: Any) -> SimpleNamespace:
    """A deployment as the desk sees it, on these clients."""
    names = {f"{name}_table": name for name in ("service_points", "meters", "tariffs", "accounts", "windows", "bills")}
    clients = {"dynamodb": dynamodb, "s3": s3}
    return SimpleNamespace(
        **names,
        bucket="bucket",
        closing_queue="",
        payment_days=21,
        local=True,
        client=lambda service, **_: clients[service],
    )


def first_registry(fleet: Fleet, plan: Plan, served: int) -> Registry:
    """The first `served` meters of a fleet at service points; the others send too, and nobody has registered them."""
    first = plan.first - SERVED_BEFORE
    registry = fleet_registry([meter.registered for meter in fleet.meters[:served]], fleet.place, TARIFFS, first)
    points = {key: msgspec.structs.replace(point, head_end=HEAD_END) for key, point in registry.service_points.items()}
    return msgspec.structs.replace(registry, service_points=points)


class Clerks:
    """Whoever changes the registry. `now` is the world's time; what they did and what failed is in mishaps' counts."""

    def __init__(
        self, plan: Plan, fleet: Fleet, dynamo: MemoryDynamo, mishaps: Mishaps, switch: Callable[..., None]
    ) -> None:
        self._plan, self._dynamo, self._mishaps, self._switch = plan, dynamo, mishaps, switch
        self._chance = random.Random(f"clerks {plan.seed}")
        self._meters = [meter.meter_id for meter in fleet.meters]
        self._accounts = 0
        self._objects: dict[str, bytes] = {}  # the search index and the lake
        self.faults: list[str] = []
        served = max(1, len(fleet) * 2 // 3)
        late = min(math.ceil(served * plan.late_registration), served - 1)
        whole = first_registry(fleet, plan, served)
        self._late = sorted(whole.service_points)[:late]
        self._whole = whole
        put_registry(dynamo, _without(whole, {*self._late}))

    def change(self, now: datetime) -> Callable[[], None]:
        """One change, as a call that may be killed."""
        kind = LATE if self._late and self._chance.random() < 0.5 else self._chance.choice([*KINDS])
        seed, undisturbed = self._chance.random(), self._chance.random() < 0.6
        mishaps = Mishaps(self._chance, {}) if undisturbed else self._mishaps

        def call() -> None:
            desk = RegistryDesk(self._stack(mishaps), now.timestamp)  # type: ignore[arg-type]
            try:
                plan, _ = desk.apply(lambda stored: self._update(kind, stored, random.Random(seed)), kind)
                name = "meters registered in mid-month" if kind == LATE else f"registry: {kind}"
                self._mishaps.counts[name] += bool(plan.changes)
            except RegistryError:
                self._mishaps.counts[REFUSED] += 1
            except EXPECTED:
                self._mishaps.counts[INTERRUPTED] += 1
            except Exception as fault:  # noqa: BLE001 - one that the command must not raise
                self.faults.append(f"registry: {kind} raised {fault!r}")

        return call

    def close(self, now: datetime) -> None:
        """What the closing function's round does for a change that was interrupted."""
        client: Any = Dynamo(self._dynamo, self._mishaps, self._switch)
        try:
            state = RegistryState(client, "service_points", lambda _: None)
            tables, services = open_store(client, TABLES, self._switch)
            for part in state.abandoned(int(now.timestamp())):
                rate_item(part.work, services, tables, int(now.timestamp()), self._switch, lambda: False)
                state.mark_rated(part.key)
                self._mishaps.counts["registry changes completed by closing"] += 1
        except EXPECTED:
            return

    def registry(self) -> Registry:
        """The registry as it is stored."""
        return store_of(self._dynamo).load()

    def _stack(self, mishaps: Mishaps) -> SimpleNamespace:
        return desk_stack(Dynamo(self._dynamo, mishaps, self._switch), Bucket(self._objects, mishaps, self._switch))

    def _update(self, kind: str, stored: Registry, chance: random.Random) -> Registry:
        if kind == LATE:
            if not self._late:
                raise RegistryError("all are registered")
            return _only(self._whole, self._late.pop())
        return KINDS[kind](self, stored, chance)

    def _day(self, chance: random.Random) -> date:
        return self._plan.first + timedelta(days=chance.randrange(-3, self._plan.days + 3))

    def _agreement(self, stored: Registry, chance: random.Random, *, is_open: bool = False) -> Agreement:
        found = [one for one in stored.agreements.values() if not is_open or one.end is None]
        if not found:
            raise RegistryError("there is no such agreement")
        return chance.choice(found)

    def move_out(self, stored: Registry, chance: random.Random) -> Registry:
        return events.move_out(
            stored, self._agreement(stored, chance, is_open=True).service_point_id, self._day(chance)
        )

    def move_in(self, stored: Registry, chance: random.Random) -> Registry:
        self._accounts += 1
        account = Account(account_id=f"A-{self._accounts}", name=f"Customer {self._accounts}")
        point, tariff = chance.choice([*stored.service_points]), chance.choice([*TARIFFS])
        terms = {"cycle_day": chance.choice((1, 1, 16)), "spread": chance.choice(("", "even"))}
        return events.move_in(stored, account, point, tariff, self._day(chance), **terms)

    def exchange_meter(self, stored: Registry, chance: random.Random) -> Registry:
        there = {one.meter_id for one in stored.installations.values() if one.end is None}
        spare = [meter for meter in self._meters if meter not in there]
        if not spare:
            raise RegistryError("there is no meter to install")
        point = stored.service_points[chance.choice([*stored.service_points])]
        midnight = datetime.combine(self._day(chance), datetime.min.time(), ZoneInfo(point.time_zone))
        instant = int(midnight.timestamp()) + chance.choice((0, chance.randrange(24) * 3600, chance.randrange(86_400)))
        return events.exchange_meter(stored, point.key, chance.choice(spare), instant)

    def change_tariff(self, stored: Registry, chance: random.Random) -> Registry:
        point = self._agreement(stored, chance, is_open=True).service_point_id
        return events.change_tariff(stored, point, chance.choice([*TARIFFS]), self._day(chance))

    def change_price(self, stored: Registry, chance: random.Random) -> Registry:
        return events.change_price(stored, chance.choice([*TARIFFS]), other_prices(chance), self._day(chance))

    def correct_price(self, stored: Registry, chance: random.Random) -> Registry:
        version = chance.choice([*stored.tariffs.values()])
        corrected = TariffDocument(
            tariff_id=version.tariff_id, first=version.first, end=version.end, document=other_prices(chance)
        )
        return Registry(tariffs={corrected.key: corrected})

    def end_price(self, stored: Registry, chance: random.Random) -> Registry:
        version = chance.choice([*stored.tariffs.values()])
        ended = msgspec.structs.replace(version, end=self._day(chance))
        return Registry(tariffs={ended.key: ended})

    def backdate(self, stored: Registry, chance: random.Random) -> Registry:
        """The agreement began some days earlier."""
        one = self._agreement(stored, chance)
        own = [other for other in stored.agreements.values() if other.agreement_id == one.agreement_id]
        begun = min(own, key=lambda other: other.first)
        earlier = msgspec.structs.replace(
            begun, first=begun.first - timedelta(days=chance.randrange(1, 12)), end=begun.first
        )
        return Registry(agreements={earlier.key: earlier})

    def move_end(self, stored: Registry, chance: random.Random) -> Registry:
        """The agreement ends on another day, or goes on."""
        moved = msgspec.structs.replace(self._agreement(stored, chance), end=chance.choice((None, self._day(chance))))
        return Registry(agreements={moved.key: moved})

    def change_terms(self, stored: Registry, chance: random.Random) -> Registry:
        """The agreement is billed by other cycles, or shares long readings."""
        one = self._agreement(stored, chance)
        own = [other for other in stored.agreements.values() if other.agreement_id == one.agreement_id]
        terms: dict[str, Any] = chance.choice(({"cycle_day": chance.choice((1, 11, 16))}, {"spread": "even"}))
        return Registry(agreements={other.key: msgspec.structs.replace(other, **terms) for other in own})

    def correct_point(self, stored: Registry, chance: random.Random) -> Registry:
        """The service point is in another time zone, or of another class."""
        point = chance.choice([*stored.service_points.values()])
        fields = chance.choice(({"time_zone": chance.choice(ZONES)}, {"customer_class": chance.choice(CLASSES)}))
        return Registry(service_points={point.key: msgspec.structs.replace(point, **fields)})


KINDS: dict[str, Callable[[Clerks, Registry, random.Random], Registry]] = {
    "moved out": Clerks.move_out,
    "moved in": Clerks.move_in,
    "meter exchanged": Clerks.exchange_meter,
    "tariff changed": Clerks.change_tariff,
    "price changed": Clerks.change_price,
    "price corrected": Clerks.correct_price,
    "price ended": Clerks.end_price,
    "agreement backdated": Clerks.backdate,
    "end of agreement moved": Clerks.move_end,
    "terms changed": Clerks.change_terms,
    "service point corrected": Clerks.correct_point,
}


def other_prices(chance: random.Random) -> dict[str, Any]:
    """A tariff's document at other prices, now and then with a rider and a tax."""
    document: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(chance.choice([*TARIFFS.values()])))
    for name in ("energyratestructure", "demandratestructure", "flatdemandstructure"):
        for period in document.get(name, ()):
            for tier in period:
                tier["rate"] = round(tier.get("rate", 0) * chance.choice((0.5, 1, 1.25)), 5)
    if chance.random() < 0.3:
        document["riders"] = [{"name": "Fuel", "amount": 0.0123, "unit": "$/kWh"}]
        document["taxes"] = [{"name": "Sales tax", "percent": 5, "classes": [chance.choice(CLASSES)]}]
    return document


def _without(registry: Registry, points: set[str]) -> Registry:
    return Registry(
        registry.accounts,
        {key: one for key, one in registry.service_points.items() if key not in points},
        {key: one for key, one in registry.installations.items() if one.service_point_id not in points},
        {key: one for key, one in registry.agreements.items() if one.service_point_id not in points},
        registry.tariffs,
    )


def _only(registry: Registry, point: str) -> Registry:
    rest = _without(registry, registry.service_points.keys() - {point})
    return msgspec.structs.replace(rest, tariffs={}, accounts={})
