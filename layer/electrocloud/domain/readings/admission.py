"""Which uploads are admitted of those that keep the contract: it depends on when they came and who sent them."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple, Protocol

from electrocloud.domain.errors import UploadError
from electrocloud.domain.local_time import instant_of
from electrocloud.domain.readings.upload import Upload, decode

FUTURE_TOLERANCE_S = 15 * 60

HeadEndsOf = Callable[[Collection[str]], Mapping[str, str]]
RegisteredAmong = Callable[[Collection[str]], Collection[str]]


class Arrival(Protocol):
    """An upload, and when the stream took it (s since 1970)."""

    @property
    def upload(self) -> Upload:
        """What was sent."""

    @property
    def arrived(self) -> float:
        """When the stream took it, s since 1970 UTC."""


class Admission(NamedTuple):
    """The rules. A reading may start `future_tolerance_s` after its upload arrived, and no later.

    `head_ends_of` says which of some meters have a head-end of their own in the registry: the ARN of an IAM principal,
    or of a role's sessions without the session's name. Such a meter takes uploads from its head-end and on its own
    route. What was written to the stream without the API has no caller and is trusted: IAM decides who may do that.
    `registered_among` says which of some meters the registry has; the others' uploads are refused. None: accepted.
    """

    future_tolerance_s: float = FUTURE_TOLERANCE_S
    head_ends_of: HeadEndsOf = lambda _: {}
    registered_among: RegisteredAmong | None = None

    def refusals(self, arrivals: Sequence[Arrival]) -> dict[int, UploadError]:
        """Why those that are not admitted are not, by their places."""
        if not arrivals:
            return {}
        # Most uploads are of a day that is over and came without a caller: they are looked at once, and cheaply.
        earliest = min([arrival.arrived for arrival in arrivals]) + self.future_tolerance_s
        day = datetime.fromtimestamp(earliest, UTC).date()
        places = [
            place
            for place, arrival in enumerate(arrivals)
            if (upload := arrival.upload).day >= day or upload.caller or upload.adjustment
        ]
        called = {arrivals[place].upload.meter_id for place in places if arrivals[place].upload.caller}
        head_ends = self.head_ends_of(called) if called else {}
        found = {}
        for place in places:
            arrival = arrivals[place]
            upload = arrival.upload
            refusal = _future(upload, arrival.arrived, self.future_tolerance_s)
            if not refusal and head_ends:
                refusal = _foreign(upload, head_ends.get(upload.meter_id))
            if refusal:
                found[place] = refusal
        return self._unregistered(arrivals) | found

    def _unregistered(self, arrivals: Sequence[Arrival]) -> dict[int, UploadError]:
        if not self.registered_among:
            return {}
        meters = [arrival.upload.meter_id for arrival in arrivals]
        registered = self.registered_among(set(meters))
        return {place: _unknown(meter) for place, meter in enumerate(meters) if meter not in registered}


DEFAULT = Admission()


class _Arrived(NamedTuple):
    upload: Upload
    arrived: float


def admit(payloads: Iterable[tuple[bytes, float]], admission: Admission) -> list[Upload | UploadError]:
    """For each payload with its arrival (s since 1970) the upload, or why it is none or is not admitted."""
    judged: list[Upload | UploadError] = []
    decoded: list[_Arrived] = []
    places: list[int] = []
    for place, (payload, arrived) in enumerate(payloads):
        try:
            upload = decode(payload)
        except UploadError as fault:
            judged.append(fault)
            continue
        judged.append(upload)
        decoded.append(_Arrived(upload, arrived))
        places.append(place)
    for number, refusal in admission.refusals(decoded).items():
        judged[places[number]] = refusal
    return judged


def _future(upload: Upload, arrived: float, tolerance_s: float) -> UploadError | None:
    """An operator may void readings of the future, which is how those are taken back that were stored before."""
    latest = arrived + tolerance_s
    midnight = instant_of(upload.day)
    adjustment = upload.adjustment
    if adjustment and adjustment.at.timestamp() > latest:
        return _ahead("the operator's action", adjustment.at.timestamp(), arrived, tolerance_s)
    if midnight + 86_340 <= latest or (adjustment and adjustment.action == "void"):
        return None
    start = midnight + 60 * max(minute for minute, _ in upload.in_both_directions())
    return _ahead("a reading's start", start, arrived, tolerance_s) if start > latest else None


def _ahead(what: str, at: float, arrived: float, tolerance_s: float) -> UploadError:
    moments = [f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%dT%H:%M:%SZ}" for moment in (at, arrived)]
    return UploadError(
        "future",
        f"{what} is {moments[0]} and the upload arrived at {moments[1]}; it may be at most {tolerance_s / 60:.0f} "
        "minutes ahead: set the meter's clock",
    )


def _unknown(meter_id: str) -> UploadError:
    return UploadError(
        "unregistered",
        f"the registry has no meter {meter_id}, and this stack takes uploads of registered meters only: "
        "register it with its service point, and redrive the upload",
    )


def _foreign(upload: Upload, head_end: str | None) -> UploadError | None:
    caller = upload.caller
    if not head_end or not caller or caller in (head_end, f"meter:{upload.meter_id}"):
        return None
    if caller.startswith(f"{head_end}/"):
        return None
    return UploadError(
        "head-end",
        f"the upload was sent by {caller} and the registry has {head_end} as the meter's head-end: "
        "let that one send it, or change head_end in the registry and redrive it",
    )
