"""The commands of tariff studies."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from cli.commands.output_option import JsonOption, OutputOption, TextOutputOption, chosen

app = typer.Typer(no_args_is_help=True, help="Study what customers would pay under other tariffs or prices.")

Csv = Annotated[Path | None, typer.Option("--csv", help="Write each customer's result to this CSV file.")]
Excel = Annotated[Path | None, typer.Option("--xlsx", help="Write the study to this Excel workbook.")]


class Keep(StrEnum):
    """Which prices are scaled so that the revenue stays as it is."""

    energy = "energy"
    demand = "demand"
    fixed = "fixed"
    minimum = "minimum"
    none = "none"


@app.command()
def run(
    tariff: Annotated[str, typer.Option(help="A registered tariff that all these customers would have.")] = "",
    tariff_file: Annotated[
        Path | None, typer.Option(help="A tariff in URDB JSON that is not registered.", show_default=False)
    ] = None,
    change: Annotated[
        list[str] | None,
        typer.Option(
            help="Change prices: energy=+5%, energy[1]=+0.02 (period 1, $), demand=-10%, fixed=14.50, minimum=20. "
            "Repeatable.",
            show_default=False,
        ),
    ] = None,
    first: Annotated[str, typer.Option("--from", metavar="MONTH", help="First month. Default: a year ago.")] = "",
    last: Annotated[str, typer.Option("--to", metavar="MONTH", help="Last month. Default: last month.")] = "",
    customer_class: Annotated[str, typer.Option("--class", help="Only customers of this class.")] = "",
    feeder: Annotated[str, typer.Option(help="Only customers at this feeder.")] = "",
    keep: Annotated[Keep, typer.Option(help="Which prices to scale so that revenue stays as it is.")] = Keep.energy,
    to_csv: Csv = None,
    to_xlsx: Excel = None,
    output: TextOutputOption = None,
    as_json: JsonOption = False,
) -> None:
    """Rate the bills of a year under another tariff or changed prices, and store the study.

    Without --tariff and --tariff-file each customer keeps the own tariff, with the changed prices. Customers with gaps
    in their readings are estimated as their bills are.
    """
    from cli.study import run

    asked = (
        tariff,
        tariff_file,
        change or [],
        first,
        last,
        customer_class,
        feeder,
        "" if keep == "none" else keep.value,
    )
    run(*asked, to_csv, to_xlsx, chosen(output, as_json=as_json))


@app.command("list")
def list_studies(output: OutputOption = None, as_json: JsonOption = False) -> None:
    """List the stored studies, the newest first."""
    from cli.study import list_studies

    list_studies(chosen(output, as_json=as_json))


@app.command()
def show(
    study: Annotated[str, typer.Argument(help="The study's ID, which `list` prints.", show_default=False)],
    to_csv: Csv = None,
    to_xlsx: Excel = None,
    output: TextOutputOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show a stored study."""
    from cli.study import show

    show(study, to_csv, to_xlsx, chosen(output, as_json=as_json))
