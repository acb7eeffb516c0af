"""Mistakes with dated master data: each must show as a loss, or the harness is no use for them."""

from collections.abc import Callable

import pytest

from electrocloud.aws.store import registry_state, service_lookup
from electrocloud.domain.billing import plan as billing_plan
from electrocloud.services import registry as registry_service
from electrocloud.services import replay, rerating
from tests.faults.plan import TINY, Plan, plan
from tests.faults.run import run

SEEDS = (9, 12, 15, 16, 23, 44, 139)

Patch = Callable[[pytest.MonkeyPatch], None]


def an_interrupted_change_is_forgotten(patch):
    patch.setattr(registry_state.RegistryState, "pending", lambda *_: None)


def a_change_rates_no_bill(patch):
    patch.setattr(registry_service, "touched_service_points", lambda *_: set())


def stored_determinants_are_used_whatever_the_plan(patch):
    patch.setattr(billing_plan.PeriodPlan, "shape", "the same")


def a_bill_without_service_stays(patch):
    patch.setattr(rerating, "_withdraw", lambda *_: replay.Rerated(0, 0, frozenset()))


def a_worker_keeps_the_registry_that_it_began_with(patch):
    def refresh(self: service_lookup.ServiceLookup) -> bool:
        return False

    patch.setattr(service_lookup.ServiceLookup, "refresh", refresh)


MISTAKES: tuple[Patch, ...] = (
    an_interrupted_change_is_forgotten,
    a_change_rates_no_bill,
    stored_determinants_are_used_whatever_the_plan,
    a_bill_without_service_stays,
    a_worker_keeps_the_registry_that_it_began_with,
)


@pytest.mark.parametrize("mistake", MISTAKES, ids=[mistake.__name__ for mistake in MISTAKES])
def test_the_harness_finds(mistake: Patch, monkeypatch: pytest.MonkeyPatch) -> None:
    mistake(monkeypatch)
    assert any(_finds(seed) for seed in SEEDS)


@pytest.mark.parametrize("seed", SEEDS)
def test_without_a_mistake_the_harness_finds_nothing(seed):
    assert not run(_dated(seed)).losses


def _finds(seed: int) -> bool:
    """Whether the run of a seed shows a loss; one that crashes does."""
    try:
        return bool(run(_dated(seed)).losses)
    except Exception:  # noqa: BLE001 - as in `python -m tests.faults`
        return True


def _dated(seed: int) -> Plan:
    """A small plan whose registry changes often."""
    small = plan(seed, TINY)
    return small._replace(dated=True, rates=small.rates | {"registry changes": 0.2})
