"""Expressions and numbers in MiniStack, which reads each of them again for every item that it looks at.

An application has a handful of expressions, so each text is read once here.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

TEXTS = 1_024
OF_TEXTS = ("_condition_syntax_error", "_ddb_canonicalize_number", "_number_error", "_number_size_bytes")


def read_once(dynamodb: Any) -> None:
    """Let MiniStack's DynamoDB remember what it has read of a text."""
    for name in OF_TEXTS:
        setattr(dynamodb, name, remembered(getattr(dynamodb, name)))
    tokens_of = remembered(dynamodb._tokenize)
    dynamodb._tokenize = lambda expression: [*tokens_of(expression)]


def remembered(read: Callable[..., Any]) -> Callable[..., Any]:
    """A function that remembers its answers where all its arguments are texts; the last TEXTS of them."""
    known = lru_cache(maxsize=TEXTS)(read)

    def found(*arguments: Any) -> Any:
        return known(*arguments) if all(type(one) is str for one in arguments) else read(*arguments)

    return found
