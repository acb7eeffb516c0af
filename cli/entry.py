"""Where the `electrocloud` command begins: Ctrl-C ends it without a traceback from its first moment on."""

import gc
import signal
from types import FrameType


def _interrupt(number: int, _: FrameType | None) -> None:
    """Raise KeyboardInterrupt, so that the command can clean up; a second Ctrl-C ends the process at once."""
    signal.signal(number, signal.SIG_DFL)
    raise KeyboardInterrupt


def main() -> None:
    """Run the command."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # while it is loaded there is nothing to clean up
    from cli.main import app  # noqa: PLC0415

    signal.signal(signal.SIGINT, _interrupt)
    gc.set_threshold(50_000)  # readings and bills are many objects without cycles; walking them took half the time
    app()
