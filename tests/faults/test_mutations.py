"""The harness is no use if it finds nothing: each of these mistakes, some of them in print, must show as a loss."""

from collections.abc import Callable

import msgspec
import pytest

from electrocloud.aws.ingest import kinesis_event as kinesis
from electrocloud.aws.ingest import quarantine
from electrocloud.aws.store import tables
from electrocloud.domain.billing.carry_forward import NOTHING
from electrocloud.domain.errors import UploadError
from electrocloud.domain.readings import admission, meter_day, reading_set
from electrocloud.services import ingest as metering
from electrocloud.services import rating
from tests.faults import function, injected_faults, table
from tests.faults.plan import SHORT, TINY, Plan, plan
from tests.faults.run import run

SEEDS = range(1, 5)
AS_THEY_CAME = """(
  SELECT * EXCLUDE (direction, quality),
    coalesce(direction, 'delivered') AS direction, coalesce(quality, 'measured') AS quality
  FROM readings WHERE wh IS NOT NULL
)"""

Patch = Callable[[pytest.MonkeyPatch], None]


def a_write_without_its_condition(patch):
    def put(table, item, mark):
        return {"Put": {"TableName": table, "Item": item}}

    patch.setattr(tables.DynamoTables, "_put", staticmethod(put))


def energy_added_up_as_it_comes(patch):
    def merge(self, seconds, readings):
        kept = self._readings.setdefault(seconds, {})
        for minute, (_, quality, wh, *_) in readings:
            kept[minute] = (0, quality, kept.get(minute, (0, 0, 0, 0))[2] + wh, 0)
        return len(readings)

    patch.setattr(reading_set.ReadingSet, "merge", merge)


def the_last_to_come_holds(patch):
    def merge(self, seconds, readings):
        new = dict(readings)
        kept = self._readings.setdefault(seconds, {}) if new else {}
        changed = sum(kept.get(minute) != value for minute, value in new.items())
        kept |= new
        return changed

    patch.setattr(reading_set.ReadingSet, "merge", merge)


def a_meter_that_could_not_be_stored_is_forgotten(patch):
    commit_with_retry = metering.commit_with_retry
    patch.setattr(metering, "commit_with_retry", lambda *given: (commit_with_retry(*given)[0], set()))


def only_the_last_failed_record_is_reported(patch):
    invoke = function.Function.invoke

    def last_only(self, event):
        return {"batchItemFailures": invoke(self, event)["batchItemFailures"][-1:]}

    patch.setattr(function.Function, "invoke", last_only)


def an_upload_is_marked_as_seen_before_it_is_stored(patch):
    seen: set[bytes] = set()
    ingest_uploads = metering.ingest_uploads

    def once(uploads, *given):
        new = [upload for upload in uploads if repr(upload) not in seen]
        seen.update(map(repr, new))
        return ingest_uploads(new, *given)

    patch.setattr(metering, "ingest_uploads", once)


def a_bad_upload_takes_its_frame_along(patch):
    user_records = kinesis.user_records

    def strict(data):
        payloads = user_records(data)
        if len(payloads) > 1:
            for payload in payloads:
                kinesis.decode(payload)
        return payloads

    patch.setattr(kinesis, "user_records", strict)


def a_bad_upload_is_dropped(patch):
    read_event = kinesis.read_event
    patch.setattr(kinesis, "read_event", lambda *given: (read_event(*given)[0], []))


def a_frame_that_does_not_open_is_passed_over(patch):
    user_records = kinesis.user_records

    def lenient(data):
        try:
            return user_records(data)
        except UploadError:
            return []

    patch.setattr(kinesis, "user_records", lenient)


def a_bad_upload_is_acknowledged_though_the_quarantine_was_not_written(patch):
    put = quarantine.put

    def hopeful(*given):
        put(*given)
        return {}

    patch.setattr(quarantine, "put", hopeful)


def the_quarantine_is_written_after_the_acknowledgement(patch):
    put = quarantine.put
    later = []

    def deferred(s3, bucket, rejected, out_of_time):
        acknowledged, later[:] = later[:], [rejected]
        for before in acknowledged:  # a process that is killed here has lost them
            put(s3, bucket, before, out_of_time)
        return {}

    patch.setattr(quarantine, "put", deferred)


def of_many_bad_uploads_only_the_first_are_kept(patch):
    put = quarantine.put
    patch.setattr(quarantine, "put", lambda s3, bucket, rejected, late: put(s3, bucket, rejected[:50], late))


def a_voided_reading_counts(patch):
    patch.setattr(reading_set.ReadingSet, "counted", reading_set.ReadingSet.counting)


def energy_received_is_billed(patch):
    intervals = meter_day.MeterDay.intervals
    both = lambda self, _="delivered": intervals(self) + intervals(self, "received")  # noqa: E731
    patch.setattr(meter_day.MeterDay, "intervals", both)


def the_quality_of_a_reading_is_lost(patch):
    columns = reading_set.ReadingSet.columns
    plain = lambda self: [one._replace(qualities=()) for one in columns(self)]  # noqa: E731
    patch.setattr(reading_set.ReadingSet, "columns", plain)


def an_action_that_comes_after_a_later_one_is_dropped(patch):
    merge = meter_day.MeterDay.merge

    def late(self, upload):
        changed = merge(self, msgspec.structs.replace(upload, adjustment=None))
        if upload.adjustment and changed:
            self._delivered.adjusted = self._received.adjusted = True
            self._adjustments.add(upload.adjustment)
        return changed

    patch.setattr(meter_day.MeterDay, "merge", late)


def a_reading_of_the_future_is_billed(patch):
    patch.setattr(admission, "_future", lambda *_: None)


def a_head_end_sends_for_the_meters_of_another(patch):
    patch.setattr(admission, "_foreign", lambda *_: None)


def a_producer_does_not_look_at_what_was_refused(patch):
    put_records = injected_faults.Intake.put_records

    def unread(self, **request):
        answers = put_records(self, **request)["Records"]
        taken = {"ShardId": next(iter(self._stream.shards)), "SequenceNumber": "0"}
        return {"FailedRecordCount": 0, "Records": [taken if "ErrorCode" in answer else answer for answer in answers]}

    patch.setattr(injected_faults.Intake, "put_records", unread)


def a_question_is_asked_of_the_rows_as_they_came(patch):
    patch.setattr(table, "SQL", table.SQL.replace("readings_by_direction", AS_THEY_CAME))


def the_bill_after_a_changed_one_is_left_as_it_was(patch):
    patch.setattr(metering, "rate_following", lambda *_, **__: None)


def a_bill_begins_with_nothing(patch):
    patch.setattr(rating, "begins_with", lambda *_: NOTHING)


MISTAKES: tuple[Patch, ...] = (
    a_write_without_its_condition,
    energy_added_up_as_it_comes,
    the_last_to_come_holds,
    a_meter_that_could_not_be_stored_is_forgotten,
    only_the_last_failed_record_is_reported,
    an_upload_is_marked_as_seen_before_it_is_stored,
    a_bad_upload_takes_its_frame_along,
    a_bad_upload_is_dropped,
    a_frame_that_does_not_open_is_passed_over,
    a_bad_upload_is_acknowledged_though_the_quarantine_was_not_written,
    the_quarantine_is_written_after_the_acknowledgement,
    of_many_bad_uploads_only_the_first_are_kept,
    a_voided_reading_counts,
    energy_received_is_billed,
    the_quality_of_a_reading_is_lost,
    an_action_that_comes_after_a_later_one_is_dropped,
    a_reading_of_the_future_is_billed,
    a_head_end_sends_for_the_meters_of_another,
    a_producer_does_not_look_at_what_was_refused,
    a_question_is_asked_of_the_rows_as_they_came,
)
BETWEEN_BILLS: tuple[Patch, ...] = (the_bill_after_a_changed_one_is_left_as_it_was, a_bill_begins_with_nothing)


@pytest.mark.parametrize("mistake", MISTAKES, ids=[mistake.__name__ for mistake in MISTAKES])
def test_the_harness_finds(mistake: Patch, monkeypatch: pytest.MonkeyPatch) -> None:
    mistake(monkeypatch)
    assert any(run(_down(seed)).losses for seed in SEEDS)


@pytest.mark.parametrize("mistake", BETWEEN_BILLS, ids=[mistake.__name__ for mistake in BETWEEN_BILLS])
def test_in_more_than_a_month_the_harness_finds(mistake: Patch, monkeypatch: pytest.MonkeyPatch) -> None:
    mistake(monkeypatch)
    assert run(plan(1, SHORT)).losses


@pytest.mark.parametrize("seed", SEEDS)
def test_without_a_mistake_the_harness_finds_nothing(seed):
    assert not run(_down(seed)).losses


def _down(seed: int) -> Plan:
    """A small plan in which the tables are down for a day, large batches wait, and there is more of what is rare."""
    small = plan(seed, TINY)
    rates = small.rates | {"poison": 0.5, "readings voided or corrected": 0.5}
    return small._replace(down=range(48, 72), settings=small.settings._replace(batch_size=40), rates=rates)
