"""Green Button exports: valid by ESPI's schema, and read back by our reader and a public one to the same energies."""

import io
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from greenbutton_objects import parse as public_reader
from lxml import etree
from msgspec import structs

from electrocloud.aws.store.bill_outbox import IssuedBill
from electrocloud.domain.billing.bill import Bill, bills
from electrocloud.domain.billing.service import BillKey, Service, service_without_agreement
from electrocloud.domain.errors import UsageError
from electrocloud.domain.meter import RegisteredMeter
from electrocloud.domain.readings.meter_day import Interval, MeterDay
from electrocloud.domain.readings.upload import Adjustment, Upload
from electrocloud.domain.tariffs.urdb import tariff_from_urdb
from meter_files.channel import ReadOptions
from meter_files.load import read_load
from presentation.espi_time import local_time
from presentation.green_button import green_button
from presentation.meter_usage import Usage, usage_of
from tests.kits.billing_kit import document, instant, time_of_use

SCHEMA = Path(__file__).parents[2] / "schemas" / "espi.xsd"
ZONE = "America/New_York"
MADE = datetime(2026, 4, 3, 12, tzinfo=UTC)
NS = {"e": "http://naesb.org/espi", "a": "http://www.w3.org/2005/Atom"}
ROWS = {"measured": 3, "estimated": 1, "substituted": 2, "questionable": 0}  # ranks as the stored form has them


class Memory:
    """Days and bills of one meter."""

    def __init__(self, days: list[MeterDay], history: list[Bill]) -> None:
        self._days, self._history = days, history

    def meter(self, meter_id: str) -> RegisteredMeter | None:
        return RegisteredMeter("M-1", 0, 0, "F", "home", "t", ZONE) if meter_id == "M-1" else None

    def days(self, _: str, first: date, last: date) -> list[MeterDay]:
        return [day for day in self._days if first <= day.day <= last]

    def keyed_history(self, _: str) -> list[IssuedBill]:
        return [IssuedBill(BillKey(one.agreement_id, one.month), one) for one in self._history]


def quarters(day: date, wh: int, quality: str = "measured") -> Upload:
    values = [(minute, (0, ROWS[quality], wh, 0)) for minute in range(0, 1440, 15)]
    return Upload("M-1", 900, day, values, received=[(0, (0, ROWS["measured"], 5, 0))])


def march() -> list[MeterDay]:
    """A March of quarter-hours with received energy, an estimated day, and a reading that an operator corrected."""
    found = []
    for number in range(1, 33):
        day = MeterDay(date.fromordinal(date(2026, 2, 28).toordinal() + number))
        day.merge(quarters(day.day, number, "estimated" if number == 7 else "measured"))
        found.append(day)
    return found


def billed(days: list[MeterDay], **changes: Any) -> list[Bill]:
    """The bill of March, with a fixed charge and a rate."""
    tariff = tariff_from_urdb(
        document(0.1234567, timezone=ZONE, fixedchargefirstmeter=9.5, fixedchargeunits="$/month", name="Flat & <Co>")
    )
    intervals: list[Interval] = [one for day in days for one in day.intervals()]
    return [
        structs.replace(one, **changes) for one in bills(tariff, intervals, meter_id="M-1") if one.month == "2026-03"
    ]


def usage(days: list[MeterDay], history: list[Bill], services: Sequence[Service] = ()) -> Usage:
    return usage_of(Memory(days, history), "M-1", date(2026, 3, 1), date(2026, 4, 1), services)


def elements(feed: bytes, name: str) -> list[ElementTree.Element]:
    return ElementTree.fromstring(feed).findall(f".//e:{name}", NS)


def number(element: ElementTree.Element, path: str) -> int:
    return int(element.findtext(path, "", NS))


@pytest.fixture(scope="module")
def feed() -> bytes:
    days = march()
    return green_button(usage(days, billed(days)), MADE)


def test_every_element_is_valid_by_the_schema(feed: bytes):
    schema = etree.XMLSchema(etree.parse(SCHEMA))
    contents = etree.fromstring(feed).findall(".//a:content/*", NS)

    assert {etree.QName(one).localname for one in contents} == {
        "UsagePoint", "LocalTimeParameters", "MeterReading", "ReadingType", "IntervalBlock", "UsageSummary",
    }  # fmt: skip
    for one in contents:
        schema.assertValid(etree.fromstring(etree.tostring(one)))


def test_an_invalid_element_is_found_by_the_schema(feed: bytes):
    schema = etree.XMLSchema(etree.parse(SCHEMA))
    block = etree.fromstring(feed).find(".//e:IntervalBlock", NS)
    block.append(etree.fromstring('<uom xmlns="http://naesb.org/espi">72</uom>'))

    assert not schema.validate(etree.fromstring(etree.tostring(block)))


def test_our_reader_has_the_readings_of_both_directions_and_their_qualities(feed: bytes, tmp_path: Path):
    (tmp_path / "usage.xml").write_bytes(feed)
    delivered, received = read_load(tmp_path / "usage.xml", ReadOptions()).meters

    start, end = instant("2026-03-01T00:00", ZONE), instant("2026-04-01T00:00", ZONE)
    expected = [one for day in march() for one in day.intervals() if start <= one.start < end]
    readings = delivered.readings
    assert list(zip(readings.start.tolist(), readings.seconds.tolist(), readings.wh.tolist(), strict=True)) == expected
    assert readings.estimated.sum() == 96
    assert (delivered.meter, delivered.direction, received.direction) == ("M-1", "delivered", "received")
    assert received.readings.wh.tolist() == [5] * 31


def test_readings_have_their_cost_of_the_bill_and_together_its_energy_charge(tmp_path: Path):
    days, tariff = march(), tariff_from_urdb({**time_of_use(0.1, 0.5), "timezone": ZONE})
    intervals = [one for day in days for one in day.intervals()]
    (bill,) = [one for one in bills(tariff, intervals, meter_id="M-1") if one.month == "2026-03"]
    service = service_without_agreement("M-1", tariff)
    bill = structs.replace(bill, agreement_id=service.terms.agreement_id)
    priced = green_button(usage(days, [bill], [service]), MADE)

    found = [int(one.text or "") for one in elements(priced, "cost")]
    assert len(found) == 31 * 96 - 4
    assert sum(found) == round(bill.energy_charge * 100_000)
    assert {one.text for one in elements(priced, "ReadingType/e:currency")} == {"840"}
    schema = etree.XMLSchema(etree.parse(SCHEMA))
    for one in etree.fromstring(priced).findall(".//a:content/*", NS):
        schema.assertValid(etree.fromstring(etree.tostring(one)))
    (tmp_path / "usage.xml").write_bytes(priced)
    delivered = read_load(tmp_path / "usage.xml", ReadOptions()).meters[0]
    assert delivered.readings.wh.sum() == bill.energy_kwh * 1000
    (point,) = public_reader.parse_feed(io.StringIO(priced.decode()))
    costs = [one.cost for reading in point.meterReadings for one in reading.intervalReadings if one.cost]
    assert round(sum(costs), 5) == round(float(bill.energy_charge), 5)


def test_a_public_reader_has_the_same_energies(feed: bytes):
    (point,) = public_reader.parse_feed(io.StringIO(feed.decode()))
    totals = [sum(round(one.value) for one in reading.intervalReadings) for reading in point.meterReadings]

    start, end = instant("2026-03-01T00:00", ZONE), instant("2026-04-01T00:00", ZONE)
    delivered = sum(one.wh for day in march() for one in day.intervals() if start <= one.start < end)
    assert sorted(totals) == sorted([delivered, 31 * 5])


def test_a_summary_has_the_bills_amount_lines_energy_and_period(feed: bytes):
    (bill,) = billed(march())
    (summary,) = elements(feed, "UsageSummary")

    assert number(summary, "e:billLastPeriod") == bill.total_rounded * 100_000
    lines = summary.findall("e:costAdditionalDetailLastPeriod", NS)
    assert sum(number(line, "e:amount") for line in lines) == number(summary, "e:costAdditionalLastPeriod")
    assert [line.findtext("e:note", "", NS) for line in lines] == [line.explanation for line in bill.lines]
    assert [number(line, "e:itemKind") for line in lines] == [3, 4]  # energy, and the fixed charge
    assert number(lines[0], "e:unitCost") == 12_346
    assert number(summary, "e:overallConsumptionLastPeriod/e:value") == bill.energy_kwh * 1000
    assert number(summary, "e:billingPeriod/e:start") == instant("2026-03-01T00:00", ZONE)
    assert number(summary, "e:billingPeriod/e:duration") == 31 * 86_400 - 3600  # clocks go forward
    assert (number(summary, "e:currency"), summary.findtext("e:tariffProfile", "", NS)) == (840, "Flat & <Co>")


@pytest.mark.parametrize(
    ("changes", "quality"), [({}, 19), ({"status": "provisional"}, 14), ({"intervals": (1, 2, 3, 4)}, 8)]
)
def test_a_summary_says_whether_its_bill_is_final_or_estimated(changes: dict[str, Any], quality: int):
    days = march()
    if "intervals" in changes:
        changes = {"intervals": structs.replace(billed(days)[0].intervals, estimated=3)}
    (summary,) = elements(green_button(usage(days, billed(days, **changes)), MADE), "UsageSummary")

    assert number(summary, "e:qualityOfReading") == quality


def test_a_reading_that_an_operator_corrected_is_edited():
    day = MeterDay(date(2026, 3, 2))
    day.merge(quarters(day.day, 10))
    correction = Adjustment(70_000, "correct", "ann", "misread", 900)
    day.merge(
        Upload("M-1", 900, day.day, [(600, (correction.revision, ROWS["measured"], 99, 0))], adjustment=correction)
    )

    qualities = [one.quality for one in usage([day], []).readings["delivered"]]
    assert qualities.count("edited") == 1
    assert qualities[40] == "edited"


def test_the_newest_version_of_a_bill_is_the_one_in_the_feed():
    days = march()
    (bill,) = billed(days)
    corrected = structs.replace(bill, version=2, total_rounded=Decimal("1.00"))

    assert usage(days, [bill, corrected]).bills == [corrected]


def test_usage_and_bills_of_an_earlier_customer_stay_out():
    days = march()
    (former,) = billed(days, account_id="A-1", agreement_id="AG-1")
    moved = date(2026, 3, 20)
    (own,) = billed(days, account_id="A-2", agreement_id="AG-2", period_start=moved, month="")
    found = usage(days, [former, own])

    assert found.bills == [own]
    assert found.readings["delivered"][0].start == instant("2026-03-20T00:00", ZONE)


def test_a_meter_without_data_or_registration_is_named():
    with pytest.raises(UsageError, match="neither readings nor bills from 2026-03-01 to before 2026-04-01"):
        usage([], [])
    with pytest.raises(UsageError, match="meter M-9 is not registered"):
        usage_of(Memory([], []), "M-9", date(2026, 3, 1), date(2026, 4, 1))


def test_the_same_usage_has_the_same_bytes(feed: bytes):
    days = march()

    assert green_button(usage(days, billed(days)), MADE) == feed


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        ("America/New_York", (-18_000, 3600, "B40E2000", "360E2000")),  # as utilities of the US write it
        ("Europe/Berlin", (3600, 3600, "AE0E3000", "3E0E2000")),
        ("Australia/Lord_Howe", (37_800, 1800, "440E2000", "A40E2000")),
        ("America/Phoenix", (-25_200, 0, "00000000", "00000000")),
        ("Asia/Kolkata", (19_800, 0, "00000000", "00000000")),
    ],
)
def test_local_time_parameters_say_when_clocks_change(zone: str, expected: tuple[int, int, str, str]):
    assert local_time(zone, 2026) == expected
