import base64
import json

from analytics.questions import views
from analytics.template import ROOT, load
from tests.kits.template_kit import Resolver
from tools.glue_catalog import resources, view_files


def test_the_template_has_the_glue_tables_of_the_views_and_the_registry_as_they_are_now():
    text = (ROOT / "template.yaml").read_text()
    assert resources().rstrip() in text, "run `make catalog` and put what it prints into template.yaml"


def test_the_views_files_are_what_would_be_generated_from_their_sql_now():
    for path, written in view_files().items():
        assert path.read_text() == written, "run `make catalog`"


def test_each_view_is_a_presto_view_with_its_sql_and_columns():
    template = load()
    resolve = Resolver(template, Database="electrocloud_dev")
    found = {}
    for resource in template["Resources"].values():
        table = resource.get("Properties", {}).get("TableInput", {})
        if table.get("TableType") == "VIRTUAL_VIEW":
            before, encoded, after = table["ViewOriginalText"]["Fn::Join"][1]
            document = json.loads(base64.b64decode(resolve(encoded)))
            assert (before, after) == ("/* Presto View: ", " */")
            assert [column["name"] for column in document["columns"]] == [
                column["Name"] for column in table["StorageDescriptor"]["Columns"]
            ]
            assert (document["catalog"], document["schema"]) == ("awsdatacatalog", "electrocloud_dev")
            found[table["Name"]] = document["originalSql"]
    assert found == views()
