"""How one registry differs from another, and which service points that touches."""

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


def touched_service_points(found: list[RecordChange], registry: Registry) -> set[str]:
    """The service points whose bills may differ after these changes. An account's name or address changes none."""
    points: set[str] = set()
    tariff_ids: set[str] = set()
    for change in found:
        for record in (change.before, change.after):
            if isinstance(record, ServicePoint | Installation | Agreement):
                points.add(record.service_point_id)
            elif isinstance(record, TariffDocument):
                tariff_ids.add(record.tariff_id)
    points.update(one.service_point_id for one in registry.agreements.values() if one.tariff_id in tariff_ids)
    return points
