"""A file's bytes and text: zip and gzip are opened, and the encoding is found."""

import gzip
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

from electrocloud.domain.errors import UsageError

_ENCODINGS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_READ_AT_ONCE = 1 << 20


def open_source(path: Path) -> IO[bytes]:
    """The bytes of a file, of the one file in a zip archive, or of a gzip file. `UsageError` if they cannot be read."""
    if not path.is_file():
        raise UsageError(f"{path} does not exist; give a meter data file")
    with path.open("rb") as file:
        head = file.read(4)
    if head[:2] == b"\x1f\x8b":
        return cast("IO[bytes]", gzip.open(path))
    if head != b"PK\x03\x04":
        return path.open("rb")
    try:
        archive = zipfile.ZipFile(path)
        names = [one.filename for one in archive.infolist() if not one.is_dir() and "__MACOSX" not in one.filename]
        if "[Content_Types].xml" in names:
            raise UsageError(f"{path} is an Excel workbook; save its sheet as CSV and give that")
        if len(names) != 1:
            raise UsageError(f"{path} has {len(names)} files; unpack it and give one of them")
        return archive.open(names[0])
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as fault:
        raise UsageError(f"{path} is not a sound zip archive: {fault}") from None


def head_of(path: Path, size: int = 65_536) -> bytes:
    """The first bytes of a file."""
    with reading(path) as file:
        return file.read(size)


def text_of(path: Path) -> str:
    """The whole text of a file: UTF-8, UTF-16 with its mark, or else Latin-1."""
    with reading(path) as file:
        content = b"".join(iter(lambda: file.read(_READ_AT_ONCE), b""))
    return decoded(content)


def decoded(content: bytes) -> str:
    """Text of bytes, with line ends as a single line feed and no hard spaces."""
    encoding = next((name for mark, name in _ENCODINGS if content.startswith(mark)), "utf-8")
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").replace("\xa0", " ")


@contextmanager
def reading(path: Path) -> Iterator[IO[bytes]]:
    """Open a file as `open_source` does; a fault while it is read becomes a `UsageError`."""
    with open_source(path) as file:
        try:
            yield file
        except (OSError, EOFError, zlib.error, zipfile.BadZipFile) as fault:
            raise UsageError(f"{path} cannot be read: {fault}") from None
