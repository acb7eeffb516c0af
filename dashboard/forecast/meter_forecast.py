"""Forecasts a meter's next day in a separate process, because the models' libraries are large and slow.

`python -m dashboard.forecast.meter_forecast US-000001` prints an `Answer` as JSON.
"""

import subprocess
import sys
from datetime import UTC, datetime

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from analytics.ask import ask
from dashboard.failed_process import failure
from electrocloud.aws.stack import find_stack
from electrocloud.aws.store.reader import Reader
from electrocloud.domain.errors import ElectroCloudError, UsageError
from electrocloud.domain.forecast import Forecast

HORIZON = 24


class Answer(msgspec.Struct, omit_defaults=True):
    """A forecast, or the reason why there is none."""

    forecast: Forecast | None = None
    error: str = ""


_decoder = msgspec.json.Decoder(Answer)


def forecast(meter_id: str, limit_s: float) -> Forecast:
    """Forecast the HORIZON hours after a meter's newest reading. Raises `UsageError` if that is not possible."""
    command = [sys.executable, "-m", __name__, meter_id]
    try:
        done = subprocess.run(command, capture_output=True, timeout=limit_s, check=True)
    except subprocess.TimeoutExpired:
        raise UsageError(f"the forecast took more than {limit_s:g} s and was stopped; try again later") from None
    except subprocess.CalledProcessError as fault:
        raise failure("the forecast", fault.stderr, fault.returncode) from None
    answer = _decoder.decode(done.stdout)
    if answer.forecast is None:
        raise UsageError(answer.error)
    return answer.forecast


def main(meter_id: str) -> Answer:
    """The answer that the child process prints."""
    from forecasting.on_demand import forecast_meter  # noqa: PLC0415  large libraries that the page does not need
    from forecasting.work import open_deployment  # noqa: PLC0415

    try:
        stack = find_stack()
        athena = stack.client("athena")
        on = open_deployment(
            stack.client("dynamodb"), stack.client("s3"), stack, lambda sql: ask(stack, athena, sql).rows
        )
        return Answer(forecast_meter(on, Reader(stack), meter_id, HORIZON, datetime.now(UTC)).forecast)
    except (ElectroCloudError, BotoCoreError, ClientError) as fault:
        return Answer(error=str(fault))


if __name__ == "__main__":
    sys.stdout.buffer.write(msgspec.json.encode(main(sys.argv[1])))
