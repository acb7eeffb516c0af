"""Small meter data files in the forms that people get them, each with what it holds."""

from typing import NamedTuple

from meter_files.channel import ReadOptions

ESPI = """<?xml version="1.0"?>
<feed xmlns="http://www.w3.org/2005/Atom"><id>urn:x</id>
{entries}
</feed>
"""
POINT = "https://example.org/RetailCustomer/1/UsagePoint/{number}"


class MeterFile(NamedTuple):
    """A file's bytes, what must be said of it, and what it holds: Wh delivered and received, and readings of each."""

    content: bytes
    delivered: int
    received: int = 0
    count: int = 2
    says: str = ""
    options: ReadOptions = ReadOptions()


def entry(kind: str, body: str, **links: list[str]) -> str:
    """An entry of a Green Button feed."""
    refs = "".join(f'<link rel="{rel.strip("_")}" href="{href}"/>' for rel, hrefs in links.items() for href in hrefs)
    return f'<entry>{refs}<content><{kind} xmlns="http://naesb.org/espi">{body}</{kind}></content></entry>'


def meter_reading(number: int, name: str, reading_type: str, readings: list[tuple[int, int, int, str]]) -> str:
    """A meter reading of a usage point with its reading type and one block: (start, s, value, quality)."""
    point = POINT.format(number=number)
    rows = "".join(
        f"<IntervalReading><ReadingQuality><quality>{quality}</quality></ReadingQuality><timePeriod>"
        f"<duration>{seconds}</duration><start>{start}</start></timePeriod><value>{value}</value></IntervalReading>"
        for start, seconds, value, quality in readings
    )
    readings_of = f"{point}/MeterReading"
    place = f"{readings_of}/{name}"
    type_of = f"https://example.org/ReadingType/{number}-{name}"
    return (
        entry("MeterReading", "", self_=[place], up=[readings_of], related=[type_of, f"{place}/IntervalBlock"])
        + entry("ReadingType", reading_type, self_=[type_of], up=["https://example.org/ReadingType"])
        + entry("IntervalBlock", rows, self_=[f"{place}/IntervalBlock/1"], up=[f"{place}/IntervalBlock"])
    )


def usage_point(number: int, service: int = 0) -> str:
    """A usage point of a kind of service: 0 is electricity."""
    body = f"<ServiceCategory><kind>{service}</kind></ServiceCategory>"
    point = POINT.format(number=number)
    return entry("UsagePoint", body, self_=[point], related=[f"{point}/MeterReading"])


def reading_type(direction: int = 1, unit: int = 72, power: int = 0) -> str:
    """A reading type of interval data."""
    return (
        f"<accumulationBehaviour>4</accumulationBehaviour><flowDirection>{direction}</flowDirection>"
        f"<intervalLength>900</intervalLength><powerOfTenMultiplier>{power}</powerOfTenMultiplier><uom>{unit}</uom>"
    )


def _espi() -> bytes:
    start = 1_772_352_000  # 2026-03-01T08:00:00Z
    delivered = [(start, 900, 120, "0"), (start + 900, 900, 80, "8")]
    received = [(start, 900, 5, "0"), (start + 900, 900, 7, "0")]
    entries = (
        usage_point(1)
        + meter_reading(1, "in", reading_type(), delivered)
        + meter_reading(1, "out", reading_type(19), received)
        + usage_point(2, service=1)
        + meter_reading(2, "gas", reading_type(unit=169), delivered)
    )
    return ESPI.format(entries=entries).encode()


def nem12_day(values: list[str], quality: str = "A", day: str = "20260301", updated: str = "20260302120000") -> str:
    """A 300 record."""
    return f"300,{day},{','.join(values)},{quality},,,{updated},\n"


def _nem12() -> bytes:
    return (
        "100,NEM12,202603021200,MDP,Ret\n"
        "200,NMI0000001,E1B1Q1,E1,E1,N1,SER1,kWh,30,\n"
        + nem12_day(["0.5"] * 48, "V")
        + "400,1,20,A,,\n400,21,48,S14,1,\n"
        + "200,NMI0000001,E1B1Q1,B1,B1,N1,SER1,KWH,30,\n"
        + nem12_day(["0.125"] * 48)
        + "200,NMI0000001,E1B1Q1,Q1,Q1,N1,SER1,kVArh,30,\n"
        + nem12_day(["9"] * 48)
        + "900\n"
    ).encode()


def _mscons() -> bytes:
    rows = "".join(
        f"QTY+220:{value}'DTM+163:2026030100{minute:02}?+00:303'DTM+164:2026030100{minute + 15:02}?+00:303'"
        for minute, value in ((0, "0,25"), (15, "0,3"))
    )
    return (
        "UNA:+.? 'UNB+UNOC:3+1:500+2:500+260302:1347+X1'UNH+1+MSCONS:D:04B:UN:2.2e'BGM+7+X-1+9'"
        f"NAD+DP'LOC+172+DE0001'LIN+1'PIA+5+1-1?:1.29.0:SRW'{rows}UNT+20+1'UNZ+1+X1'"
    ).encode()


def _dsmr() -> bytes:
    def telegram(minute: int, t1: str, t2: str, out: str) -> str:
        return (
            f"/ISk5\\2MT382\n\n0-0:1.0.0(26030100{minute:02}00W)\n1-0:1.8.1({t1}*kWh)\n1-0:1.8.2({t2}*kWh)\n"
            f"1-0:2.8.1({out}*kWh)\n1-0:1.7.0(00.244*kW)\n!6EEE\n"
        )

    return (telegram(0, "000004.426", "000002.399", "0.5") + telegram(15, "000004.526", "000002.401", "0.5")).encode()


FILES: dict[str, MeterFile] = {
    "own": MeterFile(b"start,wh\n2026-03-01T00:00:00+01:00,100\n2026-03-01T00:15:00+01:00,150\n", 250),
    "own with quality": MeterFile(
        b"start,wh,quality\n2026-03-01T00:00:00Z,100,A\n2026-03-01T00:15:00Z,150,E\n", 250
    ),
    "own with directions": MeterFile(
        b"start,wh,direction\n2026-03-01T00:00Z,100,import\n2026-03-01T00:15Z,150,import\n"
        b"2026-03-01T00:00Z,7,export\n2026-03-01T00:15Z,8,export\n",
        250,
        15,
    ),
    "PG&E": MeterFile(
        b"Name,A\nAddress,B\n\nTYPE,DATE,START TIME,END TIME,IMPORT (kWh),EXPORT (kWh),COST,NOTES\n"
        b"Electric usage,2026-03-01,00:00,00:14,0.12,0.01,$0.04,\n"
        b"Electric usage,2026-03-01,00:15,00:29,0.11,0.00,$0.04,\n",
        230,
        10,
        says="Green Button CSV (PG&E, Opower): 2 quarter-hours, 1 Mar 2026 to 1 Mar 2026 America/Los_Angeles, kWh, "
        "start-stamped, delivered: 0.2 kWh",
        options=ReadOptions(zone="America/Los_Angeles"),
    ),
    "Opower": MeterFile(
        b"TYPE,DATE,START TIME,END TIME,USAGE (kWh),COST,NOTES\n"
        b"Electric usage,3/1/2026,00:00,00:59,1.5,$0.04,\nElectric usage,3/1/2026,01:00,01:59,\"1,000.5\",$0.04,\n",
        1_002_000,
        says="2 hours",
        options=ReadOptions(zone="America/Chicago"),
    ),
    "Smart Meter Texas": MeterFile(
        b"ESIID,USAGE_DATE,REVISION_DATE,USAGE_START_TIME,USAGE_END_TIME,USAGE_KWH,ESTIMATED_ACTUAL,"
        b"CONSUMPTION_SURPLUSGENERATION\n"
        b"'1008901,03/01/2026,03/02/2026 05:10:00, 23:30, 23:45,.25,A,Consumption\n"
        b"'1008901,03/01/2026,03/02/2026 05:10:00, 23:45, 00:00,.3,E,Consumption\n"
        b"'1008901,03/01/2026,03/02/2026 05:10:00, 23:30, 23:45,.02,A,Surplus Generation\n"
        b"'1008901,03/01/2026,03/02/2026 05:10:00, 23:45, 00:00,.03,A,Surplus Generation\n",
        550,
        50,
        says="1008901, 2 quarter-hours, 1 Mar 2026 to 2 Mar 2026 America/Chicago, kWh, start-stamped, delivered, "
        "1 estimated: 0.6 kWh",
    ),
    "SCE": MeterFile(
        'Energy Usage Information\n"For location: X"\n\n'
        '"Data for period starting: 2026-03-01 00:00:00  for 24 hours"\n'
        "Energy consumption time period,Usage(Real energy in kilowatt-hours),Reading quality\n"
        '"2026-03-01 00:00:00\xa0to 2026-03-01 00:15:00","0.25",""\n'
        '"2026-03-01 00:15:00\xa0to 2026-03-01 00:30:00","0.35","Estimated"\n\n'
        '"Data for period starting: 2026-03-02 00:00:00  for 24 hours"\n'.encode(),
        600,
        says="1 estimated",
    ),
    "Ameren": MeterFile(
        b"\xef\xbb\xbfName,N,,,,,,\nTitle,Advanced Metering Data,,,,,,\n,,,,,,,\n"
        b"Start Interval Date/Time,Meter Id,Usage,Units,Interval,Usage,Units,Interval\n"
        b"03/01/2026 00:00,0042,2.1,kwh,60min,0.56,kwh,15min\n03/01/2026 00:15,0042,-,-,-,0.51,kwh,15min\n",
        1_070,
        says="0042, 2 quarter-hours",
    ),
    "Enedis": MeterFile(
        "\ufeffIdentifiant PRM;Unite;Pas en minutes\n111;W;\nHorodate;Valeur\n"
        "2026-03-01T00:30:00+01:00;330\n2026-03-01T01:00:00+01:00;364\n".encode(),
        347,
        says="Enedis load curve: 2 half-hours, 1 Mar 2026 to 1 Mar 2026 Europe/Paris, average W, end-stamped, "
        "delivered: 0.3 kWh",
    ),
    "Datadis": MeterFile(
        b"CUPS;Fecha;Hora;Consumo_kWh;Metodo_obtencion\nES00;2026/03/01;01:00;0,217;Real\n"
        b"ES00;2026/03/01;24:00;0,301;Estimada\n",
        518,
        says="ES00, 2 hours, 1 Mar 2026 to 2 Mar 2026 Europe/Madrid, kWh, end-stamped, delivered, 1 estimated",
    ),
    "CNMC": MeterFile(
        b"CUPS;Fecha;Hora;AE_kWh;AS_KWh;REAL/ESTIMADO\nES00;01/03/2026;1;0,217;0;R\nES00;01/03/2026;2;0,301;0;E\n", 518
    ),
    "Octopus": MeterFile(
        b"Consumption (kwh), Estimated Cost Inc. Tax (p), Start, End\n"
        b"0.182, 4.9, 2026-03-29T00:00:00+00:00, 2026-03-29T00:30:00+00:00\n"
        b"0.160, 4.3, 2026-03-29T00:30:00+00:00, 2026-03-29T02:00:00+01:00\n",
        342,
        says="2 half-hours",
    ),
    "n3rgy": MeterFile(
        b"timestamp (UTC),energyConsumption (kWh)\n2026-03-01 00:00,0.1\n2026-03-01 00:30,0.2\n", 300
    ),
    "ESB": MeterFile(
        b"MPRN,Meter Serial Number,Read Value,Read Type,Read Date and End Time\n"
        b"100,1,0.1610,Active Import Interval (kWh),25-10-2026 01:30\n"
        b"100,1,0.0100,Active Export Interval (kWh),25-10-2026 01:30\n"
        b"100,1,0.2380,Active Import Interval (kWh),25-10-2026 01:00\n"
        b"100,1,0.0200,Active Export Interval (kWh),25-10-2026 01:00\n",
        399,
        30,
        says="100, 2 half-hours, 25 Oct 2026 to 25 Oct 2026 Europe/Dublin, kWh, end-stamped, delivered: 0.4 kWh",
    ),
    "ESB in kW": MeterFile(
        b"MPRN,Meter Serial Number,Read Value,Read Type,Read Date and End Time\n"
        b"100,1,0.3,Active Import Interval (kW),01-03-2026 01:00\n"
        b"100,1,0.2,Active Import Interval (kW),01-03-2026 00:30\n",
        250,
        says="average kW",
    ),
    "Engie": MeterFile(
        b'"Datum","EAN","Verbruik","Type","Piek"\n"2026-03-01T00:00:00+01:00","87","0.639","Elektriciteit","false"\n'
        b'"2026-03-01T01:00:00+01:00","87","0.827","Elektriciteit","false"\n'
        b'"2026-03-01T01:00:00+01:00","87","5","Gas","false"\n',
        1_466,
        says="1 rows of 'gas' left out",
    ),
    "HomeWizard": MeterFile(
        b"time,Import T1 kWh,Import T2 kWh,Export T1 kWh,Export T2 kWh\n2026-03-01 00:00,10.5,20.25,1,2\n"
        b"2026-03-01 00:15,10.6,20.25,1.001,2\n2026-03-01 00:30,10.7,20.3,1.001,2.5\n",
        250,
        501,
        says="register in kWh",
    ),
    "Fluvius": MeterFile(
        b"Van (datum);Van (tijdstip);Tot (datum);Tot (tijdstip);EAN-code;Meter;Metertype;Register;Volume;Eenheid;"
        b"Validatiestatus;Omschrijving\n"
        b'01-03-2026;00:00:00;01-03-2026;00:15:00;="5414";1;D;Afname Nacht;0,061;kWh;Gevalideerd;\n'
        b'01-03-2026;00:15:00;01-03-2026;00:30:00;="5414";1;D;Afname Nacht;0,062;kWh;Geschat;\n'
        b'01-03-2026;00:00:00;01-03-2026;00:15:00;="5414";1;D;Injectie Nacht;0,001;kWh;Gevalideerd;\n'
        b'01-03-2026;00:15:00;01-03-2026;00:30:00;="5414";1;D;Injectie Nacht;0,002;kWh;Gevalideerd;\n',
        123,
        3,
        says="1 estimated",
    ),
    "Low Carbon London": MeterFile(
        b"LCLid,tstp,energy(kWh/hh)\nMAC000002,2026-03-01 00:00:00.0000000,0.5\n"
        b"MAC000002,2026-03-01 00:30:00.0000000,0.25\n",
        750,
        says="MAC000002, 2 half-hours",
    ),
    "Enel": MeterFile(
        ("Giorno;" + ";".join(f"{hour:02}:{minute:02}" for hour in range(24) for minute in (0, 15, 30, 45)) + "\n"
         + "01/03/2026;" + ";".join(["0,1"] * 96) + "\n").encode(),
        9_600,
        count=96,
        says="a day a row: 96 quarter-hours, 1 Mar 2026 to 2 Mar 2026 Europe/Rome",
        options=ReadOptions(zone="Europe/Rome"),
    ),
    "columns by name": MeterFile(
        b"Account,123\n\nwhen\tused\n01.03.2026 00:00\t0,1\n01.03.2026 00:15\t0,2\n",
        300,
        options=ReadOptions(time="when", value="used", unit="kWh", zone="Europe/Berlin"),
    ),
    "Green Button": MeterFile(
        _espi(), 200, 12, says="Green Button: 1, 2 quarter-hours, 1 Mar 2026 to 1 Mar 2026 UTC, Wh, start-stamped, "
        "delivered, 1 estimated: 0.2 kWh",
    ),
    "NEM12": MeterFile(
        _nem12(), 24_000, 6_000, 48, says="reactive: 432.0 kvarh",
    ),
    "MSCONS": MeterFile(_mscons(), 550, says="DE0001, 2 quarter-hours"),
    "DSMR": MeterFile(_dsmr(), 102, 0, 1, says="DSMR telegrams"),
}  # fmt: skip
