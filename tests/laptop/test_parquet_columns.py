"""A column that no file of a Parquet table has is NULL in the laptop's Athena, as it is in Athena."""

from tests.kits.cloud_kit import run_in_cloud

SCRIPT = """
import duckdb
from ministack.services import athena
from laptop.guarded_cloud.parquet_columns import with_columns

old, new = "{folder}/dt=2026-11-01/old.parquet", "{folder}/dt=2026-11-02/new.parquet"
duckdb.sql(f"COPY (SELECT 'm' AS meter_id, 5 AS wh) TO '{{old}}'")
duckdb.sql(f"COPY (SELECT 'm' AS meter_id, 7 AS wh, 'received' AS direction) TO '{{new}}'")
table = {{
    "Parameters": {{"classification": "parquet"}},
    "PartitionKeys": [{{"Name": "dt", "Type": "string"}}],
    "StorageDescriptor": {{"Columns": [
        {{"Name": "meter_id", "Type": "string"}}, {{"Name": "wh", "Type": "bigint"}},
        {{"Name": "direction", "Type": "string"}},
    ]}},
}}
relation = with_columns(athena._table_relation, athena._empty_relation)
for files in ([old], [old, new]):
    print(duckdb.sql(f"SELECT wh, direction FROM {{relation(table, files)}} AS t ORDER BY wh").fetchall())
plan = duckdb.sql(f"EXPLAIN ANALYZE SELECT wh FROM {{relation(table, [old, new])}} AS t WHERE dt = '2026-11-01'")
print("Scanning Files: 1/2" in plan.fetchall()[0][1])
"""


def test_a_column_that_no_file_has_is_null_and_a_day_still_reads_its_own_files(tmp_path) -> None:
    for day in ("2026-11-01", "2026-11-02"):
        (tmp_path / f"dt={day}").mkdir()
    lines = run_in_cloud(SCRIPT.format(folder=tmp_path))
    assert lines == ["[(5, None)]", "[(5, None), (7, 'received')]", "True"]
