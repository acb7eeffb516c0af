"""`make commands`: writes docs/commands.md from the help of the `electrocloud` command."""

import re

import typer
from typer.cli import get_docs_for_click

from analytics.template import ROOT
from cli.main import app

PAGE = ROOT / "docs" / "commands.md"
TITLE = "# Commands\n\nThe `electrocloud` command, in its own words; `make commands` writes this page.\n"


def page() -> str:
    """The page as it should be."""
    command = typer.main.get_command(app)
    context = typer.Context(command, info_name="electrocloud")
    text = get_docs_for_click(obj=command, ctx=context, name="electrocloud")
    return TITLE + re.sub(r"^# .*\n", "", text, count=1).rstrip() + "\n"


if __name__ == "__main__":
    PAGE.write_text(page())
