"""What a user is told of a process that the dashboard started and that failed."""

from electrocloud.domain.errors import UsageError


def failure(work: str, errors: bytes, exit_code: int) -> UsageError:
    """The last line that the process wrote to `errors`, its standard error, or else its exit code."""
    last = errors.decode(errors="replace").strip().splitlines()[-1:]
    return UsageError(f"{work} failed: {''.join(last) or f'exit code {exit_code}'}")
