"""The dashboard, ready before it answers: `python -m dashboard --server.port 8501`, with Streamlit's own options.

Streamlit imports an app's libraries when the first person opens it, who would wait for them; here they come first.
"""

import sys
from pathlib import Path

import boto3  # noqa: F401
import fpdf  # noqa: F401
import pandas  # noqa: F401
import pydeck  # noqa: F401
import sqlglot  # noqa: F401
from streamlit.web import cli

if __name__ == "__main__":
    sys.argv[:1] = ["streamlit", "run", str(Path(__file__).with_name("app.py"))]
    cli.main(prog_name="streamlit")
