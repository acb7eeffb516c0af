"""AWS answers in pages: the product reads all of them."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import botocore.session
import pytest
from botocore import xform_name

from analytics.template import ROOT

SERVICES = (
    "apigateway", "athena", "cloudformation", "cloudwatch", "dynamodb", "firehose", "glue", "iam", "kinesis", "lambda",
    "logs", "s3", "sns", "sqs", "sts",
)  # fmt: skip
PACKAGES = (
    "layer/electrocloud", "consumers", "firehose", "forecasting", "producers", "analytics", "presentation", "registry",
    "cost", "dashboard", "laptop", "cli", "tools", "benchmarks",
)  # fmt: skip
# A function that reads on by itself has the token of its service, and one that wants no more than it asks for a limit.
READS_ON = {"LastEvaluatedKey", "ExclusiveStartKey", "NextToken", "nextToken", "NextShardIterator", "nextForwardToken"}
BOUNDED = {"Limit", "limit", "MaxItems", "MaxResults", "maxResults"}

NAMES_ONE = {"describe_stacks": {"StackName"}}


@cache
def pageable() -> frozenset[str]:
    """The methods of boto3's clients for which botocore has a paginator."""
    loader = botocore.session.get_session().get_component("data_loader")
    models = [loader.load_service_model(service, "paginators-1") for service in SERVICES if service != "sts"]
    return frozenset(xform_name(operation) for model in models for operation in model["pagination"])


def first_page_only(source: str) -> Iterator[tuple[int, str]]:
    """(line, call) of each call that reads the first page of an answer alone."""
    tree = ast.parse(source)
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    for scope in [*functions, tree]:
        inner = {id(node) for other in functions if other is not scope for node in ast.walk(other)}
        nodes = [node for node in ast.walk(scope) if scope is not tree or id(node) not in inner]
        if any(isinstance(node, ast.Constant) and node.value in READS_ON for node in nodes):
            continue
        for node in nodes:
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in pageable()
                and not node.args  # boto3 takes none
                and not any(keyword.arg in BOUNDED | NAMES_ONE.get(node.func.attr, set()) for keyword in node.keywords)
            ):
                yield node.lineno, ast.unparse(node.func)


@pytest.mark.parametrize("package", PACKAGES)
def test_every_answer_that_comes_in_pages_is_read_whole(package: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line} {call}"
        for path in sorted(Path(ROOT, package).rglob("*.py"))
        for line, call in first_page_only(path.read_text())
    ]
    assert found == []


def test_a_call_of_the_first_page_alone_is_found() -> None:
    assert [*first_page_only("def f(logs):\n    return logs.describe_log_streams(logGroupName='g')['logStreams']")] == [
        (2, "logs.describe_log_streams")
    ]


@pytest.mark.parametrize(
    "source",
    [
        "def f(logs):\n    return [*logs.get_paginator('describe_log_streams').paginate(logGroupName='g')]",
        "def f(table):\n    return table.query(TableName='t', Limit=1)",
        "def f(t):\n    a = t.scan(TableName='t')\n    while k := a.get('LastEvaluatedKey'):\n        a = t.scan(X=k)",
        "def f(s3):\n    return s3.get_object(Bucket='b', Key='k')",
    ],
)
def test_calls_that_read_all_or_only_what_they_want_are_fine(source: str) -> None:
    assert [*first_page_only(source)] == []
