"""The forecast of a load in its first weeks, from few days of its own and from the load of a group it belongs to."""

from collections.abc import Sequence

import numpy as np

from forecasting.load import Floats, Load
from forecasting.profile import profile

DAY, WEEK = 24, 168
MEMORY = 21  # days
LATE = 2 * DAY  # a group's readings may end so much before the load's
SHRINKAGE = 3  # days of the group's shape that count beside the load's own days
SHARE = 0.5  # of the group's forecast in the mean


def first_weeks(load: Load, origins: Sequence[int], horizon: int) -> Floats:
    """The median of the same hours and their neighbors on all days so far.

    With the load of a group (`Load.group`), the mean of that and of the group's profile, brought to the load's level:
    by hour of the day as far as its own days show it.
    """
    return np.array([_forecast(load, origin, horizon) for origin in origins])


def _forecast(load: Load, origin: int, horizon: int) -> Floats:
    days = min(origin // DAY, MEMORY)
    own = load.filled[origin - days * DAY : origin].reshape(days, DAY)
    near = np.concatenate([np.roll(own, shift, axis=1) for shift in (-1, 0, 1)])
    usual = np.resize(np.median(near, axis=0), horizon)
    group = _of_group(load, own, origin, horizon)
    return usual if group is None else (1 - SHARE) * usual + SHARE * group


def _of_group(load: Load, own: Floats, origin: int, horizon: int) -> Floats | None:
    """The group's profile at the load's level; None without a fortnight of the group's load, or with too late a one."""
    if load.group is None:
        return None
    group = load.group
    end = load.first + origin - group.first
    known = min(end, len(group.filled))
    late = end - known
    if known < 2 * WEEK or end < own.size or late > LATE:
        return None
    coming = profile(group, [known], late + horizon)[0]
    same = np.concatenate([group.filled[:known], coming[:late]])[end - own.size :].reshape(own.shape)
    if same.sum() <= 0:
        return None
    level = own.sum() / same.sum()
    usual = same.mean(axis=0)
    share = (own.sum(axis=0) + SHRINKAGE * level * usual) / np.maximum(same.sum(axis=0) + SHRINKAGE * usual, 1e-9)
    smooth = (np.roll(share, 1) + 2 * share + np.roll(share, -1)) / 4
    found: Floats = np.resize(smooth, horizon) * coming[late:]
    return found
