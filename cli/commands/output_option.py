"""The option of every command that answers with more than a sentence."""

from typing import Annotated

import typer

from cli.choices import Output
from electrocloud.domain.errors import UsageError

OutputOption = Annotated[
    Output | None,
    typer.Option("--output", "-o", help="How to print rows. Default: a table on a terminal, else TSV."),
]
TextOutputOption = Annotated[
    Output | None,
    typer.Option("--output", "-o", help="How to print the answer. Default: as text for people (table)."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="The same as --output json.")]


def chosen(output: Output | None, *, as_json: bool) -> Output | None:
    """The format that --output and --json ask for together. `UsageError` where they differ."""
    if as_json and output not in (None, Output.json):
        raise UsageError(f"--json and --output {output.value if output else ''} ask for two formats; give one")
    return Output.json if as_json else output
