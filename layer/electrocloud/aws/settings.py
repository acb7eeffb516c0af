"""What a function must know of its deployment, checked once, at its cold start."""

import os
from collections.abc import Mapping

import msgspec

from electrocloud.domain.errors import SettingsError


class MeteringSettings(msgspec.Struct, frozen=True):
    """The names of the tables and of the bucket, from the environment variables of the same names in capitals."""

    windows_table: str
    bills_table: str
    meters_table: str
    tariffs_table: str
    bucket: str

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "MeteringSettings":
        names = [field.upper() for field in cls.__struct_fields__]
        missing = [name for name in names if not environment.get(name)]
        if missing:
            raise SettingsError(f"the environment lacks {', '.join(missing)}; template.yaml sets them")
        return cls(*(environment[name] for name in names))
