"""The calls to AWS that code makes, as the actions and resources that IAM decides on."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import pytest
from botocore.client import BaseClient
from moto.athena.models import QueryResults, athena_backends
from moto.moto_api import state_manager

# The operations whose permission has another name.
ACTIONS = {
    "s3:ListObjectsV2": "s3:ListBucket",
    "sqs:SendMessageBatch": "sqs:SendMessage",
    "sqs:DeleteMessageBatch": "sqs:DeleteMessage",
}
WRITES = {"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem", "ConditionCheck": "ConditionCheckItem"}

# Action, resource: a table, a table's index as table/index, a queue's URL, a bucket, bucket/key, a stream, a stack.
Calls = set[tuple[str, str]]


@contextmanager
def recorded() -> Iterator[Calls]:
    """The actions that are called meanwhile, each with its resource."""
    calls: Calls = set()
    call = BaseClient._make_api_call

    def recording(client: BaseClient, operation: str, parameters: dict[str, Any]) -> Any:
        calls.update(_of(client.meta.service_model.service_name, operation, parameters))
        return call(client, operation, parameters)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseClient, "_make_api_call", recording)
        yield calls


def _of(service: str, operation: str, parameters: dict[str, Any]) -> Iterator[tuple[str, str]]:
    if operation == "TransactWriteItems":
        for item in parameters["TransactItems"]:
            ((kind, write),) = item.items()
            yield f"dynamodb:{WRITES[kind]}", write["TableName"]
    elif operation in ("BatchGetItem", "BatchWriteItem"):
        for table in parameters["RequestItems"]:
            yield f"dynamodb:{operation}", table
    elif service == "sesv2" and operation == "SendEmail":  # MIME needs both actions, on the sender's identity
        identity = "identity/" + parameters["FromEmailAddress"].rpartition("@")[2]
        yield from ((f"ses:{action}", identity) for action in ("SendEmail", "SendRawEmail"))
    else:
        action = f"{service}:{operation}"
        yield ACTIONS.get(action, action), _resource(parameters)


def _resource(parameters: dict[str, Any]) -> str:
    if "TableName" in parameters:
        return "/".join(filter(None, (parameters["TableName"], parameters.get("IndexName"))))
    if "Key" in parameters and "Bucket" in parameters:
        return f"{parameters['Bucket']}/{parameters['Key']}"
    names = ("QueueUrl", "WorkGroup", "StreamName", "StackName", "Bucket")
    return next((str(parameters[name]) for name in names if name in parameters), "")


def answer_query(client: Any, columns: dict[str, str], rows: Iterable[Iterable[object]]) -> None:
    """Let the Athena in memory give these rows to its next query, which has none of its own. `columns` have types."""
    account = boto3.client("sts").get_caller_identity()["Account"]
    info = [{"Name": name, "Type": kind} for name, kind in columns.items()]
    data = [{"Data": [{"VarCharValue": str(value)} for value in row]} for row in (columns, *rows)]
    athena_backends[account][client.meta.region_name].query_results_queue.append(QueryResults(data, info))


@contextmanager
def queries_that_run_on() -> Iterator[None]:
    """Let the Athena in memory keep queries running, so that they are stopped."""
    state_manager.set_transition("athena::execution", {"progression": "manual", "times": 1_000})
    try:
        yield
    finally:
        state_manager.unset_transition("athena::execution")
