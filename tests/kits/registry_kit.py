"""A small registry: one customer at one service point in Phoenix, with one meter and one tariff."""

from datetime import date
from typing import Any

import msgspec

from electrocloud.domain.registry.records import (
    Account,
    Agreement,
    Equipment,
    Installation,
    Registry,
    ServicePoint,
    TariffDocument,
    WeatherStation,
)
from tests.kits.billing_kit import document, instant

ZONE = "America/Phoenix"
FLAT = document(0.10)
ACCOUNT = Account(account_id="A-1", name="Maria Gomez", mailing_address="1 Elm St, Phoenix AZ", email="m@example.com")
POINT = ServicePoint(
    service_point_id="SP-1",
    address="1 Elm St, Phoenix AZ",
    latitude=33.4,
    longitude=-112.0,
    feeder="F-7",
    customer_class="residential",
    time_zone=ZONE,
)
METER = Installation(meter_id="M-1", service_point_id="SP-1", start=instant("2026-01-01T00:00", ZONE))
AGREEMENT = Agreement(
    agreement_id="AG-1", account_id="A-1", service_point_id="SP-1", tariff_id="flat", first=date(2026, 1, 1)
)
TRANSFORMER = Equipment(equipment_id="T-1", kind="transformer", rating_kva=37.5, first=date(2026, 1, 1))
STATION = WeatherStation(station_id="KPHX", name="Phoenix Sky Harbor", latitude=33.43, longitude=-112.0)
PRICES = TariffDocument(tariff_id="flat", document=FLAT)


def registry(*records: Any) -> Registry:
    """The small registry, with these records beside its own or in place of those of the same keys."""
    own = (ACCOUNT, POINT, METER, AGREEMENT, PRICES, *records)
    kinds = {
        Account: "accounts",
        ServicePoint: "service_points",
        Installation: "installations",
        Agreement: "agreements",
        TariffDocument: "tariffs",
        Equipment: "equipment",
        WeatherStation: "stations",
    }
    found = Registry({}, {}, {}, {}, {}, {}, {})
    for record in own:
        getattr(found, kinds[type(record)])[record.key] = record
    return found


def street(houses: int, customer_class: str = "residential") -> Registry:
    """The small registry with so many service points: SP-1 with the meter M-1 and the agreement AG-1, and so on."""
    numbers = range(2, houses + 1)
    point = msgspec.structs.replace(POINT, customer_class=customer_class)
    return registry(
        point,
        *(msgspec.structs.replace(point, service_point_id=f"SP-{number}") for number in numbers),
        *(msgspec.structs.replace(METER, meter_id=f"M-{n}", service_point_id=f"SP-{n}") for n in numbers),
        *(msgspec.structs.replace(AGREEMENT, agreement_id=f"AG-{n}", service_point_id=f"SP-{n}") for n in numbers),
    )
