"""The `electrocloud` command."""

import sys
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from cli.commands import (
    accounts,
    analysis,
    billing,
    exports,
    files,
    fleet,
    laptop,
    readings,
    recovery,
    registry,
    studies,
    tokens,
    weather,
)
from electrocloud.domain.errors import ElectroCloudError

INTERRUPTED = 130  # as shells report SIGINT


class _Commands(TyperGroup):
    """Prints errors as one sentence on stderr and exits with 1; `--debug` prints the traceback."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise typer.Exit(INTERRUPTED) from None
        except (typer.Exit, typer.Abort, BrokenPipeError):
            raise
        except Exception as error:
            if ctx.params.get("debug") or _is_click(error):
                raise
            typer.secho(f"electrocloud: {sentence(error)}", fg="red", err=True)
            raise typer.Exit(1) from None


def sentence(error: Exception) -> str:
    """What went wrong, for the person at the terminal."""
    if isinstance(error, ElectroCloudError):
        return str(error)
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    if "botocore" in sys.modules:  # else nothing of it can have been raised
        from cli.aws_errors import sentence_of  # noqa: PLC0415  help is shown without boto3

        if text := sentence_of(error):
            return text
    return f"unexpected {type(error).__name__}: {error}. `electrocloud --debug …` shows where; please report it"


def _is_click(error: Exception) -> bool:
    return type(error).__module__.startswith(("click", "typer"))


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version  # noqa: PLC0415

        typer.echo(f"electrocloud {version('electrocloud')}")
        raise typer.Exit


app = typer.Typer(
    help="From smart meters to bills, Parquet and charts.",
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # rich's help takes longer to import than all of this command
)


@app.callback()
def options(
    debug: Annotated[bool, typer.Option("--debug", help="Print the traceback of an error.")] = False,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", is_eager=True, callback=_version)
    ] = False,
) -> None:
    """From smart meters to bills, Parquet and charts."""


for command in (
    laptop.up,
    laptop.down,
    laptop.status,
    laptop.doctor,
    fleet.load,
    fleet.simulate,
    recovery.audit,
    recovery.erase,
    analysis.forecast,
    analysis.suspects,
    analysis.query,
    analysis.cost,
    recovery.redrive,
    recovery.replay,
    billing.compare,
    tokens.token,
):
    app.command()(command)
app.command("import")(files.import_files)
app.add_typer(accounts.app, name="account")
app.add_typer(billing.app, name="bill")
app.add_typer(exports.app, name="export")
app.add_typer(readings.app, name="readings")
app.add_typer(registry.app, name="registry")
app.add_typer(studies.app, name="study")
app.add_typer(weather.app, name="weather")
