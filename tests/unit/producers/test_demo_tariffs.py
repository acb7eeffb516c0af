"""The demo's tariffs are plausible: by time of use some homes pay less, and some more."""

from datetime import date
from decimal import Decimal

from analytics.template import ROOT
from electrocloud.domain.billing.bill import bills
from electrocloud.domain.readings.meter_day import Interval
from electrocloud.domain.tariffs.tariff import Tariff
from electrocloud.domain.tariffs.urdb import tariff_from_urdb
from producers.fleet.fleet import make_fleet
from producers.fleet.simulate import simulate
from producers.sending.uploads import uploads
from registry.folder import read_tariffs


def test_some_homes_gain_by_time_of_use_and_some_lose() -> None:
    tariffs = {name: tariff_from_urdb(document) for name, document in read_tariffs(ROOT / "tariffs").items()}
    fleet = make_fleet(40, seed=0)
    homes = {meter.meter_id for meter in fleet.meters if meter.kind != "shop" and not meter.solar}
    loads: dict[str, list[Interval]] = {}
    for one in uploads(fleet, simulate(fleet, date(2026, 7, 1), 32, 3600)):
        for reading in one.upload.readings:
            loads.setdefault(one.upload.meter_id, []).append(Interval(int(reading.start.timestamp()), 3600, reading.wh))

    def july(tariff: Tariff, load: list[Interval]) -> Decimal:
        return next(bill.total_rounded for bill in bills(tariff, load) if bill.month == "2026-07")

    changes = [
        july(tariffs["residential-tou"], loads[home]) - july(tariffs["residential-tiered"], loads[home])
        for home in homes
    ]
    assert sum(change < 0 for change in changes) >= len(homes) // 5
    assert sum(change > 0 for change in changes) >= len(homes) // 5
