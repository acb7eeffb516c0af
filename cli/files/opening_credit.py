"""The credit for export that a load's first bill begins with: an amount, or what the bills in a file have left."""

from pathlib import Path

import msgspec

from electrocloud.domain.billing.bill import Bill
from electrocloud.domain.billing.credit import NO_CREDIT, Credit, stated_credit
from electrocloud.domain.errors import UsageError

_decoder = msgspec.json.Decoder(list[Bill])


def opening_credit(text: str) -> Credit:
    """The credit of `12.50` ($), of `120kWh` (in the first energy period), or of the last bill in a file of bills.

    The file is what `electrocloud bill --json` prints. `UsageError` says what else was given.
    """
    try:
        if (stated := stated_credit(text)) is not None:
            return stated
    except UsageError as fault:
        raise UsageError(f"--opening-credit {fault}") from None
    path = Path(text)
    try:
        bills = _decoder.decode(path.read_bytes())
    except OSError:
        raise UsageError(
            f"--opening-credit {text} is neither an amount, such as 12.50 or 120kWh, nor a file of bills"
        ) from None
    except msgspec.MsgspecError as fault:
        raise UsageError(
            f"--opening-credit {path} is not what electrocloud bill --json prints for one meter: {fault}"
        ) from None
    last = bills[-1].credit if bills else None
    return last.closing if last else NO_CREDIT
