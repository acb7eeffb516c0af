"""The stage's throttle is a token bucket."""

from laptop.gateway.throttle import Throttle


def test_a_burst_passes_at_once_and_then_the_rate():
    clock = [0.0]
    throttle = Throttle(rate=2, burst=3, clock=lambda: clock[0])
    assert [throttle.take() for _ in range(4)] == [True, True, True, False]
    clock[0] = 0.5
    assert [throttle.take() for _ in range(2)] == [True, False]


def test_an_idle_hour_saves_no_more_than_the_burst():
    clock = [0.0]
    throttle = Throttle(rate=100, burst=2, clock=lambda: clock[0])
    clock[0] = 3600.0
    assert [throttle.take() for _ in range(3)] == [True, True, False]
