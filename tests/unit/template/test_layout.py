"""template.yaml is laid out in one order, and says what it takes and gives."""

import re

import pytest
import yaml

from analytics.template import ROOT, load

TEXT = (ROOT / "template.yaml").read_text()
SECTIONS = [
    "key and bucket", "stream", "API", "functions", "delivery to Parquet", "tables", "lake", "dashboard", "alarms",
]  # fmt: skip


def test_the_resources_stand_in_sections_of_one_order():
    assert re.findall(r"^  # --- (.+?) -+$", TEXT, re.MULTILINE) == SECTIONS


def test_the_alarms_stand_together():
    alarms = [body["Type"] == "AWS::CloudWatch::Alarm" for body in load()["Resources"].values()]
    first = alarms.index(True)
    assert all(alarms[first:])


@pytest.mark.parametrize("section", ["Parameters", "Outputs"])
def test_each_parameter_and_output_is_described(section):
    assert [name for name, body in load()[section].items() if len(body.get("Description", "")) < 10] == []


def test_no_line_of_the_template_is_longer_than_a_screen():
    assert [line[:60] for line in TEXT.splitlines() if len(line) > 200] == []


def test_the_template_reads_with_every_yaml_parser():
    """The SAM CLI reads it with PyYAML's own parser, which is stricter than libyaml in flow style."""

    class Loader(yaml.SafeLoader):
        pass

    Loader.add_multi_constructor("!", lambda loader, suffix, node: suffix)
    assert yaml.load(TEXT, Loader)["Resources"].keys() == load()["Resources"].keys()
