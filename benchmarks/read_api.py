"""How long the read API takes for a month of one meter, on the running stack: python -m benchmarks.read_api.

Calls go over HTTP to the API, signed, one after the other, and meters take turns. A first call of each kind is not
counted: it starts the function.
"""

import argparse
import time
from statistics import quantiles

import requests
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest

from electrocloud.aws.stack import Stack, find_stack
from electrocloud.aws.store.reader import Reader

KINDS = {
    "a month of readings": "usage",
    "a month of hours": "usage?resolution=hour",
    "a month of days": "usage?resolution=day",
    "bills of 13 months": "bills",
}


def measure(stack: Stack, path: str, meters: list[str], calls: int) -> list[float]:
    """How long (ms) each of so many calls took."""
    credentials = stack.session().get_credentials()
    assert credentials
    took = []
    with requests.Session() as session:
        for number in range(calls + 1):
            url = f"{stack.api}/v1/operator/meters/{meters[number % len(meters)]}/{path}"
            call = AWSRequest("GET", url)
            SigV4Auth(credentials, "execute-api", stack.region).add_auth(call)
            began = time.perf_counter()
            answer = session.get(url, headers=dict(call.headers.items()), timeout=60)
            took.append((time.perf_counter() - began) * 1_000)
            answer.raise_for_status()
    return took[1:]


def main() -> None:
    """Print the median and the 99th percentile of each kind of call."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.read_api", description=__doc__)
    parser.add_argument("--calls", type=int, default=300, help="calls of each kind")
    calls = parser.parse_args().calls
    stack = find_stack()
    meters = [meter.meter_id for meter in Reader(stack).meters()]
    for name, path in KINDS.items():
        took = measure(stack, path, meters, calls)
        cuts = quantiles(took, n=100)
        print(f"{name:20} {calls} calls: median {cuts[49]:.0f} ms, 99th percentile {cuts[98]:.0f} ms")


if __name__ == "__main__":
    main()
