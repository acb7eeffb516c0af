"""Green Button Download My Data: a meter's usage and bills as an Atom feed of NAESB ESPI 4.0.

Each entry has one ESPI element, and entries refer to each other by links. Times are seconds since 1970 UTC, energy is
in Wh, and money in hundred-thousandths of the currency. Order and names are those of the schema (espi.xsd).
"""

import io
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import groupby
from typing import NamedTuple
from uuid import NAMESPACE_URL, uuid5
from xml.sax.saxutils import XMLGenerator
from xml.sax.xmlreader import AttributesImpl

from electrocloud.domain.billing.bill import Bill
from electrocloud.domain.billing.charges import Line
from electrocloud.domain.local_time import midnight_of, zone_of
from electrocloud.domain.readings.upload import Direction
from presentation.bill_versions import bill_days
from presentation.espi_time import local_time
from presentation.meter_usage import COST_PARTS, Usage, UsageReading

_ATOM = "http://www.w3.org/2005/Atom"
_ESPI = "http://naesb.org/espi"

_WH, _W = 72, 38
_FLOW = {"delivered": 1, "received": 19}
_CURRENCIES = {
    "USD": 840, "EUR": 978, "AUD": 36, "CAD": 124, "CHF": 756, "DKK": 208, "GBP": 826, "JPY": 392, "NOK": 578,
    "SEK": 752, "INR": 356, "NZD": 554, "MXN": 484, "BRL": 986, "PLN": 985, "CZK": 203, "ZAR": 710,
}  # fmt: skip
_ITEM_KINDS = {"energy": 3, "demand": 2, "flat demand": 2, "coincident": 2, "reactive": 2, "tax": 5}
_ADMINISTRATIVE, _CREDIT = 4, 8
# QualityOfReading
_QUALITIES = {"measured": 0, "edited": 7, "substituted": 7, "estimated": 8, "questionable": 10}
_ESTIMATED, _UNVALIDATED, _REVENUE = 8, 14, 19

_Element = tuple[str, "int | str | list[_Element]"]


class _Link(NamedTuple):
    relation: str
    href: str


def green_button(usage: Usage, made: datetime) -> bytes:
    """The feed as UTF-8. `made` is when; the same usage at the same time gives the same bytes."""
    out = io.BytesIO()
    xml = XMLGenerator(out, "utf-8", short_empty_elements=True)
    xml.startDocument()
    _start(xml, "feed", xmlns=_ATOM)
    point = f"RetailCustomer/1/UsagePoint/{usage.meter_id}"
    _header(xml, f"Green Button usage of {usage.meter_id}", point + "/feed", made)
    for place, links, element, title in _entries(usage, point, made):
        _start(xml, "entry")
        _header(xml, title, place, made)
        for link in links:
            _start(xml, "link", rel=link.relation, href=link.href)
            xml.endElement("link")
        _start(xml, "content", type="application/xml")
        _write(xml, element, xmlns=_ESPI)
        xml.endElement("content")
        xml.endElement("entry")
    xml.endElement("feed")
    xml.endDocument()
    return out.getvalue()


def _entries(usage: Usage, point: str, made: datetime) -> Iterator[tuple[str, list[_Link], _Element, str]]:
    related = [f"{point}/MeterReading", f"{point}/UsageSummary", "LocalTimeParameters/1"]
    links = [_Link("up", "RetailCustomer/1/UsagePoint"), *(_Link("related", href) for href in related)]
    yield point, links, ("UsagePoint", [("ServiceCategory", [("kind", 0)])]), f"Meter {usage.meter_id}"
    clock = local_time(usage.zone, made.year)
    parameters: list[_Element] = [
        ("dstEndRule", clock.dst_end_rule),
        ("dstOffset", clock.dst_offset),
        ("dstStartRule", clock.dst_start_rule),
        ("tzOffset", clock.offset),
    ]
    yield "LocalTimeParameters/1", [_Link("up", "LocalTimeParameters")], ("LocalTimeParameters", parameters), usage.zone
    for direction, readings in usage.readings.items():
        if readings:
            yield from _direction(readings, point, direction, usage)
    for number, bill in enumerate(usage.bills, start=1):
        place = f"{point}/UsageSummary/{number}"
        title = f"Bill {bill.number}" if bill.number else f"Bill of {bill.month or bill.period_start}"
        yield place, [_Link("up", f"{point}/UsageSummary")], ("UsageSummary", list(_summary(bill, made))), title


def _direction(
    readings: Sequence[UsageReading], point: str, direction: Direction, usage: Usage
) -> Iterator[tuple[str, list[_Link], _Element, str]]:
    place, type_of = f"{point}/MeterReading/{direction}", f"ReadingType/{direction}"
    related = [_Link("related", type_of), _Link("related", f"{place}/IntervalBlock")]
    title = f"Energy {direction}"
    yield place, [_Link("up", f"{point}/MeterReading"), *related], ("MeterReading", []), title
    currency = _CURRENCIES.get(usage.bills[-1].currency, 0) if usage.bills else 0
    lengths = [reading.seconds for reading in readings]
    reading_type: list[_Element] = [
        ("accumulationBehaviour", 4),  # delta data
        ("commodity", 1),  # electricity, metered at secondary voltage
        *([("currency", currency)] if any(reading.cost is not None for reading in readings) else []),
        ("dataQualifier", 12),  # normal
        ("flowDirection", _FLOW[direction]),
        ("intervalLength", max(set(lengths), key=lengths.count)),
        ("kind", 12),  # energy
        ("powerOfTenMultiplier", 0),
        ("uom", _WH),
    ]
    yield type_of, [_Link("up", "ReadingType")], ("ReadingType", reading_type), title
    for day, own in groupby(readings, key=lambda reading: _local_day(reading, usage.zone)):
        block = f"{place}/IntervalBlock/{day:%Y%m%d}"
        yield block, [_Link("up", f"{place}/IntervalBlock")], ("IntervalBlock", _block(list(own))), str(day)


def _local_day(reading: UsageReading, zone: str) -> date:
    return datetime.fromtimestamp(reading.start, zone_of(zone)).date()


def _block(readings: Sequence[UsageReading]) -> list[_Element]:
    end = readings[-1].start + readings[-1].seconds
    rows: list[_Element] = [
        (
            "IntervalReading",
            [
                *([] if reading.cost is None else [("cost", reading.cost)]),
                ("ReadingQuality", [("quality", _QUALITIES[reading.quality])]),
                ("timePeriod", _period(reading.start, reading.start + reading.seconds)),
                ("value", reading.wh),
            ],
        )
        for reading in readings
    ]
    return [("interval", _period(readings[0].start, end)), *rows]


def _summary(bill: Bill, made: datetime) -> Iterator[_Element]:
    """The summary of a bill: its amount, each of its lines, the energy, and the quality of what it is made of."""
    first, end = bill_days(bill)
    yield "billingPeriod", _period(midnight_of(first, bill.zone), midnight_of(end, bill.zone))
    yield "billLastPeriod", _money(bill.total_rounded)
    yield "costAdditionalLastPeriod", _money(sum((line.amount_rounded for line in bill.lines), Decimal(0)))
    for line in bill.lines:
        yield "costAdditionalDetailLastPeriod", list(_line(bill, line))
    yield "currency", _CURRENCIES.get(bill.currency, 0)
    yield "overallConsumptionLastPeriod", _measured(int(bill.energy_kwh * 1000), _WH)
    quality = _ESTIMATED if bill.intervals.estimated else _REVENUE if bill.status == "final" else _UNVALIDATED
    yield "qualityOfReading", quality
    yield "statusTimeStamp", midnight_of(bill.issued_on, bill.zone) if bill.issued_on else int(made.timestamp())
    yield "commodity", 1
    yield "tariffProfile", bill.tariff_name[:256]


def _line(bill: Bill, line: Line) -> Iterator[_Element]:
    yield "amount", _money(line.amount_rounded)
    yield "note", line.explanation[:256]
    if line.unit == "kWh":
        yield "measurement", _measured(round(line.quantity * 1000), _WH)
    elif line.unit == "kW":
        yield "measurement", _measured(round(line.quantity * 1000), _W)
    usual = _ITEM_KINDS.get(line.kind, _ADMINISTRATIVE)
    yield "itemKind", _CREDIT if usual == _ADMINISTRATIVE and line.amount_rounded < 0 else usual
    yield "unitCost", _money(line.unit_rate)
    if line.segment is not None and bill.segments:
        segment = bill.segments[line.segment]
        yield "itemPeriod", _period(midnight_of(segment.first_day, bill.zone), midnight_of(segment.end_day, bill.zone))


def _period(start: int, end: int) -> list[_Element]:
    return [("duration", end - start), ("start", start)]


def _measured(value: int, unit: int) -> list[_Element]:
    return [("powerOfTenMultiplier", 0), ("uom", unit), ("value", value)]


def _money(amount: Decimal) -> int:
    return round(amount * COST_PARTS)


def _header(xml: XMLGenerator, title: str, place: str, made: datetime) -> None:
    """An entry's identity, which is that of its place, and its times."""
    stamp = made.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    for name, text in (("id", f"urn:uuid:{uuid5(NAMESPACE_URL, place)}"), ("title", title), ("updated", stamp)):
        _write(xml, (name, text))
    _start(xml, "link", rel="self", href=place)
    xml.endElement("link")


def _write(xml: XMLGenerator, element: _Element, **attributes: str) -> None:
    name, content = element
    _start(xml, name, **attributes)
    if isinstance(content, list):
        for child in content:
            _write(xml, child)
    else:
        xml.characters(str(content))
    xml.endElement(name)


def _start(xml: XMLGenerator, name: str, **attributes: str) -> None:
    xml.startElement(name, AttributesImpl(attributes))
