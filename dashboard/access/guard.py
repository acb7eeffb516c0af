"""Checks the user's role and writes the access log for everything that the pages read or change."""

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from dashboard.access.access_log import Subject, access_log
from dashboard.access.roles import Data
from dashboard.access.visitor import visitor

Arguments = ParamSpec("Arguments")
Answer = TypeVar("Answer")


def needs(
    data: Data,
    action: str = "view",
    of: Callable[..., Iterable[Subject]] | None = None,
    found: Callable[[Any], Iterable[Subject]] | None = None,
) -> Callable[[Callable[Arguments, Answer]], Callable[Arguments, Answer]]:
    """Let a function answer only users whose roles include a kind of data; it stands above caches.

    `of` makes the access log's subjects of the arguments, before the function runs; `found` makes them of its answer,
    before that is given. Without both the data are no customer's. The function raises `NotLoggedInError` or
    `RefusedError`, which `show_errors` shows as a sentence.
    """

    def guarded(function: Callable[Arguments, Answer]) -> Callable[Arguments, Answer]:
        @wraps(function)
        def checked(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Answer:
            who = visitor()
            who.check(data)
            if of:
                access_log().record(who, action, data, of(*args, **kwargs))
            answer = function(*args, **kwargs)
            if found:
                access_log().record(who, action, data, found(answer))
            return answer

        checked.__dict__.update(needs=data, logs=bool(of or found))  # for tests
        return checked

    return guarded
