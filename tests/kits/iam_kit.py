"""What a role grants or the documentation lists, held against the calls to AWS that were recorded."""

import re
from collections.abc import Collection, Iterable
from fnmatch import fnmatchcase
from typing import Any

import sqlglot
from sqlglot import exp

from analytics.questions import views
from analytics.template import ROOT, load
from tests.kits.calls_kit import Calls
from tests.kits.template_kit import Resolver

TEMPLATE = load()
TABLES = {f"{name}Table.Arn": part for name, part in {
    "Windows": "windows", "Bills": "bills", "Meters": "meters", "Tariffs": "tariffs", "ServicePoints": "service_points",
    "Accounts": "accounts", "Forecasts": "forecasts",
}.items()} | {
    "BillsTable.Arn/index/by-month": "bills/by-month", "BillsTable.Arn/index/to-lake": "bills/to-lake",
}  # fmt: skip
# What Lambda itself calls in the role's name: it reads the stream and the queue, writes dead letters and logs.
BY_LAMBDA = {
    "kinesis:DescribeStream", "kinesis:DescribeStreamSummary", "kinesis:GetRecords", "kinesis:GetShardIterator",
    "kinesis:ListShards", "sqs:ReceiveMessage", "sqs:DeleteMessage", "s3:ListBucket", "logs:CreateLogStream",
    "logs:PutLogEvents", "xray:PutTraceSegments", "xray:PutTelemetryRecords",
}  # fmt: skip
# What Athena calls in the name of who asks: it reads the catalog and the files, and writes the result.
BY_ATHENA = {
    "glue:GetDatabase", "glue:GetTable", "glue:GetPartitions", "s3:GetBucketLocation", "s3:ListBucket", "s3:GetObject",
    "s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts",
}  # fmt: skip
KEY = {"kms:Decrypt", "kms:GenerateDataKey"}  # called by the services that keep what is encrypted

Grants = dict[str, set[str]]  # resources by action


def granted(role: str) -> Grants:
    """The actions of a role, each with its resources."""
    found: Grants = {}
    resolve = Resolver(TEMPLATE, Stage="prod")
    for policy in resolve(TEMPLATE["Resources"][role]["Properties"])["Policies"]:
        for statement in policy["PolicyDocument"]["Statement"]:
            for action in _list(statement["Action"]):
                found.setdefault(action, set()).update(_list(statement["Resource"]))
    return found


def task_role(**parameters: str) -> Grants:
    """The actions of the hosted dashboard's role with the parts of their resources' ARNs after the account."""
    template = load(ROOT / "hosting" / "template.yaml")
    role = Resolver(template, **parameters)(template["Resources"]["TaskRole"]["Properties"])
    found: Grants = {}
    for policy in role["Policies"]:
        for statement in policy["PolicyDocument"]["Statement"]:
            named = {resource.split(":", 5)[-1] for resource in _list(statement["Resource"])}
            for action in _list(statement["Action"]):
                found.setdefault(action, set()).update(named)
    return found


def check_resources(grants: Grants, calls: Calls, on_behalf: Collection[tuple[str, str]]) -> None:
    """Assert that each call is on a granted resource, and that each grant is called, or in `on_behalf`."""
    used = {*on_behalf}
    for action, resource in calls:
        named = _in_arn(action.partition(":")[0], resource)
        matching = {one for one in grants.get(action, ()) if not resource or fnmatchcase(named, one)}
        assert matching, f"{action} is called on {named} and not granted there"
        used |= {(action, one) for one in matching}
    unused = {(action, one) for action, resources in grants.items() for one in resources} - used
    assert not unused, f"{sorted(unused)} are granted and not called"


def _in_arn(service: str, resource: str) -> str:
    kinds = {"dynamodb": "table/", "kinesis": "stream/", "athena": "workgroup/", "cloudformation": "stack/"}
    if service == "dynamodb":
        resource = resource.replace("/", "/index/")
    if service == "cloudformation":
        resource += "/id"
    return kinds.get(service, "") + resource


def documented(file: str, heading: str) -> Grants:
    """The actions in the table of a page of docs/ that begins with a heading, each with the text of its resources.

    Actions stand in backticks; one without a service's prefix has that of the one before.
    """
    text = (ROOT / "docs" / file).read_text()
    rows = text[text.index(heading) :].partition("\n\n")[0].splitlines()[2:]
    found: Grants = {}
    for row in rows:
        _, actions, resources = (cell.strip() for cell in row.strip("|").split("|"))
        service = ""
        for name in re.findall(r"`([\w:]+)`", actions):
            service, _, action = name.rpartition(":") if ":" in name else (service, "", name)
            found.setdefault(f"{service}:{action}", set()).add(resources)
    return found


def check(role: str, calls: Calls, on_behalf: Collection[str] = BY_LAMBDA) -> None:
    """Assert that a role grants what was called and what services call `on_behalf` of it, and nothing else."""
    grants = granted(role)
    check_actions(grants, calls, on_behalf)
    for action, resources in grants.items():
        if action.startswith("dynamodb:"):
            called = {table for name, table in calls if name == action}
            allowed = {TABLES[one] for one in resources}
            assert called == allowed, f"{action} is called on {sorted(called)} and granted on {sorted(allowed)}"


def check_actions(grants: Grants, calls: Calls, on_behalf: Collection[str]) -> None:
    """Assert that the actions are those that were called, those `on_behalf`, and the key's."""
    called = {action for action, _ in calls}
    assert called <= grants.keys(), f"{sorted(called - grants.keys())} are called and not granted"
    unused = grants.keys() - called - {*on_behalf} - KEY
    assert not unused, f"{sorted(unused)} are granted and not called"


def tables_of(statements: Iterable[str]) -> set[str]:
    """The tables and views of the Glue database that SELECTs read, views' own tables too."""
    found: set[str] = set()
    for sql in statements:
        tree = sqlglot.parse_one(sql, dialect="athena")
        local = {cte.alias for cte in tree.find_all(exp.CTE)}
        found |= {table.name for table in tree.find_all(exp.Table)} - local
    own = views()
    inner = [own[name] for name in found if name in own]
    return found | tables_of(inner) if inner else found


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
