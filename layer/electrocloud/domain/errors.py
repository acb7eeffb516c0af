"""What can be wrong with input, as one family of exceptions.

Each message says what was wrong, where, and what to do about it; it may be shown to the person who sent the input.
"""


class ElectroCloudError(Exception):
    """The base of every error that this system raises on purpose."""


class UploadError(ElectroCloudError):
    """An upload that breaks the ingestion contract. It is refused or quarantined, whole, and never half taken.

    `reason` is a short code that metrics and the quarantine's folders are named by, such as `not-json` or `misaligned`.
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class TariffError(ElectroCloudError):
    """A tariff that cannot be rated as it stands. `field` is the URDB field that is at fault."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message


class UsageError(ElectroCloudError):
    """A load file or a request that does not say what it must; the message names the row or the argument."""


class SettingsError(ElectroCloudError):
    """A deployment that does not say what is needed of it, such as an unset environment variable."""


class StoreBusyError(ElectroCloudError):
    """A store that keeps refusing work for want of capacity; the work is to be tried again later."""


class StreamBusyError(ElectroCloudError):
    """A stream that keeps refusing uploads."""


class ApiError(ElectroCloudError):
    """An ingestion API that refused a call, or did not answer it."""


class RegistryError(ElectroCloudError):
    """Master data that contradict themselves or name what does not exist; nothing of them is stored."""
