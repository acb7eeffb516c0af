"""The values of options with a fixed choice."""

from enum import StrEnum


class Channel(StrEnum):
    """A channel for uploads: the ingestion API, or KPL frames put directly into the stream."""

    api = "api"
    kinesis = "kinesis"


class Flow(StrEnum):
    """Which way the energy of a reading flowed: to the customer, or from the customer."""

    delivered = "delivered"
    received = "received"


class Source(StrEnum):
    """What a replay reads: the stream, or delivered Parquet."""

    stream = "stream"
    parquet = "parquet"


class Unit(StrEnum):
    """The unit of the values in a file."""

    wh = "Wh"
    kwh = "kWh"
    mwh = "MWh"
    w = "W"
    kw = "kW"
    mw = "MW"


class Kind(StrEnum):
    """What the values in a file are."""

    energy = "energy"
    power = "power"
    register = "register"


class Stamp(StrEnum):
    """Which end of an interval its time marks."""

    start = "start"
    end = "end"


class Sign(StrEnum):
    """The sign of delivered energy."""

    plus = "+"
    minus = "-"


class Gap(StrEnum):
    """What becomes of a register's rise over missing readings."""

    leave_out = "leave-out"
    spread = "spread"


class MeteringChoice(StrEnum):
    """How received energy is credited by a tariff that does not say so: SAM's metering options."""

    net_metering = "net-metering"
    net_metering_dollars = "net-metering-dollars"
    net_billing = "net-billing"
    net_billing_carryover = "net-billing-carryover"
    buy_all_sell_all = "buy-all-sell-all"


class ImportChannel(StrEnum):
    """Where imported uploads go: the ingestion API, the stream as KPL frames, or a file."""

    api = "api"
    kinesis = "kinesis"
    file = "file"


class Output(StrEnum):
    """How rows are printed."""

    table = "table"
    json = "json"
    csv = "csv"
    tsv = "tsv"
