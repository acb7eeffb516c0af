"""The registry of a seed with dated master data, and the clerks who change it between and during batches.

They use the desk that the command uses, on clients that fail and processes that are killed like the functions'. What a
killed command left, the next command or the closing function's round completes.
"""

import math
import random
from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import partial
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
from tests.faults.fleet import CREDITING, HEAD_END, TARIFFS
from tests.faults.injected_faults import Bucket, Dynamo, FaultInjector, Killed
from tests.faults.plan import Plan
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
    agreements = {one.key: one for one in map(partial(_in_two_bills, plan), registry.agreements.values())}
    return msgspec.structs.replace(registry, service_points=points, agreements=agreements, equipment={}, stations={})


def _in_two_bills(plan: Plan, agreement: Agreement) -> Agreement:
    """An agreement that credits export, of the month alone and with two whole bills, so that both become final."""
    if agreement.tariff_id not in CREDITING:
        return agreement
    first = plan.first + timedelta(days=1)
    end = (first + timedelta(days=31)).replace(day=1)
    return msgspec.structs.replace(agreement, first=first, end=end, cycle_day=16, opening_credit="12.50")


class Clerks:
    """Clerks who change the registry. What they did and what failed is in the injector's counts."""

    def __init__(
        self, plan: Plan, fleet: Fleet, dynamo: MemoryDynamo, injector: FaultInjector, switch: Callable[..., None]
    ) -> None:
        self._plan, self._dynamo, self._injector, self._switch = plan, dynamo, injector, switch
        self._rng = random.Random(f"clerks {plan.seed}")
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
        kind = LATE if self._late and self._rng.random() < 0.5 else self._rng.choice([*KINDS])
        seed, without_faults = self._rng.random(), self._rng.random() < 0.6
        injector = FaultInjector(self._rng, {}) if without_faults else self._injector

        def call() -> None:
            desk = RegistryDesk(self._stack(injector), now.timestamp)  # type: ignore[arg-type]
            try:
                plan, _ = desk.apply(lambda stored: self._update(kind, stored, random.Random(seed)), kind)
                name = "meters registered in mid-month" if kind == LATE else f"registry: {kind}"
                self._injector.counts[name] += bool(plan.changes)
            except RegistryError:
                self._injector.counts[REFUSED] += 1
            except EXPECTED:
                self._injector.counts[INTERRUPTED] += 1
            except Exception as fault:  # noqa: BLE001 - one that the command must not raise
                self.faults.append(f"registry: {kind} raised {fault!r}")

        return call

    def close(self, now: datetime) -> None:
        """Complete interrupted changes, as the closing function does."""
        client: Any = Dynamo(self._dynamo, self._injector, self._switch)
        try:
            state = RegistryState(client, "service_points", lambda _: None)
            tables, services = open_store(client, TABLES, self._switch)
            for part in state.abandoned(int(now.timestamp())):
                rate_item(part.work, services, tables, int(now.timestamp()), self._switch, lambda: False)
                state.mark_rated(part.key)
                self._injector.counts["registry changes completed by closing"] += 1
        except EXPECTED:
            return

    def registry(self) -> Registry:
        """The registry as it is stored."""
        return store_of(self._dynamo).load()

    def _stack(self, injector: FaultInjector) -> SimpleNamespace:
        return desk_stack(Dynamo(self._dynamo, injector, self._switch), Bucket(self._objects, injector, self._switch))

    def _update(self, kind: str, stored: Registry, rng: random.Random) -> Registry:
        if kind == LATE:
            if not self._late:
                raise RegistryError("all are registered")
            return _only(self._whole, self._late.pop())
        return KINDS[kind](self, stored, rng)

    def _day(self, rng: random.Random) -> date:
        return self._plan.first + timedelta(days=rng.randrange(-3, self._plan.days + 3))

    def _agreement(self, stored: Registry, rng: random.Random, *, is_open: bool = False) -> Agreement:
        found = [one for one in stored.agreements.values() if not is_open or one.end is None]
        if not found:
            raise RegistryError("there is no such agreement")
        return rng.choice(found)

    def move_out(self, stored: Registry, rng: random.Random) -> Registry:
        return events.move_out(stored, self._agreement(stored, rng, is_open=True).service_point_id, self._day(rng))

    def move_in(self, stored: Registry, rng: random.Random) -> Registry:
        self._accounts += 1
        account = Account(account_id=f"A-{self._accounts}", name=f"Customer {self._accounts}")
        point, tariff = rng.choice([*stored.service_points]), rng.choice([*TARIFFS])
        terms = {"cycle_day": rng.choice((1, 1, 16)), "spread": rng.choice(("", "even"))}
        return events.move_in(stored, account, point, tariff, self._day(rng), **terms)

    def exchange_meter(self, stored: Registry, rng: random.Random) -> Registry:
        there = {one.meter_id for one in stored.installations.values() if one.end is None}
        spare = [meter for meter in self._meters if meter not in there]
        if not spare:
            raise RegistryError("there is no meter to install")
        point = stored.service_points[rng.choice([*stored.service_points])]
        midnight = datetime.combine(self._day(rng), datetime.min.time(), ZoneInfo(point.time_zone))
        instant = int(midnight.timestamp()) + rng.choice((0, rng.randrange(24) * 3600, rng.randrange(86_400)))
        return events.exchange_meter(stored, point.key, rng.choice(spare), instant)

    def change_tariff(self, stored: Registry, rng: random.Random) -> Registry:
        point = self._agreement(stored, rng, is_open=True).service_point_id
        return events.change_tariff(stored, point, rng.choice([*TARIFFS]), self._day(rng))

    def change_price(self, stored: Registry, rng: random.Random) -> Registry:
        return events.change_price(stored, rng.choice([*TARIFFS]), other_prices(rng), self._day(rng))

    def correct_price(self, stored: Registry, rng: random.Random) -> Registry:
        version = rng.choice([*stored.tariffs.values()])
        corrected = TariffDocument(
            tariff_id=version.tariff_id, first=version.first, end=version.end, document=other_prices(rng)
        )
        return Registry(tariffs={corrected.key: corrected})

    def end_price(self, stored: Registry, rng: random.Random) -> Registry:
        version = rng.choice([*stored.tariffs.values()])
        ended = msgspec.structs.replace(version, end=self._day(rng))
        return Registry(tariffs={ended.key: ended})

    def backdate(self, stored: Registry, rng: random.Random) -> Registry:
        """The agreement began some days earlier."""
        one = self._agreement(stored, rng)
        own = [other for other in stored.agreements.values() if other.agreement_id == one.agreement_id]
        begun = min(own, key=lambda other: other.first)
        earlier = msgspec.structs.replace(
            begun, first=begun.first - timedelta(days=rng.randrange(1, 12)), end=begun.first
        )
        return Registry(agreements={earlier.key: earlier})

    def move_end(self, stored: Registry, rng: random.Random) -> Registry:
        """The agreement ends on another day, or goes on."""
        moved = msgspec.structs.replace(self._agreement(stored, rng), end=rng.choice((None, self._day(rng))))
        return Registry(agreements={moved.key: moved})

    def state_credit(self, stored: Registry, chance: random.Random) -> Registry:
        """The credit for export that an agreement begins with is another."""
        one = self._agreement(stored, chance)
        stated = msgspec.structs.replace(one, opening_credit=chance.choice(("", "3.75", "40kWh")))
        return Registry(agreements={stated.key: stated})

    def change_terms(self, stored: Registry, rng: random.Random) -> Registry:
        """The agreement is billed by other cycles, or shares long readings."""
        one = self._agreement(stored, rng)
        own = [other for other in stored.agreements.values() if other.agreement_id == one.agreement_id]
        terms: dict[str, Any] = rng.choice(({"cycle_day": rng.choice((1, 11, 16))}, {"spread": "even"}))
        return Registry(agreements={other.key: msgspec.structs.replace(other, **terms) for other in own})

    def correct_account(self, stored: Registry, rng: random.Random) -> Registry:
        """The agreement is another account's, or its customer is exempt from a tax."""
        one = self._agreement(stored, rng)
        own = [other for other in stored.agreements.values() if other.agreement_id == one.agreement_id]
        fields = rng.choice(({"account_id": rng.choice([*stored.accounts])}, {"exemptions": "Sales tax"}))
        return Registry(agreements={other.key: msgspec.structs.replace(other, **fields) for other in own})

    def void(self, stored: Registry, rng: random.Random) -> Registry:
        """An agreement, or the latest exchange of a meter, was entered by mistake."""
        if rng.random() < 0.5:
            mistaken = self._agreement(stored, rng)
            void = msgspec.structs.replace(mistaken, end=mistaken.first)
            return Registry(agreements={void.key: void})
        point = rng.choice([*stored.service_points])
        own = [one for one in stored.installations.values() if one.service_point_id == point and one.end is None]
        before = [one for one in stored.installations.values() if one.end in {other.start for other in own}]
        earlier = [one for one in before if one.service_point_id == point and not one.is_void]
        if not earlier:
            raise RegistryError("no meter was exchanged there")
        changed = [*(msgspec.structs.replace(one, end=one.start) for one in own)]
        changed += [msgspec.structs.replace(earlier[-1], end=None)]
        return Registry(installations={one.key: one for one in changed})

    def correct_point(self, stored: Registry, rng: random.Random) -> Registry:
        """The service point is in another time zone, or of another class."""
        point = rng.choice([*stored.service_points.values()])
        fields = rng.choice(({"time_zone": rng.choice(ZONES)}, {"customer_class": rng.choice(CLASSES)}))
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
    "opening credit stated": Clerks.state_credit,
    "terms changed": Clerks.change_terms,
    "service point corrected": Clerks.correct_point,
    "account corrected": Clerks.correct_account,
    "entered by mistake": Clerks.void,
}


def other_prices(rng: random.Random) -> dict[str, Any]:
    """A tariff's document at other prices, now and then with a rider and a tax."""
    document: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(rng.choice([*TARIFFS.values()])))
    for name in ("energyratestructure", "demandratestructure", "flatdemandstructure"):
        for period in document.get(name, ()):
            for tier in period:
                tier["rate"] = round(tier.get("rate", 0) * rng.choice((0.5, 1, 1.25)), 5)
    if rng.random() < 0.3:
        document["riders"] = [{"name": "Fuel", "amount": 0.0123, "unit": "$/kWh"}]
        document["taxes"] = [{"name": "Sales tax", "percent": 5, "classes": [rng.choice(CLASSES)]}]
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
