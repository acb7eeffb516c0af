"""What each role may see: its pages, and the data that these may ask for. This is the only place that says so."""

from enum import StrEnum
from typing import NamedTuple


class Data(StrEnum):
    """A kind of data, as a refusal names it."""

    FLEET = "meters, feeders, tariffs and the fleet's power"
    NETWORK = "ratings and loads of feeders and transformers"
    PIPELINE = "the state of the pipeline"
    FORECASTS = "forecasts of loads and of all meters' bills"
    USAGE = "the readings of a meter"
    BILLS = "the bills of a customer"
    ALL_BILLS = "the bills of all customers"
    MAIL = "mailing invoices"
    CUSTOMERS = "names, addresses and service histories"
    REJECTED = "rejected uploads"
    PUT_BACK = "putting rejected uploads back, and voiding readings"
    STUDIES = "tariff studies"
    QUESTIONS = "questions to Athena"
    ACCESS_LOG = "the access log"


class Role(NamedTuple):
    """The pages of a role, by the last part of their address, the first one first; and the data that it may ask for."""

    pages: tuple[str, ...]
    data: frozenset[Data]


# As the menu lists them.
PAGES = ("live", "network", "meter", "customers", "bills", "forecast", "studies", "exceptions", "analytics", "health")
ROLES = {
    "operator": Role(
        ("live", "network", "meter", "exceptions", "health"),
        frozenset({Data.FLEET, Data.NETWORK, Data.PIPELINE, Data.USAGE, Data.REJECTED, Data.PUT_BACK}),
    ),
    "clerk": Role(
        ("bills", "customers", "meter"),
        frozenset({Data.FLEET, Data.USAGE, Data.BILLS, Data.ALL_BILLS, Data.MAIL, Data.CUSTOMERS}),
    ),
    "agent": Role(
        ("customers", "meter", "bills"),
        frozenset({Data.FLEET, Data.USAGE, Data.BILLS, Data.CUSTOMERS}),
    ),
    "analyst": Role(
        ("live", "network", "forecast", "studies", "analytics"),
        frozenset(
            {
                Data.FLEET,
                Data.NETWORK,
                Data.PIPELINE,
                Data.FORECASTS,
                Data.USAGE,
                Data.ALL_BILLS,
                Data.STUDIES,
                Data.QUESTIONS,
            }
        ),
    ),
    "admin": Role(PAGES, frozenset(Data)),
}
