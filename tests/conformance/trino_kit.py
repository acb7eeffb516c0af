"""Trino as Athena runs it: the Glue tables of template.yaml over files in S3, behind the calls of Athena's client.

Glue and S3 are the laptop's cloud; what reads them, plans and answers is Trino with its Hive connector.
"""

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from botocore.configloader import raw_config_parse

from analytics.template import load
from laptop import cloud
from laptop.processes import ProcessGroup
from tests.conformance import engines
from tests.kits.template_kit import Resolver

BUCKET, DATABASE, CATALOG = "lake", "electrocloud_laptop", "awsdatacatalog"
VERSION = "435"


def make_tables(glue: Any) -> None:
    """The database and the tables and views as template.yaml says, with what Glue itself adds to a table."""
    template = load()
    resolve = Resolver(template, Stage="laptop", Bucket=BUCKET, Database=DATABASE)
    glue.create_database(DatabaseInput={"Name": DATABASE})
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Glue::Table":
            table = resolve(resource["Properties"]["TableInput"])
            table["StorageDescriptor"]["NumberOfBuckets"] = 0
            # Where a table has no description Glue says none, and the laptop's cloud says "": that hides the comment.
            table["Description"] = table["Parameters"].get("comment", "")
            glue.create_table(DatabaseName=DATABASE, TableInput=table)


def start(children: ProcessGroup, folder: Path, local: cloud.LocalCloud) -> "TrinoAthena":
    """Start Trino on the Glue and the S3 of the laptop's cloud, and wait until it answers."""
    port = cloud.free_port()
    (folder / "catalog").mkdir()
    _write(folder / "config.properties", _server(folder, port))
    _write(folder / "catalog" / f"{CATALOG}.properties", _catalog(local))
    options = (
        "-Xmx2g",
        f"-Dconfig={folder / 'config.properties'}",
        f"-Dnode.data-dir={folder}",
        "-Djdk.attach.allowAttachSelf=true",
    )
    children.start("trino", engines.java("trino", "TrinoServer.java", VERSION, options=options), cloud.environment())
    url = f"http://{cloud.HOST}:{port}"
    cloud.wait_for(lambda: _started(url), "Trino", children, limit_s=180)
    return TrinoAthena(url)


def _server(folder: Path, port: int) -> dict[str, str]:
    return {
        "coordinator": "true",
        "node-scheduler.include-coordinator": "true",
        "http-server.http.port": str(port),
        "discovery.uri": f"http://{cloud.HOST}:{port}",
        "http-server.log.enabled": "false",  # it would lie in var/ of the checkout
        "node.environment": "conformance",
        "node.internal-address": cloud.HOST,
        "catalog.config-dir": str(folder / "catalog"),
        "plugin.dir": str(engines.fetch_plugin("trino-hive").parent),
    }


def _catalog(local: cloud.LocalCloud) -> dict[str, str]:
    keys = raw_config_parse(str(local.credentials))["default"]
    names = {
        "region": cloud.REGION,
        "aws-access-key": keys["aws_access_key_id"],
        "aws-secret-key": keys["aws_secret_access_key"],
    }
    return {
        "connector.name": "hive",
        "hive.metastore": "glue",
        "hive.metastore.glue.endpoint-url": local.endpoint,
        **{f"hive.metastore.glue.{name}": value for name, value in names.items()},
        "hive.partition-projection-enabled": "true",
        "hive.recursive-directories": "true",  # as Athena reads what is below a location
        "fs.hadoop.enabled": "false",
        "fs.native-s3.enabled": "true",
        "s3.endpoint": local.endpoint,
        "s3.path-style-access": "true",
        **{f"s3.{name}": value for name, value in names.items()},
    }


def _write(path: Path, properties: dict[str, str]) -> None:
    path.write_text("".join(f"{name}={value}\n" for name, value in properties.items()))


def _started(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/v1/info", timeout=2) as answer:
            return not json.load(answer)["starting"]
    except OSError:
        return False


class TrinoAthena:
    """The part of boto3's Athena client that `electrocloud.aws.athena.run` calls, answered by Trino."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._pages: list[dict[str, Any]] = []

    def answers(self, sql: str) -> bool:
        """Whether a statement has an answer: Trino has started before it has found itself as a node to run one."""
        self.start_query_execution(QueryString=sql)
        return "error" not in self._pages[-1]

    def start_query_execution(self, *, QueryString: str, **_: Any) -> dict[str, str]:  # noqa: N803
        self._pages = list(self._run(QueryString))
        return {"QueryExecutionId": "the-last-one"}

    def get_query_execution(self, **_: Any) -> dict[str, Any]:
        fault = self._pages[-1].get("error")
        status = {"State": "FAILED", "StateChangeReason": fault["message"]} if fault else {"State": "SUCCEEDED"}
        return {"QueryExecution": {"Status": status, "StatementType": "DML"}}

    def stop_query_execution(self, **_: Any) -> None:
        """Trino has ended each statement before it is asked how it went."""

    def get_paginator(self, _: str) -> "TrinoAthena":
        return self

    def paginate(self, **_: Any) -> Iterator[dict[str, Any]]:
        """One page, with Athena's header row and every value as its text."""
        columns = next(page["columns"] for page in self._pages if "columns" in page)
        rows = [row for page in self._pages for row in page.get("data", [])]
        header = {"Data": [{"VarCharValue": column["name"]} for column in columns]}
        info = [{"Name": column["name"], "Type": column["type"].partition("(")[0]} for column in columns]
        data = [{"Data": [_datum(value) for value in row]} for row in rows]
        yield {"ResultSet": {"Rows": [header, *data], "ResultSetMetadata": {"ColumnInfo": info}}}

    def _run(self, sql: str) -> Iterator[dict[str, Any]]:
        headers = {"X-Trino-User": "conformance", "X-Trino-Catalog": CATALOG, "X-Trino-Schema": DATABASE}
        request = urllib.request.Request(f"{self._url}/v1/statement", data=sql.encode(), headers=headers)
        while True:
            with urllib.request.urlopen(request, timeout=120) as answer:
                page: dict[str, Any] = json.load(answer)
            yield page
            if "nextUri" not in page:
                return
            request = urllib.request.Request(page["nextUri"])


def _datum(value: Any) -> dict[str, str]:
    if value is None:
        return {}
    return {"VarCharValue": str(value).lower() if isinstance(value, bool) else str(value)}
