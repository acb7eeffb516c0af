"""Generates template.yaml's Glue tables from sql/views and the registry's columns.

`python -m tools.glue_catalog` prints them; a test checks that the template contains exactly this text.
"""

import json
import re
from pathlib import Path
from typing import Any

import pyarrow as pa
import yaml

from analytics.questions import FOLDER, views
from analytics.registry_tables import METERS, TARIFFS
from analytics.template import ROOT
from lake.bill_tables import TABLES as BILLS
from lake.forecast_tables import TABLES as FORECASTS
from lake.weather import WEATHER
from registry.lake import TABLES as REGISTRY

_COLUMN = re.compile(r"-- column: (\w+) (\S+)(?: (.+))?")
_GLUE_OF_TRINO = {"varchar": "string", "timestamp(3)": "timestamp", "integer": "int"}
INCLUDES = "sql/catalog"  # from the root of the checkout
QUARANTINE = {
    "reason": "string",
    "message": "string",
    "sequence_number": "string",
    "partition_key": "string",
    "arrived_at": "string",
    "payload": "string",
    "position": "int",
}
ACCESS_LOG = dict.fromkeys(
    ("accessed_at", "user_name", "roles", "action", "data_kind", "account_id", "agreement_id", "meter_id", "detail"),
    "string",
)


def view_table(text: str, name: str, sql: str) -> dict[str, Any]:
    """A Presto view as a Glue table's TableInput; its columns are those of the file's `-- column:` lines.

    Athena keeps a view as JSON in base64. Its SQL stands here line by line, joined by JSON's line break.
    """
    columns = [(found[1], found[2]) for found in _COLUMN.finditer(text)]
    listed = json.dumps([{"name": column, "type": kind} for column, kind in columns])
    parts: list[Any] = [
        '{"originalSql": "',
        {"Fn::Join": ["\\n", [json.dumps(line)[1:-1] for line in sql.split("\n")]]},
        '", "catalog": "awsdatacatalog", "schema": "',
        {"Ref": "Database"},
        '", "columns": ',
        *listed.replace("}, {", "},\n {").split("\n"),
        "}",
    ]
    return {
        "Name": name,
        "TableType": "VIRTUAL_VIEW",
        "Parameters": {"presto_view": "true", "comment": "Presto View"},
        "ViewExpandedText": "/* Presto View */",
        "ViewOriginalText": {"Fn::Join": ["", ["/* Presto View: ", {"Fn::Base64": {"Fn::Join": ["", parts]}}, " */"]]},
        "PartitionKeys": [],
        "StorageDescriptor": {
            "SerdeInfo": {},
            "Columns": [{"Name": column, "Type": _GLUE_OF_TRINO.get(kind, kind)} for column, kind in columns],
        },
    }


def view_files() -> dict[Path, str]:
    """The files that template.yaml includes for the views of sql/views."""
    files = {}
    for name, sql in views().items():
        source = FOLDER / "views" / f"{name}.sql"
        table = view_table(source.read_text(), name, sql)
        written = yaml.safe_dump(table, sort_keys=False, allow_unicode=True, width=1000)
        files[ROOT / INCLUDES / f"{name}.yaml"] = f"# {source.name} for AWS Glue, by `make catalog`.\n{written}"
    return files


def view_resource(name: str) -> str:
    """A Presto view as a Glue table; its columns come from the file's `-- column:` lines."""
    return f"""  {_camel(name)}View:
    Type: AWS::Glue::Table
    Properties:
      CatalogId: !Ref AWS::AccountId
      DatabaseName: !Ref Database
      TableInput: {{ Fn::Transform: {{ Name: AWS::Include, Parameters: {{ Location: {INCLUDES}/{name}.yaml }} }} }}
"""


def parquet_resource(name: str, location: str, schema: pa.Schema) -> str:
    """An unpartitioned table of Parquet files."""
    parameters = '        Parameters: { EXTERNAL: "TRUE", classification: parquet }\n'
    return _parquet(name, location, schema, parameters)


def dated_resource(name: str, schema: pa.Schema, day: str) -> str:
    """A table of Parquet files, partitioned by a day."""
    parameters = f"""        Parameters:
          EXTERNAL: "TRUE"
          classification: parquet
          projection.enabled: "true"
          projection.dt.type: date
          projection.dt.format: yyyy-MM-dd
          projection.dt.range: 2015-01-01,NOW+1DAYS
          projection.dt.interval: "1"
          projection.dt.interval.unit: DAYS
          storage.location.template: !Sub "s3://${{Bucket}}/{name}/dt=${{!dt}}/"
        PartitionKeys:
          - {{ Name: dt, Type: string, Comment: {day} }}
"""
    return _parquet(name, name, schema, parameters)


def _parquet(name: str, location: str, schema: pa.Schema, parameters: str) -> str:
    listed = "".join(f"            - {{ Name: {field.name}, Type: {_glue(field.type)} }}\n" for field in schema)
    return f"""{_head(f"{_camel(name)}Catalog", name)}        TableType: EXTERNAL_TABLE
{parameters}        StorageDescriptor:
          Location: !Sub s3://${{Bucket}}/{location}/
          InputFormat: org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat
          OutputFormat: org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat
          SerdeInfo: {{ SerializationLibrary: org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe }}
          Columns:
{listed}"""


def json_resource(name: str, columns: dict[str, str], day: str) -> str:
    """A table of JSON lines, partitioned by a UTC day."""
    listed = "".join(f"            - {{ Name: {column}, Type: {kind} }}\n" for column, kind in columns.items())
    return f"""{_head(f"{_camel(name)}Catalog", name)}        TableType: EXTERNAL_TABLE
        Parameters:
          EXTERNAL: "TRUE"
          classification: json
          projection.enabled: "true"
          projection.dt.type: date
          projection.dt.format: yyyy-MM-dd
          projection.dt.range: 2024-01-01,NOW+1DAYS
          projection.dt.interval: "1"
          projection.dt.interval.unit: DAYS
          storage.location.template: !Sub "s3://${{Bucket}}/{name}/dt=${{!dt}}/"
        PartitionKeys:
          - {{ Name: dt, Type: string, Comment: {day} }}
        StorageDescriptor:
          Location: !Sub s3://${{Bucket}}/{name}/
          InputFormat: org.apache.hadoop.mapred.TextInputFormat
          OutputFormat: org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat
          SerdeInfo: {{ SerializationLibrary: org.openx.data.jsonserde.JsonSerDe }}
          Columns:
{listed}"""


def resources() -> str:
    """All resources, formatted for the template."""
    parts = [parquet_resource("meters", "meters", METERS)]
    parts += [parquet_resource(name, f"tariffs/{name}", schema) for name, schema in TARIFFS.items()]
    parts += [parquet_resource(name, f"registry/{name}", schema) for name, schema in REGISTRY.items()]
    parts += [dated_resource(name, schema, "the day of issue") for name, schema in BILLS.items()]
    parts += [dated_resource(name, schema, "the UTC day of the first hour") for name, schema in FORECASTS.items()]
    parts += [parquet_resource("weather", "weather", WEATHER)]
    parts += [json_resource("quarantine", QUARANTINE, "the UTC day of arrival")]
    parts += [json_resource("access_log", ACCESS_LOG, "the UTC day")]
    parts += [view_resource(name) for name in views()]
    return "\n".join(parts)


def _head(resource: str, table: str) -> str:
    return f"""  {resource}:
    Type: AWS::Glue::Table
    Properties:
      CatalogId: !Ref AWS::AccountId
      DatabaseName: !Ref Database
      TableInput:
        Name: {table}
"""


def _glue(kind: pa.DataType) -> str:
    if pa.types.is_decimal(kind):
        return f'"decimal({kind.precision},{kind.scale})"'
    if pa.types.is_timestamp(kind):
        return "timestamp"
    return {"bool": "boolean", "int32": "int", "int64": "bigint", "date32[day]": "date"}.get(str(kind), str(kind))


def _camel(name: str) -> str:
    return "".join(part.title() for part in name.split("_"))


def main() -> None:
    """Write the views' files, and print the resources."""
    for path, written in view_files().items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(written)
    print(resources())


if __name__ == "__main__":
    main()
