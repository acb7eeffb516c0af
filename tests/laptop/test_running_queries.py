"""A query on the laptop's Athena says how far it is, and stops when it is told to."""

from tests.kits.cloud_kit import run_in_cloud

SCRIPT = """
import asyncio, json
from ministack.services import athena
from laptop.guarded_cloud import queries

SLOW = "SELECT sum(a.range % (b.range + 1)) AS n FROM range(10000000) AS a CROSS JOIN range(10000) AS b"
athena._workgroups["primary"] = {"Configuration": {"ResultConfiguration": {"OutputLocation": "s3://none/"}}}
queries.watch_queries(athena)

def called(action, **data):
    return json.loads(action(data)[2] or "{}")

async def main():
    query = called(athena._start_query_execution, QueryString=SLOW)["QueryExecutionId"]
    def status():
        return called(athena._get_query_execution, QueryExecutionId=query)["QueryExecution"]["Status"]
    while not status()["StateChangeReason"].endswith("% done"):
        await asyncio.sleep(0.01)
    print(status()["State"])
    ended = queries.RunningQuery()
    ended.connection = queries.duckdb.connect()
    ended.connection.close()
    going, queries._running[query] = queries._running[query], ended
    print(status()["State"])
    queries._running[query] = going
    called(athena._stop_query_execution, QueryExecutionId=query)
    while queries._running:
        await asyncio.sleep(0.01)
    print(status()["State"], status()["StateChangeReason"])

asyncio.run(asyncio.wait_for(main(), 60))
"""


def test_a_query_says_how_far_it_is_even_as_it_ends_and_stays_cancelled_when_it_was_stopped() -> None:
    assert run_in_cloud(SCRIPT) == ["RUNNING", "RUNNING", "CANCELLED Query was cancelled by user"]
