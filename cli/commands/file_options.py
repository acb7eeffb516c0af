"""The options that say how a meter data file is to be read, where it does not say so itself."""

from typing import TYPE_CHECKING, Annotated

import typer

from cli.choices import Gap, Kind, Sign, Stamp, Unit

if TYPE_CHECKING:
    from meter_files.channel import ReadOptions

_PANEL = "Meter data file"


def _option(*names: str, text: str) -> object:
    return typer.Option(*names, help=text, rich_help_panel=_PANEL)


Format = Annotated[str | None, _option("--format", text="The format, such as Enedis. Default: recognized.")]
TimeColumn = Annotated[str | None, _option("--time-column", text="The column of times; DATE+TIME joins two.")]
ValueColumn = Annotated[str | None, _option("--value-column", text="The column of values.")]
ValueUnit = Annotated[Unit | None, _option("--unit", text="The unit of the values; W, kW and MW are averages.")]
ValueKind = Annotated[Kind | None, _option("--kind", text="Energy of an interval, average power, or a register.")]
StampedEnd = Annotated[Stamp | None, _option("--stamp", text="Which end of an interval its time marks.")]
ValueSign = Annotated[Sign, _option("--sign", text="The sign of delivered energy.")]
Register = Annotated[str | None, _option("--register", text="The one register to read.")]
RegisterGap = Annotated[
    Gap, _option("--gap", text="A register's rise over missing readings: leave it out or spread it.")
]


def read_options(
    *,
    zone: str | None,
    form: str | None,
    time: str | None,
    value: str | None,
    unit: Unit | None,
    kind: Kind | None,
    stamp: Stamp | None,
    sign: Sign,
    register: str | None,
    gap: Gap,
) -> "ReadOptions":
    """The options as the readers take them."""
    from meter_files.channel import ReadOptions

    kinds = {Kind.energy: "interval energy", Kind.power: "average power", Kind.register: "register"}
    return ReadOptions(
        format=form,
        zone=zone,
        time=time,
        value=value,
        unit=unit.value if unit else None,
        kind=kinds[kind] if kind else None,  # type: ignore[arg-type]
        stamp=stamp.value if stamp else None,
        sign=sign.value,
        register=register,
        gap=gap.value,
    )
