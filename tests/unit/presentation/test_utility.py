"""The file of the utility: what it may say, and what somebody is told whose file is wrong."""

import json
from pathlib import Path

import msgspec
import pytest

from analytics.template import ROOT
from electrocloud.domain.errors import SettingsError
from presentation import utility
from presentation.utility import DEFAULT, MAIL_FIELDS, Utility, read_utility

LEAST = """
name = "Town Power"
address = ["1 Main St"]
phone = "555-0100"
[mail]
sender = "bills@town.example"
subject = "Bill {number}"
text = "Dear {customer}"
"""


def file_of(text: str, folder: Path) -> Path:
    file = folder / "utility.toml"
    file.write_text(text)
    return file


def test_a_file_needs_no_more_than_a_name_an_address_a_phone_and_the_mail(tmp_path: Path) -> None:
    found = read_utility(file_of(LEAST, tmp_path))
    assert (found.name, found.pay, found.country, found.mail.reply_to) == ("Town Power", (), "US", None)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (('name = "Town Power"', ""), r"missing required field `name`; docs/billing.md"),
        (('phone = "555-0100"', 'phone = "555-0100"\nfone = "x"'), r"unknown field `fone`; docs/billing.md"),
        (('phone = "555-0100"', "phone = 5550100"), r"Expected `str`, got `int` - at `\$.phone`"),
        (('"bills@town.example"', '"Town Power"'), r"matching regex .* at `\$.mail.sender`"),
        (('"Town Power"', '"Town Power'), r"is not TOML: .*line 2"),
        (("{number}", "{amount}"), r"mail.subject may name \{customer\}, .*and nothing else"),
        (("{customer}", "{customer.name}"), r"mail.text may name"),
        (("{customer}", "{"), r"write a brace of the text itself twice"),
        (("{customer}", "{customer:%}"), r"mail.text may name"),
        (('"Bill {number}"', '"Bill\\nBcc: x@y.example"'), r"mail.subject must be a single line"),
    ],
)
def test_a_wrong_file_is_refused_with_the_field_and_what_to_do(
    tmp_path: Path, wrong: tuple[str, str], said: str
) -> None:
    with pytest.raises(SettingsError, match=said):
        read_utility(file_of(LEAST.replace(*wrong), tmp_path))


def test_a_file_that_is_not_there_is_named_with_what_names_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ELECTROCLOUD_UTILITY", str(tmp_path / "nowhere.toml"))
    utility.this_utility.cache_clear()
    with pytest.raises(SettingsError, match=r"nowhere.toml cannot be read: .*ELECTROCLOUD_UTILITY"):
        utility.this_utility()
    monkeypatch.delenv("ELECTROCLOUD_UTILITY")
    assert utility.this_utility() == read_utility(DEFAULT)


def test_the_documentation_has_every_field_and_the_schema() -> None:
    text = (ROOT / "docs" / "billing.md").read_text()
    schema = json.loads(msgspec.json.encode(msgspec.json.schema(Utility)))
    for name in schema["$defs"]["Utility"]["properties"]:
        assert f"| `{name}`" in text, name
    assert all(f"`{{{name}}}`" in text for name in MAIL_FIELDS)
    assert json.loads((ROOT / "docs" / "utility.schema.json").read_text()) == schema
