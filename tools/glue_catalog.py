"""Generates template.yaml's Glue tables from sql/views and the registry's columns.

`python -m tools.glue_catalog` prints them; a test checks that the template contains exactly this text.
"""

import json
import re
from pathlib import Path

import pyarrow as pa

from analytics.questions import FOLDER, views
from analytics.registry_tables import METERS, TARIFFS

_COLUMN = re.compile(r"-- column: (\w+) (\S+)(?: (.+))?")
_GLUE_OF_TRINO = {"varchar": "string", "timestamp(3)": "timestamp", "integer": "int"}
QUARANTINE = ("reason", "message", "sequence_number", "partition_key", "arrived_at", "payload")


def view_resource(name: str, text: str, sql: str) -> str:
    """A Presto view as a Glue table; its columns come from the file's `-- column:` lines."""
    columns = [(found[1], found[2]) for found in _COLUMN.finditer(text)]
    document = {
        "originalSql": sql,
        "catalog": "awsdatacatalog",
        "schema": "${Database}",
        "columns": [{"name": column, "type": kind} for column, kind in columns],
    }
    listed = ", ".join(f"{{ Name: {column}, Type: {_GLUE_OF_TRINO.get(kind, kind)} }}" for column, kind in columns)
    quoted = json.dumps(document).replace("'", "''")
    return f"""{_head(f"{_camel(name)}View", name)}        TableType: VIRTUAL_VIEW
        Parameters: {{ presto_view: "true", comment: Presto View }}
        ViewExpandedText: /* Presto View */
        ViewOriginalText: !Join
          - ""
          - - "/* Presto View: "
            - Fn::Base64: !Sub '{quoted}'
            - " */"
        PartitionKeys: []
        StorageDescriptor:
          SerdeInfo: {{}}
          Columns: [{listed}]
"""


def parquet_resource(name: str, location: str, schema: pa.Schema) -> str:
    """An unpartitioned table of Parquet files."""
    listed = "".join(f"            - {{ Name: {field.name}, Type: {_glue(field.type)} }}\n" for field in schema)
    return f"""{_head(f"{_camel(name)}Catalog", name)}        TableType: EXTERNAL_TABLE
        Parameters: {{ EXTERNAL: "TRUE", classification: parquet }}
        StorageDescriptor:
          Location: !Sub s3://${{Bucket}}/{location}/
          InputFormat: org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat
          OutputFormat: org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat
          SerdeInfo: {{ SerializationLibrary: org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe }}
          Columns:
{listed}"""


def quarantine_resource() -> str:
    """Rejected uploads, one JSON object per file, partitioned by UTC day of arrival."""
    listed = "".join(f"            - {{ Name: {name}, Type: string }}\n" for name in QUARANTINE)
    return f"""{_head("QuarantineCatalog", "quarantine")}        TableType: EXTERNAL_TABLE
        Parameters:
          EXTERNAL: "TRUE"
          classification: json
          projection.enabled: "true"
          projection.dt.type: date
          projection.dt.format: yyyy-MM-dd
          projection.dt.range: 2024-01-01,NOW+1DAYS
          projection.dt.interval: "1"
          projection.dt.interval.unit: DAYS
          storage.location.template: !Sub "s3://${{Bucket}}/quarantine/dt=${{!dt}}/"
        PartitionKeys:
          - {{ Name: dt, Type: string, Comment: the UTC day of arrival }}
        StorageDescriptor:
          Location: !Sub s3://${{Bucket}}/quarantine/
          InputFormat: org.apache.hadoop.mapred.TextInputFormat
          OutputFormat: org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat
          SerdeInfo: {{ SerializationLibrary: org.openx.data.jsonserde.JsonSerDe }}
          Columns:
{listed}"""


def resources() -> str:
    """All resources, formatted for the template."""
    parts = [parquet_resource("meters", "meters", METERS)]
    parts += [parquet_resource(name, f"tariffs/{name}", schema) for name, schema in TARIFFS.items()]
    parts += [quarantine_resource()]
    for name, sql in views().items():
        parts.append(view_resource(name, Path(FOLDER / "views" / f"{name}.sql").read_text(), sql))
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
    return {"bool": "boolean", "int32": "int", "int64": "bigint"}.get(str(kind), str(kind))


def _camel(name: str) -> str:
    return "".join(part.title() for part in name.split("_"))


if __name__ == "__main__":
    print(resources())
