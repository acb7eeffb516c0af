"""docs/tariffs.md says what is done with each field, as the code does it."""

from electrocloud.domain.tariffs.urdb_fields import FIELDS, fields_by_spelling, spelling
from tools.tariff_fields import PAGE, page


def test_the_page_has_the_fields_as_they_are_read():
    assert PAGE.read_text() == page(), "the fields have changed: run `make tariff-fields`"


def test_no_name_stands_for_two_fields():
    names = [spelling(name) for group in FIELDS.values() for field in group for name in (field.name, *field.aliases)]

    assert len(names) == len({*names}) == len(fields_by_spelling())
