"""Where simulated meters may go, and what they leave alone."""

from datetime import date
from types import SimpleNamespace
from typing import Any

import pytest

from electrocloud.aws.stack import Stack
from electrocloud.domain.errors import UsageError
from electrocloud.domain.registry.records import Registry, TariffDocument
from producers.fleet.fleet import make_fleet
from producers.sending import registration
from producers.sending.registration import check_simulation, register
from tests.kits.billing_kit import document

STACK: dict[str, Any] = dict.fromkeys(Stack.__struct_fields__, "-") | {"region": "eu-central-1"}


def test_a_stack_in_an_account_gets_no_simulated_meters_unless_allowed() -> None:
    account = Stack(**STACK | {"endpoint": None})
    with pytest.raises(UsageError, match="--yes-simulated-meters"):
        check_simulation(account, allowed=False)
    check_simulation(account, allowed=True)
    check_simulation(Stack(**STACK | {"endpoint": "http://127.0.0.1:1"}), allowed=False)


def test_a_simulated_fleet_leaves_tariffs_that_exist_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    own = TariffDocument(tariff_id="flat", document=document(0.5))
    made: list[Registry] = []
    desk = SimpleNamespace(apply=lambda update, _: made.append(update(Registry(tariffs={own.key: own}))))
    monkeypatch.setattr(registration, "RegistryDesk", lambda _: desk)
    fleet = make_fleet(2, 1, "US")
    tariffs = {"flat": document(0.1), "other": document(0.2)}
    register(SimpleNamespace(), fleet.registered, fleet.place, tariffs, date(2026, 1, 1))  # type: ignore[arg-type]
    assert [version.tariff_id for version in made[0].tariffs.values()] == ["other"]
