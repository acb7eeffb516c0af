"""The `electrocloud` command."""

import typer
from typer.core import TyperGroup

from cli import bill, registry
from cli.cost import cost
from cli.erase import erase
from cli.forecast import forecast
from cli.history import history
from cli.load import load
from cli.query import query
from cli.recover import redrive, replay
from cli.simulate import simulate
from cli.suspects import suspects
from cli.up import down, status, up
from electrocloud.domain.errors import ElectroCloudError


class _Commands(TyperGroup):
    """Prints errors as one line instead of a traceback."""

    def invoke(self, ctx: typer.Context) -> object:
        try:
            return super().invoke(ctx)
        except ElectroCloudError as fault:
            typer.secho(f"electrocloud: {fault}", fg="red", err=True)
            raise typer.Exit(1) from None


app = typer.Typer(
    help="From smart meters to bills, Parquet and charts.",
    cls=_Commands,
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.command()(up)
app.command()(down)
app.command()(status)
app.command()(load)
app.command()(simulate)
app.command()(erase)
app.command()(forecast)
app.command()(suspects)
app.command()(query)
app.command()(cost)
app.command()(redrive)
app.command()(replay)
bill.app.command()(history)
app.add_typer(bill.app, name="bill")
app.command()(bill.compare)
app.add_typer(registry.app, name="registry")
