"""How one registry differs from another, and which service points that touches."""

from collections.abc import Collection, Iterable
from typing import NamedTuple

from electrocloud.domain.registry.records import Agreement, Installation, Record, Registry, ServicePoint, TariffDocument


class RecordChange(NamedTuple):
    """A record that is new (`before` None), gone (`after` None) or different."""

    kind: str
    key: str
    before: Record | None
    after: Record | None

    @property
    def fields(self) -> dict[str, tuple[object, object]]:
        """The fields that differ, each with its value before and after; empty where a record is new or gone."""
        if self.before is None or self.after is None:
            return {}
        pairs = {name: (getattr(self.before, name), getattr(self.after, name)) for name in self.after.__struct_fields__}
        return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def changes(before: Registry, after: Registry) -> list[RecordChange]:
    """The records that differ, kind by kind."""
    found = []
    for kind, records in after.kinds():
        old: dict[str, Record] = getattr(before, kind)
        found += [
            RecordChange(kind, key, old.get(key), record) for key, record in records.items() if old.get(key) != record
        ]
        found += [RecordChange(kind, key, record, None) for key, record in old.items() if key not in records]
    return found


def own_service_points(found: Iterable[RecordChange]) -> set[str]:
    """The service points that these changes are of: their own records, installations or agreements differ."""
    return {
        record.service_point_id
        for change in found
        for record in (change.before, change.after)
        if isinstance(record, ServicePoint | Installation | Agreement)
    }


def touched_service_points(found: Collection[RecordChange], registry: Registry) -> set[str]:
    """The service points whose bills may differ after these changes. An account's name or address changes none."""
    records = [record for change in found for record in (change.before, change.after)]
    tariff_ids = {record.tariff_id for record in records if isinstance(record, TariffDocument)}
    priced = {one.service_point_id for one in registry.agreements.values() if one.tariff_id in tariff_ids}
    return own_service_points(found) | priced


def new_service_points(found: Collection[RecordChange]) -> set[str]:
    """The service points that these changes add, where nothing at them was known before."""
    added = {change.key for change in found if isinstance(change.after, ServicePoint) and change.before is None}
    return added - own_service_points(change for change in found if change.before is not None)
