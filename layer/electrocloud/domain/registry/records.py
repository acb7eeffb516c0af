"""Master data as a utility keeps it: who is served, where, by which meter, at which tariff, from when to when.

account 1-n agreement n-1 service point 1-n installation n-1 meter. Days are local dates of the service point's time
zone, and an `end` day is the first one that is no longer covered. Instants are UTC, in s since 1970.
"""

from collections.abc import Iterator
from datetime import date
from typing import Annotated, Literal

import msgspec

from electrocloud.domain.tariffs.metering import MeteringOption

RecordId = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$")]
Text = Annotated[str, msgspec.Meta(max_length=200)]
Latitude = Annotated[float, msgspec.Meta(ge=-90, le=90)]
Longitude = Annotated[float, msgspec.Meta(ge=-180, le=180)]
UploadInterval = Annotated[int, msgspec.Meta(ge=60, le=31 * 86_400)]
Rating = Annotated[float, msgspec.Meta(gt=0, le=1_000_000)]
EquipmentId = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]  # as service points name it
CycleDay = Annotated[int, msgspec.Meta(ge=1, le=28)]

CALENDAR_MONTH = 1


class Record(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An entry of the registry. Its `key` is unique among those of its kind."""

    @property
    def key(self) -> str:
        """What names the record."""
        raise NotImplementedError


class Account(Record, frozen=True, kw_only=True):
    """Who pays: the only record with personal data. `language` is a BCP 47 tag, such as en-US."""

    account_id: RecordId
    name: Text
    mailing_address: Text = ""
    email: Text = ""
    language: Text = "en-US"

    @property
    def key(self) -> str:
        """The account's id."""
        return self.account_id


class ServicePoint(Record, frozen=True, kw_only=True):
    """Where energy is delivered. `upload_every_s` is how often its meter is expected to upload (s).

    `time_zone` is an IANA zone: all days of its agreements are days there. `country` and `subdivision` (ISO 3166) name
    its public holidays. `head_end` is the one caller of the API that may upload for its meters beside themselves, the
    ARN of an IAM principal or of a role's sessions; empty allows any. A tariff that charges for reactive power needs
    `reactive`: "metered", whose bills stay open until readings of it are there, or "not metered", which is billed
    without it, and each bill says so. `transformer` names the one that supplies it, as `feeder` its feeder; the ratings
    of both are `Equipment`.
    """

    service_point_id: RecordId
    address: Text
    latitude: Latitude
    longitude: Longitude
    feeder: Text
    customer_class: Text
    time_zone: Text
    upload_every_s: UploadInterval = 86_400
    head_end: Text = ""
    country: Text = ""
    subdivision: Text = ""
    reactive: Literal["", "metered", "not metered"] = ""
    transformer: Text = ""

    @property
    def key(self) -> str:
        """The service point's id."""
        return self.service_point_id


class Installation(Record, frozen=True, kw_only=True):
    """A meter at a service point from the instant `start` to before `end` (s since 1970 UTC); None: still there.

    One that ends when it starts was entered by mistake: the meter was never there.
    """

    meter_id: RecordId
    service_point_id: RecordId
    start: int
    end: int | None = None

    @property
    def is_void(self) -> bool:
        """Whether it ends when it starts."""
        return self.end == self.start

    @property
    def key(self) -> str:
        """The meter, and when it was installed."""
        return f"{self.meter_id}@{self.start}"


class Agreement(Record, frozen=True, kw_only=True):
    """An account is served at a service point by a tariff, from the local day `first` to before the day `end`.

    Another tariff from some day on is another record of the same `agreement_id`, which begins where this one ends.
    `cycle_day` 1 bills calendar months; 2 to 28 bills from that day of a month to the same day of the next one.
    `spread` "even" splits a reading that is longer than a price period evenly over its time. `opening_credit` is the
    credit for export that the bill of the period with the day `first` begins with: `12.50` ($) or `120kWh`; empty is
    what the bill before leaves, and none for an agreement's first bill. `metering` is how this customer's export is
    credited, whatever the tariff says; empty is as the tariff says. `exemptions` names the taxes that the customer does
    not pay, separated by semicolons.
    """

    agreement_id: RecordId
    account_id: RecordId
    service_point_id: RecordId
    tariff_id: RecordId
    first: date
    end: date | None = None
    cycle_day: CycleDay = CALENDAR_MONTH
    spread: Literal["", "even"] = ""
    opening_credit: Text = ""
    metering: Literal[""] | MeteringOption = ""
    exemptions: Text = ""

    @property
    def is_void(self) -> bool:
        """Whether it ends on its first day: it was entered by mistake, and covers no day."""
        return self.end == self.first

    @property
    def exempt_from(self) -> frozenset[str]:
        """The names of the taxes in `exemptions`."""
        return frozenset(name for part in self.exemptions.split(";") if (name := part.strip()))

    @property
    def key(self) -> str:
        """The agreement, and the first day of this part of it."""
        return f"{self.agreement_id}@{self.first}"


class TariffDocument(Record, frozen=True, kw_only=True):
    """A dated version of a tariff: its URDB document, in force from the day `first` (None: always) to before `end`."""

    tariff_id: RecordId
    first: date | None = None
    end: date | None = None
    document: dict[str, object]

    @property
    def key(self) -> str:
        """The tariff, and the first day of this version."""
        return f"{self.tariff_id}@{self.first or 'always'}"


class Equipment(Record, frozen=True, kw_only=True):
    """A feeder or transformer, by the name that service points have, and its rating (kVA).

    The rating is in force from the local day `first` (None: always) to before `end`. `latitude` and `longitude` are
    where it stands, if that is known.
    """

    equipment_id: EquipmentId
    kind: Literal["feeder", "transformer"]
    rating_kva: Rating
    first: date | None = None
    end: date | None = None
    latitude: Latitude | None = None
    longitude: Longitude | None = None

    @property
    def key(self) -> str:
        """The equipment, and the first day of this rating."""
        return f"{self.equipment_id}@{self.first or 'always'}"


class WeatherStation(Record, frozen=True, kw_only=True):
    """A place whose weather is imported, by the name that the files of weather have for it."""

    station_id: RecordId
    name: Text = ""
    latitude: Latitude
    longitude: Longitude

    @property
    def key(self) -> str:
        """The station's id."""
        return self.station_id


KINDS: dict[str, type[Record]] = {
    "accounts": Account,
    "service_points": ServicePoint,
    "installations": Installation,
    "agreements": Agreement,
    "tariffs": TariffDocument,
    "equipment": Equipment,
    "stations": WeatherStation,
}


class Registry(msgspec.Struct, frozen=True):
    """Records by their key, of each kind."""

    accounts: dict[str, Account] = {}
    service_points: dict[str, ServicePoint] = {}
    installations: dict[str, Installation] = {}
    agreements: dict[str, Agreement] = {}
    tariffs: dict[str, TariffDocument] = {}
    equipment: dict[str, Equipment] = {}
    stations: dict[str, WeatherStation] = {}

    def kinds(self) -> Iterator[tuple[str, dict[str, Record]]]:
        """The name and the records of each kind, in the order in which they refer to each other."""
        for name in KINDS:
            yield name, getattr(self, name)

    def updated(self, other: "Registry") -> "Registry":
        """This registry with the records of `other` in place of those of the same keys."""
        return Registry(**{name: {**records, **getattr(other, name)} for name, records in self.kinds()})
