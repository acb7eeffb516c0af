"""A registry read from a folder, with each fault at its file, row and field."""

import json
from datetime import date
from pathlib import Path

import pytest

from electrocloud.domain.errors import RegistryError
from electrocloud.domain.registry.records import Registry
from electrocloud.domain.registry.validation import faults
from electrocloud.domain.tariffs.urdb import tariff_from_urdb
from registry.export import write_folder
from registry.folder import effective_days, read_folder
from tests.kits.billing_kit import document, instant
from tests.kits.registry_kit import METER, STATION, TRANSFORMER, ZONE, registry

EMPTY = Registry()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_folder(registry(TRANSFORMER, STATION), tmp_path)
    return tmp_path


def _append(file: Path, line: str) -> None:
    with file.open("a", encoding="utf-8") as text:
        text.write(line + "\n")


def test_what_is_exported_is_read_back_the_same(folder: Path) -> None:
    content = read_folder(folder, EMPTY)
    assert content.faults == []
    assert content.registry == registry(TRANSFORMER, STATION)


def test_a_local_day_of_an_installation_begins_at_midnight_at_its_service_point(folder: Path) -> None:
    _append(folder / "installations.csv", "M-2,SP-1,2026-07-11,2026-08-01")
    read = read_folder(folder, EMPTY).registry.installations
    assert f"M-2@{instant('2026-07-11T00:00', ZONE)}" in read


@pytest.mark.parametrize(
    ("file", "line", "says"),
    [
        ("installations.csv", "M-2,SP-1,2026-07-11T10:00,", "row 2, start: '2026-07-11T10:00' has no offset"),
        ("installations.csv", "M-2,SP-8,2026-07-11,", "is a local day, and its service point is not known"),
        ("installations.csv", "M-2,SP-1,July,", "row 2, start: 'July' is not a time"),
        ("agreements.csv", "AG-2,A-1,SP-1,flat,2026-13-01,,1,", "agreements.csv row 2, first: "),
        ("agreements.csv", "AG-2,A-1,SP-1,flat,2026-01-01,,31,", "agreements.csv row 2, cycle_day: "),
        ("accounts.csv", "A-1,Twice,,,en-US", "accounts.csv row 2: repeats A-1 of accounts.csv row 1"),
        ("service_points.csv", "SP-2,2 Elm St,95,0,F-7,home,UTC,86400,,,", "service_points.csv row 2, latitude: "),
        ("equipment.csv", "T-2,transformer,0,,,,", "equipment.csv row 2, rating_kva: "),
        ("equipment.csv", "T-2,pole,25,,,,", "equipment.csv row 2, kind: "),
        ("stations.csv", "KSEA,,95,0", "stations.csv row 2, latitude: "),
        ("stations.csv", "a station,,0,0", "stations.csv row 2, station_id: "),
        ("accounts.csv", "A-2,X,,,en-US,surplus", "accounts.csv row 2: has more values than the header has columns"),
    ],
)  # fmt: skip
def test_a_fault_is_named_with_its_file_row_and_field(folder: Path, file: str, line: str, says: str) -> None:
    _append(folder / file, line)
    assert says in "\n".join(map(str, read_folder(folder, EMPTY).faults))


def test_a_contradiction_is_located_in_the_file_that_has_it(folder: Path) -> None:
    _append(folder / "agreements.csv", "AG-2,A-1,SP-1,flat,2026-05-01,,1,")
    content = read_folder(folder, EMPTY)
    (fault,) = map(content.located, faults(content.registry))
    assert str(fault).startswith("agreements.csv row 2, first: overlaps AG-1@2026-01-01")


def test_a_tariffs_version_is_dated_by_its_files_name_or_its_document(folder: Path) -> None:
    (folder / "tariffs" / "tou@2026-07-01.json").write_text(json.dumps(document(0.2)))
    (folder / "tariffs" / "old.json").write_text(json.dumps(document(0.1, effective="2025-03-01")))
    versions = read_folder(folder, EMPTY).registry.tariffs
    assert versions["tou@2026-07-01"].first == date(2026, 7, 1)
    assert versions["old@2025-03-01"].first == date(2025, 3, 1)


def test_hourly_prices_beside_a_tariff_are_those_of_its_version(folder: Path) -> None:
    version = folder / "tariffs" / "hourly@2026-07-01.json"
    version.write_text(json.dumps({"energy_prices": {"name": "Day-ahead prices", "ceiling": 0.5}}))
    rows = "2026-07-01T00:00-07:00,41.5\n2026-07-01T02:00-07:00,-3\n"
    version.with_name("hourly@2026-07-01.prices.csv").write_text(f"start,price_per_mwh\n{rows}")

    content = read_folder(folder, EMPTY)
    record = content.registry.tariffs["hourly@2026-07-01"]
    series = tariff_from_urdb(record.document).series

    assert (content.faults, faults(content.registry)) == ([], [])
    assert record.document["energy_prices"] == {
        "name": "Day-ahead prices",
        "ceiling": 0.5,
        "start": "2026-07-01T07:00:00+00:00",
        "interval_s": 3600,
        "values": [0.0415, None, -0.003],
    }
    assert series
    assert series.prices == {1782889200: 41_500_000, 1782896400: -3_000_000}


def test_urdb_dates_are_midnights_utc_and_the_end_date_is_the_last_day() -> None:
    dates = {"startdate": instant("2015-01-01T00:00"), "enddate": instant("2015-12-31T00:00")}
    assert effective_days({"items": [dates]}) == (date(2015, 1, 1), date(2016, 1, 1))
    assert effective_days(document()) == (None, None)


def test_a_folder_that_is_missing_or_empty_is_refused_with_what_it_should_have(tmp_path: Path) -> None:
    with pytest.raises(RegistryError, match=r"is not a folder; name one that has accounts.csv"):
        read_folder(tmp_path / "missing", EMPTY)
    with pytest.raises(RegistryError, match="has no accounts, service_points, installations"):
        read_folder(tmp_path, EMPTY)


def test_installations_refer_to_service_points_that_are_stored_already(tmp_path: Path) -> None:
    (tmp_path / "installations.csv").write_text("meter_id,service_point_id,start,end\nM-1,SP-1,2026-01-01,\n")
    assert [*read_folder(tmp_path, registry()).registry.installations.values()] == [METER]
