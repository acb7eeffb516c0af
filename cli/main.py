"""The `electrocloud` command."""

from typing import Any

import typer
from typer.core import TyperGroup

from cli.commands import analysis, billing, fleet, laptop, readings, recovery, registry
from electrocloud.domain.errors import ElectroCloudError


class _Commands(TyperGroup):
    """Prints errors as one line instead of a traceback."""

    def invoke(self, *arguments: Any, **named: Any) -> Any:
        try:
            return super().invoke(*arguments, **named)
        except ElectroCloudError as fault:
            typer.secho(f"electrocloud: {fault}", fg="red", err=True)
            raise typer.Exit(1) from None


app = typer.Typer(
    help="From smart meters to bills, Parquet and charts.",
    cls=_Commands,
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # rich's help takes longer to import than all of this command
)
for command in (
    laptop.up,
    laptop.down,
    laptop.status,
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
):
    app.command()(command)
app.add_typer(billing.app, name="bill")
app.add_typer(readings.app, name="readings")
app.add_typer(registry.app, name="registry")
