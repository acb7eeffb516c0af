"""What the pages' data modules read the deployment at hand with, each made once."""

from functools import cache

from analytics.ask import ask as ask_athena
from analytics.ask import start
from electrocloud.aws.athena import Answer, Query
from electrocloud.aws.backoff import pause
from electrocloud.aws.clients import AthenaClient
from electrocloud.aws.stack import find_stack
from electrocloud.aws.store.reader import Reader
from electrocloud.aws.store.registry import RegistryStore, RegistryTables
from electrocloud.aws.store.search_index import SearchIndex


@cache
def reader() -> Reader:
    """The reader of the deployment at hand."""
    return Reader(find_stack())


@cache
def _athena() -> AthenaClient:
    return find_stack().client("athena", connect_timeout=2)


@cache
def registry_store() -> RegistryStore:
    """The registry without its accounts."""
    stack = find_stack()
    tables = RegistryTables(stack.service_points_table, stack.meters_table, stack.tariffs_table)
    return RegistryStore(stack.client("dynamodb", connect_timeout=2, read_timeout=10), tables, pause)


@cache
def search_index() -> SearchIndex:
    """The index of customers and service points."""
    stack = find_stack()
    return SearchIndex(stack.client("s3", connect_timeout=2, read_timeout=10), stack.bucket)


def ask(sql: str) -> Answer:
    """Run one SELECT in Athena's dialect."""
    return ask_athena(find_stack(), _athena(), sql, limit_s=60)


def start_query(sql: str) -> Query:
    """Start one SELECT in Athena's dialect."""
    return start(find_stack(), _athena(), sql)
