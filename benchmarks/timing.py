"""Times alternatives on a shared machine: all of them in turn, round by round."""

import gc
import time
from collections.abc import Callable, Mapping
from statistics import median

Times = dict[str, list[float]]


def in_turn(contestants: Mapping[str, Callable[[], object]], rounds: int) -> Times:
    """CPU seconds of each alternative in each round, after a warm-up round."""
    times: Times = {name: [] for name in contestants}
    gc.collect()
    gc.freeze()  # this process holds far more than a function does, and the collector would walk it for each contestant
    gc.set_threshold(50_000)  # as the metering function has it
    for number in range(rounds + 1):
        for name, work in contestants.items():
            gc.collect()
            began = time.process_time()
            work()
            if number:
                times[name].append(time.process_time() - began)
    return times


def ratio(times: Times, one: str, other: str) -> float:
    """How many times as long `one` takes as `other`: the median of the rounds' ratios."""
    return median(a / b for a, b in zip(times[one], times[other], strict=True))
