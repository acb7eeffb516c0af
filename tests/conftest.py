"""Tests keep their state apart from what may be running on this laptop, and never see an account's credentials."""

import os
from pathlib import Path

from hypothesis import settings

settings.register_profile("untimed", deadline=None)  # a busy machine is no fault
settings.load_profile("untimed")
os.environ["ELECTROCLOUD_STATE"] = str(Path(".electrocloud", "tests"))
for _name in [name for name in os.environ if name.startswith("AWS_") and not name.endswith("CA_BUNDLE")]:
    del os.environ[_name]
os.environ.pop("ELECTROCLOUD_STACK", None)
