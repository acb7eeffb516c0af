"""The dashboard, ready before it answers: `python -m dashboard --server.port 8501`, with Streamlit's own options.

Streamlit imports an app's libraries when the first person opens it, and that person would wait for them and for the
first look at the fleet; here they come first.
"""

import sys
from contextlib import suppress
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError
from streamlit.web import cli

from dashboard import answers, data, fleet_map, invoice, meter_charts, meter_view  # noqa: F401
from electrocloud.domain.errors import ElectroCloudError

if __name__ == "__main__":
    with suppress(ElectroCloudError, BotoCoreError, ClientError):  # the pages say what is wrong
        data.fleet()
    sys.argv[:1] = ["streamlit", "run", str(Path(__file__).with_name("app.py"))]
    cli.main(prog_name="streamlit")
