"""The commands that rate loads and show bills."""

from pathlib import Path
from typing import Annotated

import typer

from cli.choices import Gap, MeteringChoice, Sign
from cli.commands.file_options import (
    Format,
    Register,
    RegisterGap,
    StampedEnd,
    TimeColumn,
    ValueColumn,
    ValueKind,
    ValueSign,
    ValueUnit,
    read_options,
)
from cli.commands.output_option import JsonOption, OutputOption, TextOutputOption, chosen
from electrocloud.domain.errors import UsageError

app = typer.Typer(invoke_without_command=True)

TARIFF = typer.Option(
    "--tariff", help="Tariff file in URDB JSON. Repeat it for each dated version.", show_default=False
)
USAGE = typer.Option(
    "--usage", help="A meter data file: CSV, Parquet, Green Button XML, NEM12, MSCONS; zipped too.", show_default=False
)
FILL = typer.Option("--estimate", help="Estimate missing intervals from the same hours of the weeks before.")

_PANEL = "Service"
Zone = Annotated[
    str | None,
    typer.Option(help="Whose clocks: Area/City. Default: the tariff's timezone.", rich_help_panel=_PANEL),
]
ServiceFrom = Annotated[
    str | None, typer.Option(metavar="DATE", help="First local day of service.", rich_help_panel=_PANEL)
]
ServiceTo = Annotated[
    str | None,
    typer.Option(metavar="DATE", help="The local day on which service has ended (exclusive).", rich_help_panel=_PANEL),
]
CycleDay = Annotated[
    int | None,
    typer.Option(help="Read day, 1 to 28, that billing periods begin on. Default: 1.", rich_help_panel=_PANEL),
]
AsOf = Annotated[
    str | None,
    typer.Option(
        metavar="TIME", help="Readings are due that have ended by then. Default: now.", rich_help_panel=_PANEL
    ),
]
Spread = Annotated[
    str | None,
    typer.Option(
        "--spread",
        metavar="even",
        help="Share a reading that spans two prices or bills between them by time.",
        rich_help_panel=_PANEL,
    ),
]
CoincidentPeaks = Annotated[
    Path | None,
    typer.Option(
        help="When the system had its peaks: CSV with the column start, an hour each.", rich_help_panel=_PANEL
    ),
]
Prices = Annotated[
    Path | None,
    typer.Option(
        help="Prices by the hour or quarter-hour: CSV or Parquet with start and price_per_kwh or price_per_mwh.",
        rich_help_panel=_PANEL,
    ),
]
Metering = Annotated[
    MeteringChoice | None,
    typer.Option(help="How export is credited, where the tariff does not say so.", rich_help_panel=_PANEL),
]
OpeningCredit = Annotated[
    str | None,
    typer.Option(
        metavar="CREDIT",
        help="The credit for export of the bill before: 12.50 ($), 120kWh, or a file of bills from --json.",
        rich_help_panel=_PANEL,
    ),
]
BillsOf = Annotated[
    list[str] | None,
    typer.Option("--bill", help="Meter or agreement whose bill it is. Repeat it for more. Default: all bills."),
]
Strict = Annotated[
    bool,
    typer.Option("--strict", help="Refuse a charge for reactive power where the file has none."),
]


@app.callback()
def bill(
    context: typer.Context,
    tariff: Annotated[list[Path] | None, TARIFF] = None,
    usage: Annotated[Path | None, USAGE] = None,
    output: TextOutputOption = None,
    as_json: JsonOption = False,
    fill: Annotated[bool, FILL] = False,
    zone: Zone = None,
    service_from: ServiceFrom = None,
    service_to: ServiceTo = None,
    cycle_day: CycleDay = None,
    as_of: AsOf = None,
    spread: Spread = None,
    coincident_peaks: CoincidentPeaks = None,
    prices: Prices = None,
    metering: Metering = None,
    opening_credit: OpeningCredit = None,
    strict: Strict = False,
    form: Format = None,
    time_column: TimeColumn = None,
    value_column: ValueColumn = None,
    unit: ValueUnit = None,
    kind: ValueKind = None,
    stamp: StampedEnd = None,
    sign: ValueSign = Sign.plus,
    register: Register = None,
    gap: RegisterGap = Gap.leave_out,
    account: Annotated[str | None, typer.Option(help="Show the stored bills of an account.")] = None,
    meter: Annotated[str | None, typer.Option(help="Show the stored bills of a meter or an agreement.")] = None,
) -> None:
    """Bill a load on a tariff, or show stored bills."""
    if context.invoked_subcommand:
        return
    if account or meter:
        from cli.history import show_current

        show_current(account, meter, chosen(output, as_json=as_json))
        return
    if not tariff or usage is None:
        raise UsageError(
            "a bill needs --tariff T.json and --usage U.csv, or --account or --meter; see electrocloud bill --help"
        )
    from cli.bill import bill
    from cli.files.service import ServiceOptions

    options = ServiceOptions(
        zone,
        service_from,
        service_to,
        cycle_day,
        as_of,
        spread,
        strict,
        coincident_peaks,
        prices,
        metering.value if metering else None,
        opening_credit,
    )
    reading = read_options(
        zone=zone,
        form=form,
        time=time_column,
        value=value_column,
        unit=unit,
        kind=kind,
        stamp=stamp,
        sign=sign,
        register=register,
        gap=gap,
    )
    bill(tariff, usage, reading, options, chosen(output, as_json=as_json), fill=fill)


@app.command()
def batch(
    tariff: Annotated[list[Path], TARIFF],
    usage: Annotated[Path, USAGE],
    out: Annotated[Path, typer.Option(help="Output file: .csv, or else one line of JSON per bill.")],
    fill: Annotated[bool, FILL] = False,
    zone: Zone = None,
    service_from: ServiceFrom = None,
    service_to: ServiceTo = None,
    cycle_day: CycleDay = None,
    as_of: AsOf = None,
    spread: Spread = None,
    coincident_peaks: CoincidentPeaks = None,
    prices: Prices = None,
    metering: Metering = None,
    strict: Strict = False,
    form: Format = None,
    time_column: TimeColumn = None,
    value_column: ValueColumn = None,
    unit: ValueUnit = None,
    kind: ValueKind = None,
    stamp: StampedEnd = None,
    sign: ValueSign = Sign.plus,
    register: Register = None,
    gap: RegisterGap = Gap.leave_out,
) -> None:
    """Bill the loads of many meters (column meter_id), using all cores."""
    from cli.bill import batch
    from cli.files.service import ServiceOptions

    options = ServiceOptions(
        zone,
        service_from,
        service_to,
        cycle_day,
        as_of,
        spread,
        strict,
        coincident_peaks,
        prices,
        metering.value if metering else None,
    )
    reading = read_options(
        zone=zone,
        form=form,
        time=time_column,
        value=value_column,
        unit=unit,
        kind=kind,
        stamp=stamp,
        sign=sign,
        register=register,
        gap=gap,
    )
    batch(tariff, usage, out, reading, options, fill=fill)


@app.command()
def history(
    meter: Annotated[str, typer.Argument(help="Meter ID, such as US-000001.", show_default=False)],
    output: TextOutputOption = None,
    as_json: JsonOption = False,
) -> None:
    """List every version of a meter's bills in the deployed stack."""
    from cli.history import history

    history(meter, chosen(output, as_json=as_json))


@app.command()
def waiting(
    month: Annotated[str, typer.Argument(help="The month, such as 2026-10.", show_default=False)],
    output: OutputOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the bills of a month that cannot be closed yet, and why."""
    from cli.waiting_bills import show_waiting

    show_waiting(month, chosen(output, as_json=as_json))


@app.command("print")
def print_month(
    month: Annotated[str, typer.Argument(help="The month, such as 2026-10.", show_default=False)],
    out: Annotated[Path, typer.Option(help="Folder for the files, one per bill.")],
    bill: BillsOf = None,
) -> None:
    """Write a month's invoices as PDF files.

    Who sends them, how to pay and whom to call is in presentation/utility.toml, or in the file that the variable
    ELECTROCLOUD_UTILITY names.
    """
    from cli.print_bills import print_bills

    print_bills(month, bill or [], out)


@app.command("mail")
def mail_month(
    month: Annotated[str, typer.Argument(help="The month, such as 2026-10.", show_default=False)],
    bill: BillsOf = None,
    again: Annotated[bool, typer.Option("--again", help="Mail versions too that were mailed before.")] = False,
    log: Annotated[bool, typer.Option("--log", help="Mail nothing; list what was mailed to whom and when.")] = False,
    output: OutputOption = None,
    as_json: JsonOption = False,
) -> None:
    """Mail a month's final bills to their customers.

    Each goes to the e-mail address of its account. The mail's sender and text are in presentation/utility.toml, and SES
    must have verified the sender. It is safe to run again: only what was not mailed yet is.
    """
    from cli.mail_bills import mail_bills, show_mailings

    form = chosen(output, as_json=as_json)
    if log:
        show_mailings(month, bill or [], form)
    else:
        mail_bills(month, bill or [], form, again=again)


@app.command()
def backfill(
    publish_again: Annotated[
        bool, typer.Option("--publish-again", help="Write all other issued bills to the lake again too.")
    ] = False,
) -> None:
    """Issue final bills of earlier versions.

    Bills that were stored before bills had a number, an issue date and a due date get them, and are published. It is
    safe to run again.
    """
    from cli.backfill import backfill

    backfill(publish_again=publish_again)


def compare(
    tariffs: Annotated[list[Path], typer.Argument(help="Tariff files in URDB JSON; the first is the current tariff.")],
    usage: Annotated[Path, USAGE],
    output: TextOutputOption = None,
    as_json: JsonOption = False,
    show_all: Annotated[bool, typer.Option("--all", help="Show tariffs too that are not for this customer.")] = False,
    zone: Zone = None,
    service_from: ServiceFrom = None,
    service_to: ServiceTo = None,
    cycle_day: CycleDay = None,
    as_of: AsOf = None,
    spread: Spread = None,
    coincident_peaks: CoincidentPeaks = None,
    prices: Prices = None,
    metering: Metering = None,
    form: Format = None,
    time_column: TimeColumn = None,
    value_column: ValueColumn = None,
    unit: ValueUnit = None,
    kind: ValueKind = None,
    stamp: StampedEnd = None,
    sign: ValueSign = Sign.plus,
    register: Register = None,
    gap: RegisterGap = Gap.leave_out,
) -> None:
    """Rank tariffs by what a load costs on each.

    Shows what the cheapest one would save compared with the first one.
    """
    from cli.bill import compare
    from cli.files.service import ServiceOptions

    options = ServiceOptions(
        zone,
        service_from,
        service_to,
        cycle_day,
        as_of,
        spread,
        coincident_peaks=coincident_peaks,
        prices=prices,
        metering=metering.value if metering else None,
    )
    reading = read_options(
        zone=zone,
        form=form,
        time=time_column,
        value=value_column,
        unit=unit,
        kind=kind,
        stamp=stamp,
        sign=sign,
        register=register,
        gap=gap,
    )
    compare(tariffs, usage, reading, options, chosen(output, as_json=as_json), show_all=show_all)
