"""Stands before everything that the pages read or change: whoever asks needs a role that includes it."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from dashboard.access.roles import Data
from dashboard.access.visitor import visitor

Arguments = ParamSpec("Arguments")
Answer = TypeVar("Answer")


def needs(data: Data) -> Callable[[Callable[Arguments, Answer]], Callable[Arguments, Answer]]:
    """Let a function answer only users whose roles include a kind of data; it stands above caches.

    The function raises `NotLoggedInError` or `RefusedError`, which `show_errors` shows as a sentence.
    """

    def guarded(function: Callable[Arguments, Answer]) -> Callable[Arguments, Answer]:
        @wraps(function)
        def checked(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Answer:
            visitor().check(data)
            return function(*args, **kwargs)

        checked.__dict__["needs"] = data  # a test looks for it
        return checked

    return guarded
