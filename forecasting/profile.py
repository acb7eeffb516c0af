"""The profile of a load: like days' median by the hour."""

from collections.abc import Sequence

import numpy as np

from forecasting.load import Floats, Load, calendar_of

DAY, WEEK = 24, 168


def profile(load: Load, origins: Sequence[int], horizon: int) -> Floats:
    """The median of the last four weeks' hours at the same time of day, on days of the same type.

    Day types are workday, Saturday, and Sunday or public holiday. With under two days of a type, all days are used.
    """
    calendar = calendar_of(load.first, origins[-1] + horizon, load.zone)
    kind = np.where(calendar[:, 3] > 0, 2, np.clip(calendar[:, 1] - 4, 0, 2)) * DAY + calendar[:, 0]
    answers = np.empty((len(origins), horizon))
    for row, origin in enumerate(origins):
        known = slice(max(0, origin - 4 * WEEK), origin)
        values, kinds = load.filled[known], kind[known]
        coming = kind[origin : origin + horizon]
        for wanted in np.unique(coming):
            alike = values[kinds == wanted]
            median = np.median(alike if len(alike) > 1 else values[kinds % DAY == wanted % DAY])
            answers[row, coming == wanted] = median
    return answers
