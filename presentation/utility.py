"""The utility that sends the bills: its letterhead, how to pay, whom to call, and the mail that brings an invoice."""

import os
from functools import cache
from pathlib import Path
from typing import Annotated

import msgspec

from electrocloud.domain.errors import SettingsError

VARIABLE = "ELECTROCLOUD_UTILITY"
DEFAULT = Path(__file__).with_name("utility.toml")
MAIL_FIELDS = ("customer", "period", "due", "number", "account", "utility")

ShortText = Annotated[str, msgspec.Meta(min_length=1, max_length=120)]
AnyText = Annotated[str, msgspec.Meta(max_length=120)]
Lines = Annotated[tuple[ShortText, ...], msgspec.Meta(max_length=6)]
Note = Annotated[str, msgspec.Meta(min_length=1, max_length=600)]
Country = Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{2}$")]
Color = Annotated[str, msgspec.Meta(pattern=r"^#[0-9a-fA-F]{6}$")]
Address = Annotated[str, msgspec.Meta(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$", max_length=254)]


class PaymentMethod(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A way to pay: `how` in two words, and what to do."""

    how: ShortText
    text: Note


class Mail(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The mail of an invoice. `sender` is verified in SES. `subject` and `text` may name MAIL_FIELDS in braces."""

    sender: Address
    subject: ShortText
    text: Annotated[str, msgspec.Meta(min_length=1, max_length=4_000)]
    reply_to: Address | None = None


class Utility(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who sends the bills. `country` (ISO 3166) decides the paper where a service point names none.

    `remit_to` is the address on the payment slip; without it there is no slip. `notes` are printed below the lines.
    """

    name: ShortText
    address: Lines
    phone: ShortText
    mail: Mail
    hours: AnyText = ""
    emergency_phone: AnyText = ""
    email: AnyText = ""
    website: AnyText = ""
    country: Country = "US"
    accent: Color = "#0b4f71"
    pay: Annotated[tuple[PaymentMethod, ...], msgspec.Meta(max_length=6)] = ()
    remit_to: Lines = ()
    notes: Annotated[tuple[Note, ...], msgspec.Meta(max_length=6)] = ()


msgspec.json.Decoder(Utility)  # has msgspec look at the type on import: two threads that do so at once can crash


@cache
def this_utility() -> Utility:
    """The utility of the file that ELECTROCLOUD_UTILITY names, or else of `utility.toml` beside this module."""
    return read_utility(Path(os.environ.get(VARIABLE) or DEFAULT))


def read_utility(file: Path) -> Utility:
    """The utility that a TOML file describes. Raises `SettingsError`, which names the field that is at fault."""
    try:
        found = msgspec.toml.decode(file.read_bytes(), type=Utility)
    except OSError as fault:
        raise SettingsError(
            f"the utility's file {file} cannot be read: {fault.strerror}; {VARIABLE} names it, and without that it is "
            f"{DEFAULT.name} in presentation/"
        ) from None
    except msgspec.ValidationError as fault:
        raise SettingsError(f"{file}: {fault}; docs/billing.md lists the fields of a utility's file") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as fault:
        raise SettingsError(f"{file} is not TOML: {fault}; presentation/utility.toml is an example") from None
    for field in ("subject", "text"):
        _check_fields(file, field, getattr(found.mail, field))
    if "\n" in found.mail.subject:
        raise SettingsError(f"{file}: mail.subject must be a single line")
    return found


def _check_fields(file: Path, field: str, text: str) -> None:
    known = ", ".join(f"{{{name}}}" for name in MAIL_FIELDS)
    try:
        text.format_map(dict.fromkeys(MAIL_FIELDS, ""))
    except (KeyError, ValueError, IndexError, AttributeError):
        raise SettingsError(
            f"{file}: mail.{field} may name {known} in braces, and nothing else; write a brace of the text itself twice"
        ) from None
