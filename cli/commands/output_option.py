"""The option of every command that answers with rows."""

from typing import Annotated

import typer

from cli.choices import Output

OutputOption = Annotated[
    Output | None,
    typer.Option("--output", "-o", help="How to print rows. Default: a table on a terminal, else TSV."),
]
