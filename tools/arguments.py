"""Arguments that the tools on stacks have in common."""

from electrocloud.domain.errors import UsageError


def name_and_value(text: str, example: str) -> tuple[str, str]:
    """The two sides of `NAME=VALUE`. `UsageError` with an example where it is not of that form."""
    name, equals, value = text.partition("=")
    if not equals:
        raise UsageError(f"{text!r} is no NAME=VALUE, such as {example}")
    return name, value
