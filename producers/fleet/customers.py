"""The customers of a simulated fleet, as a registry: an account, a service point and an agreement per meter.

Names and streets are made up. A meter's customer follows from its id alone, so it is the same in a fleet of any size.
"""

import zlib
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from electrocloud.domain.meter import RegisteredMeter
from electrocloud.domain.registry.records import (
    Account,
    Agreement,
    Installation,
    Registry,
    ServicePoint,
    TariffDocument,
)
from producers.fleet.network import network
from producers.fleet.places import Place

FIRST_NAMES = """
    Alice Amir Ana Ben Carla Chen Daniel Diana Elena Emil Fatima Felix Grace Hannah Hugo Ines Ivan Jack Julia Kenji
    Laura Leo Maria Mark Maya Mina Nadia Noah Olga Omar Paula Pedro Priya Rosa Sam Sofia Tom Vera Wei Yusuf
""".split()  # noqa: SIM905 - a list of a hundred lines would hide the code
LAST_NAMES = """
    Adams Alvarez Baker Becker Brown Castillo Chang Clark Costa Davis Diaz Evans Fischer Foster Garcia Gomez Green
    Gupta Hall Hansen Ito Jackson Kim Klein Lewis Li Lopez Martin Meyer Miller Moreno Nguyen Novak Okafor Park Patel
    Reed Rossi Silva Smith Tanaka Thomas Walker Weber Wilson Wright Young Zhang
""".split()  # noqa: SIM905
STREETS = """
    Ash Birch Canal Cedar Cherry Church College Elm Forest Garden Hill Lake Laurel Lincoln Main Maple Market Mill
    Oak Orchard Park Pine River School Spring Station Sycamore Union Walnut Willow
""".split()  # noqa: SIM905
TRADES = ["Bakery", "Market", "Cafe", "Salon", "Hardware"]


def fleet_registry(
    meters: Iterable[RegisteredMeter], place: Place, tariffs: Mapping[str, dict[str, Any]], first: date
) -> Registry:
    """The registry of meters that stand in one place and have been served since the local day `first`."""
    registry = Registry({}, {}, {}, {}, {}, {}, {})
    meters = list(meters)
    transformers, ratings = network(meters, first)
    registry.equipment.update((one.key, one) for one in ratings)
    midnight = int(datetime(first.year, first.month, first.day, tzinfo=ZoneInfo(place.zone)).timestamp())
    for meter in meters:
        name, street = _name(meter), _street(meter)
        account = Account(
            account_id=f"A-{meter.meter_id}",
            name=name,
            mailing_address=f"{street}, {place.town}",
            email=email_of(name, meter.meter_id),
        )
        point = ServicePoint(
            service_point_id=f"SP-{meter.meter_id}",
            address=f"{street}, {place.town}",
            latitude=meter.lat,
            longitude=meter.lon,
            feeder=meter.feeder,
            customer_class=meter.customer,
            time_zone=meter.timezone,
            country=place.country,
            subdivision=place.region,
            transformer=transformers[meter.meter_id],
        )
        agreement = Agreement(
            agreement_id=f"AG-{meter.meter_id}",
            account_id=account.account_id,
            service_point_id=point.service_point_id,
            tariff_id=meter.tariff_id,
            first=first,
        )
        installed = Installation(meter_id=meter.meter_id, service_point_id=point.service_point_id, start=midnight)
        registry.accounts[account.key] = account
        registry.service_points[point.key] = point
        registry.installations[installed.key] = installed
        registry.agreements[agreement.key] = agreement
    registry.tariffs.update(
        (version.key, version)
        for tariff_id, document in tariffs.items()
        for version in [TariffDocument(tariff_id=tariff_id, document=document)]
    )
    return registry


def email_of(name: str, meter_id: str) -> str:
    """An address that nobody has (RFC 2606): `alice.adams.us-000001@example.com`."""
    return f"{name.replace(' ', '.')}.{meter_id}@example.com".lower()


def _name(meter: RegisteredMeter) -> str:
    last = _pick(LAST_NAMES, meter, "last")
    if meter.customer == "shop":
        return f"{last} {_pick(TRADES, meter, 'trade')}"
    return f"{_pick(FIRST_NAMES, meter, 'first')} {last}"


def _street(meter: RegisteredMeter) -> str:
    return f"{1 + _number(meter, 'house') % 980} {_pick(STREETS, meter, 'street')} St"


def _pick(words: list[str], meter: RegisteredMeter, purpose: str) -> str:
    return words[_number(meter, purpose) % len(words)]


def _number(meter: RegisteredMeter, purpose: str) -> int:
    return zlib.crc32(f"{purpose} {meter.meter_id}".encode()) >> 3
