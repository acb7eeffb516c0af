"""A laptop's cloud of its own with the template's tables, to ask its Athena."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from analytics.template import load
from electrocloud.aws.stack import Stack
from laptop import cloud
from laptop.processes import ProcessGroup


@contextmanager
def running_athena(state: Path, **names: str) -> Iterator[Stack]:
    """A stack with a bucket, a work group and the lake's tables, and with these `names` of others."""
    children = ProcessGroup(state / "logs")
    try:
        local = cloud.start_cloud(children, cloud.free_port(), state)
        cloud.wait_until_up(local, children)
        unused: dict[str, Any] = dict.fromkeys(set(Stack.__struct_fields__) - {"endpoint", "credentials"}, "-")
        parts = {"bucket": "lake", "database": "electrocloud", "work_group": "analysts", "region": cloud.REGION}
        stack = Stack(**unused | parts | names, endpoint=local.endpoint, credentials=str(local.credentials))
        _make_tables(stack)
        yield stack
    finally:
        children.stop()


def _make_tables(stack: Stack) -> None:
    location: Any = {"LocationConstraint": stack.region}
    stack.client("s3").create_bucket(Bucket=stack.bucket, CreateBucketConfiguration=location)
    results: Any = {"ResultConfiguration": {"OutputLocation": f"s3://{stack.bucket}/athena/"}}
    stack.client("athena").create_work_group(Name=stack.work_group, Configuration=results)
    glue = stack.client("glue")
    glue.create_database(DatabaseInput={"Name": stack.database})
    for resource in load()["Resources"].values():
        table = resource.get("Properties", {}).get("TableInput", {})
        if table.get("TableType") == "EXTERNAL_TABLE":
            glue.create_table(DatabaseName=stack.database, TableInput=_resolved(table, stack.bucket))


def _resolved(value: Any, bucket: str) -> Any:
    match value:
        case {"Fn::Sub": text}:
            return text.replace("${Bucket}", bucket).replace("${!", "${")
        case dict():
            return {name: _resolved(inner, bucket) for name, inner in value.items()}
        case list():
            return [_resolved(inner, bucket) for inner in value]
    return value
