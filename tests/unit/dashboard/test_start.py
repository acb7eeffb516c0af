"""Tests of what is ready before the dashboard's first user comes."""

import gc
import sys
from importlib import import_module

start = import_module("dashboard.__main__")


def test_all_libraries_of_the_pages_are_imported_and_no_page_is_drawn() -> None:
    before = {*sys.modules}
    start.import_libraries()
    assert "dashboard.bills.bulk_download" in sys.modules
    assert not [name for name in {*sys.modules} - before if name.startswith("dashboard.") and "page" in name]


def test_what_was_read_before_the_start_is_out_of_the_garbage_collectors_way() -> None:
    read = [["a list that the collector tracks"]]
    start.warm_up_and_freeze(lambda: read)
    try:
        assert not any(one is read for one in gc.get_objects())
    finally:
        gc.unfreeze()
