"""How far a process has read, in a file, so that it goes on from there when it is started again."""

import json
from pathlib import Path
from typing import Any


class Checkpoint:
    """A JSON object in a file that is replaced as a whole."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> dict[str, Any]:
        """What was written last; empty if nothing was."""
        try:
            return dict(json.loads(self._path.read_text()))
        except FileNotFoundError:
            return {}

    def write(self, value: dict[str, Any]) -> None:
        """Replace what was written last."""
        draft = self._path.with_suffix(".new")
        draft.write_text(json.dumps(value))
        draft.replace(self._path)
