"""Two stores with DynamoDB's interface, each with the tables that template.yaml declares.

Both were written by others, who hold them against the service: the laptop's cloud, which has transactions, and
dynalite, which has none and shares no code with it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from analytics.template import load
from electrocloud.aws.stack import Stack
from laptop import cloud
from laptop.processes import ProcessGroup
from tests.conformance import engines
from tests.kits.template_kit import Resolver

TABLES = ("WindowsTable", "BillsTable", "MetersTable", "TariffsTable", "ForecastsTable")
CREATED_WITH = ("BillingMode", "AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes")


class Store(NamedTuple):
    """A stack whose tables have their names in template.yaml, and a boto3 client for them."""

    stack: Stack
    client: Any


@contextmanager
def running(name: str, logs: Path) -> Iterator[Store]:
    """The store of this name, `laptop` or `dynalite`, empty."""
    children = ProcessGroup(logs)
    try:
        port = cloud.free_port()
        if name == "laptop":
            local = cloud.start_cloud(children, port, logs)
        else:
            local = cloud.LocalCloud(f"http://{cloud.HOST}:{port}", cloud.new_keys(logs / "credentials"))
            program = str(engines.fetch_node() / "dynalite" / "cli.js")
            options = ["--host", cloud.HOST, "--port", str(port), "--createTableMs", "0"]
            children.start(name, ["node", program, *options], cloud.environment())
        cloud.wait_for(lambda: cloud.answers(local.endpoint), name, children)
        store = _store(local)
        _make_tables(store.client)
        yield store
    finally:
        children.stop()


def _store(local: cloud.LocalCloud) -> Store:
    unused = dict.fromkeys(set(Stack.__struct_fields__) - {"endpoint", "credentials"}, "-")
    tables = {
        "windows_table": "WindowsTable",
        "bills_table": "BillsTable",
        "meters_table": "MetersTable",
        "tariffs_table": "TariffsTable",
        "service_points_table": "ServicePointsTable",
        "accounts_table": "AccountsTable",
        "forecasts_table": "ForecastsTable",
    }
    place = {"region": cloud.REGION, "endpoint": local.endpoint, "credentials": str(local.credentials)}
    names: dict[str, Any] = unused | tables | place
    stack = Stack(**names)
    return Store(stack, stack.client("dynamodb", max_pool_connections=16))


def _make_tables(client: Any) -> None:
    template = load()
    resolve = Resolver(template, Stage="laptop")
    for name in TABLES:
        properties = resolve(template["Resources"][name]["Properties"])
        client.create_table(TableName=name, **{key: properties[key] for key in CREATED_WITH if key in properties})
    for name in TABLES:
        client.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 30})
