"""Runs a Python program so that it ends with the process that started it, even where that one is killed.

    python laptop/child.py FD (-m MODULE | SCRIPT) [ARGUMENT ...]

FD is the read end of a pipe whose write end only the parent holds, so that the kernel closes it when the parent ends,
for whatever reason. The program then gets SIGTERM, with its process group, and SIGKILL after GRACE_S.

Standard library only: it runs in each of the environments.
"""

import gc
import os
import runpy
import signal
import sys
import threading
import time
from pathlib import Path

GRACE_S = 20  # in which the cloud writes its data to disk


def _end_with_parent(pipe: int) -> None:
    while os.read(pipe, 1):
        pass
    group = os.getpgrp()
    os.killpg(group, signal.SIGTERM)
    time.sleep(GRACE_S)
    os.killpg(group, signal.SIGKILL)


def main() -> None:
    """Run the program of the command line."""
    pipe, *command = sys.argv[1:]
    gc.set_threshold(50_000)  # the cloud holds millions of objects, and looks at the young ones far too often
    sys.path.pop(0)  # this folder, whose modules must not hide those of the program
    threading.Thread(target=_end_with_parent, args=(int(pipe),), daemon=True).start()
    if command[0] == "-m":
        sys.path.append(str(Path.cwd()))  # for modules of this project, where it is not installed
        sys.argv = command[1:]
        runpy.run_module(command[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv = command
        runpy.run_path(command[0], run_name="__main__")


if __name__ == "__main__":
    main()
