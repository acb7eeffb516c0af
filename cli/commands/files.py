"""The command that imports meter data files."""

from pathlib import Path
from typing import Annotated

import typer

from cli.choices import Gap, ImportChannel, Sign
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


def import_files(
    files: Annotated[list[Path], typer.Argument(help="Meter data files, zipped or not.", show_default=False)],
    meter: Annotated[str | None, typer.Option(help="The meter's ID, where the file does not name it.")] = None,
    via: Annotated[
        ImportChannel, typer.Option(help="Send to the ingestion API, put KPL frames into the stream, or write --out.")
    ] = ImportChannel.api,
    out: Annotated[Path | None, typer.Option(help="With --via file: the file for uploads as lines of JSON.")] = None,
    revision: Annotated[
        int, typer.Option(min=0, max=65_535, help="A higher one replaces readings that were sent before.")
    ] = 0,
    zone: Annotated[str | None, typer.Option(help="Area/City of times without an offset.")] = None,
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
    """Import meter data files as uploads.

    Says what each file holds, sends its readings, and accounts for those left out. A second run changes nothing.
    """
    from cli.import_files import Target, import_files

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
    import_files(files, meter, Target(via, out), reading, revision)
