"""Writes the workbook of a bill run in a separate process: other users would wait for the seconds of CPU it takes.

`python -m dashboard.bills.workbook_process` reads bills as JSON lines and writes the workbook.
"""

import subprocess
import sys
from collections.abc import Iterable
from contextlib import suppress
from typing import BinaryIO

import msgspec

from dashboard.failed_process import failure
from electrocloud.domain.billing.bill import Bill
from electrocloud.domain.errors import ElectroCloudError
from presentation import bills_workbook

_decoder = msgspec.json.Decoder(Bill)


def as_xlsx(bills: Iterable[Bill]) -> bytes:
    """As `bills_workbook.as_xlsx`, written while the next bills are read. Raises `UsageError` if that fails."""
    command = [sys.executable, "-m", __name__]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    with process:
        assert process.stdin
        try:
            with suppress(BrokenPipeError):  # what the process says then is read below
                for bill in bills:
                    process.stdin.write(msgspec.json.encode(bill) + b"\n")
            content, errors = process.communicate()
        except BaseException:
            process.kill()
            with suppress(BrokenPipeError):  # what was not sent yet
                process.stdin.close()
            raise
    if process.returncode:
        raise failure("the workbook", errors, process.returncode)
    return content


def main(lines: Iterable[bytes], file: BinaryIO) -> None:
    """Write the workbook of the bills in `lines`, or exit with the reason why there is none."""
    try:
        file.write(bills_workbook.as_xlsx(map(_decoder.decode, lines)))
    except ElectroCloudError as fault:
        sys.exit(str(fault))


if __name__ == "__main__":
    main(sys.stdin.buffer, sys.stdout.buffer)
