import base64
import json

from analytics.questions import views
from analytics.template import ROOT, load
from tools.glue_catalog import resources


def test_the_template_has_the_glue_tables_of_the_views_and_the_registry_as_they_are_now():
    text = (ROOT / "template.yaml").read_text()
    assert resources().rstrip() in text, "run `python -m tools.glue_catalog` and put what it prints into template.yaml"


def test_each_view_is_a_presto_view_with_its_sql_and_columns():
    found = {}
    for resource in load()["Resources"].values():
        table = resource.get("Properties", {}).get("TableInput", {})
        if table.get("TableType") == "VIRTUAL_VIEW":
            before, encoded, after = table["ViewOriginalText"]["Fn::Join"][1]
            document = json.loads(encoded["Fn::Base64"]["Fn::Sub"])
            assert (before, after) == ("/* Presto View: ", " */")
            assert base64.b64encode(json.dumps(document).encode())
            assert [column["name"] for column in document["columns"]] == [
                column["Name"] for column in table["StorageDescriptor"]["Columns"]
            ]
            found[table["Name"]] = document["originalSql"]
    assert found == views()
