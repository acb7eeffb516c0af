"""The metering function's own handler, on tables and a bucket in memory."""

import hashlib
import importlib
import json
from datetime import date
from types import SimpleNamespace

import pytest
from aws_kinesis_agg import MAGIC
from aws_kinesis_agg.aggregator import AggRecord
from aws_kinesis_agg.deaggregator import messages_pb2
from botocore.exceptions import ClientError

from electrocloud.aws.ingest.quarantine import unpack
from electrocloud.aws.quarantine_keys import counts_in
from electrocloud.aws.store.dynamodb_items import bill_of, stored_day
from electrocloud.aws.store.meter_lookup import REMEMBER_S
from tests.kits.examples import TIME_OF_USE, kinesis_event, upload_json
from tests.kits.function_kit import CONTEXT


def frame(*payloads: bytes) -> bytes:
    record = AggRecord()
    for number, payload in enumerate(payloads):
        assert record.add_user_record(f"m-{number}", payload)
    return record.get_contents()[2]


def days(aws):
    items = aws.dynamodb.scan(TableName="windows")["Items"]
    return {(item["meter_id"]["S"], item["day"]["S"]): stored_day(item).day for item in items}


def quarantined(aws):
    keys = [found["Key"] for found in aws.s3.list_objects_v2(Bucket=aws.bucket).get("Contents", [])]
    return [row for key in keys for row in unpack(key, aws.s3.get_object(Bucket=aws.bucket, Key=key)["Body"].read())]


def test_uploads_become_windows_and_bills(app, aws):
    event = kinesis_event([upload_json(), upload_json(meter_id="m-2", day=date(2026, 11, 25))])
    assert app.handler(event, CONTEXT) == {"batchItemFailures": []}
    assert days(aws)["m-1", "2026-11-24"].hours_wh()[0] == 1000
    (bill,) = [
        bill_of(item) for item in aws.dynamodb.scan(TableName="bills")["Items"] if item["meter_id"]["S"] == "m-1"
    ]
    assert bill.energy_kwh == 1
    assert [str(line.amount_rounded) for line in bill.lines] == ["0.20", "9.50"]


def test_frames_and_plain_records_give_the_same_windows(app, aws):
    uploads = [upload_json(), upload_json(meter_id="m-2"), upload_json(day=date(2026, 11, 25))]
    app.handler(kinesis_event(uploads), CONTEXT)
    plain = {key: day.pack() for key, day in days(aws).items()}
    for key in plain:
        aws.dynamodb.delete_item(TableName="windows", Key={"meter_id": {"S": key[0]}, "day": {"S": key[1]}})
    app.handler(kinesis_event([frame(*uploads)]), CONTEXT)
    assert {key: day.pack() for key, day in days(aws).items()} == plain


def test_a_bad_upload_is_quarantined_with_its_bytes_and_its_neighbors_are_stored(app, aws):
    broken = bytearray(frame(upload_json()))
    broken[20] ^= 1
    bad = upload_json(meter_id="")
    event = kinesis_event([b"no json", upload_json(), bytes(broken), frame(bad, upload_json(meter_id="m-2"))])
    assert app.handler(event, CONTEXT) == {"batchItemFailures": []}
    assert {meter for meter, _ in days(aws)} == {"m-1", "m-2"}
    found = {row.reason: row for row in quarantined(aws)}
    assert found.keys() == {"not-json", "kpl-frame", "contract"}
    assert found["kpl-frame"].payload == bytes(broken)
    assert found["contract"].payload == bad
    assert "meter_id" in found["contract"].message


def test_a_redelivered_batch_changes_nothing_and_quarantines_nothing_twice(app, aws):
    event = kinesis_event([upload_json(), b"no json"])
    app.handler(event, CONTEXT)
    before = aws.dynamodb.scan(TableName="bills")["Items"], aws.dynamodb.scan(TableName="windows")["Items"]
    app.handler(event, CONTEXT)
    assert (aws.dynamodb.scan(TableName="bills")["Items"], aws.dynamodb.scan(TableName="windows")["Items"]) == before
    assert len(quarantined(aws)) == 1


def test_records_of_a_meter_that_could_not_be_stored_are_returned_for_retry(app, aws, monkeypatch):
    def refuse(**request):
        reasons = [{"Code": "TransactionConflict"} for _ in request["TransactItems"]]
        raise ClientError(
            {"Error": {"Code": "TransactionCanceledException", "Message": ""}, "CancellationReasons": reasons},
            "TransactWriteItems",
        )

    monkeypatch.setattr(app.dynamodb, "transact_write_items", refuse)
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    answer = app.handler(kinesis_event([b"no json", upload_json(), upload_json(meter_id="m-2")]), CONTEXT)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "2"}, {"itemIdentifier": "3"}]}


def test_metrics_are_written_in_embedded_metric_format(app, aws, capsys):
    app.handler(kinesis_event([upload_json(), b"no json"]), CONTEXT)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]
    (batch,) = [line for line in lines if "ReadingsStored" in line]
    assert batch["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "ElectroCloud"
    assert (batch["ReadingsStored"], batch["UploadsRejected"], batch["BillsRated"]) == ([4.0], [1.0], [1.0])
    assert [line["reason"] for line in lines if "UploadsRejectedByReason" in line] == ["not-json"]


def test_a_missing_setting_is_named_at_the_cold_start(app, monkeypatch):
    from electrocloud.domain.errors import SettingsError

    monkeypatch.delenv("BILLS_TABLE")
    with pytest.raises(SettingsError, match="BILLS_TABLE"):
        importlib.reload(app)


@pytest.mark.parametrize("document", ["no json", json.dumps({**TIME_OF_USE, "energyweekdayschedule": [[7] * 24] * 12})])
def test_an_invalid_tariff_blocks_no_reading_and_its_bills_appear_once_it_is_fixed(app, aws, document, capsys):
    aws.dynamodb.put_item(TableName="tariffs", Item={"tariff_id": {"S": "bad"}, "document": {"S": document}})
    aws.dynamodb.put_item(TableName="meters", Item={"meter_id": {"S": "m-2"}, "tariff_id": {"S": "bad"}})
    event = kinesis_event([upload_json(), upload_json(meter_id="m-2")])
    assert app.handler(event, CONTEXT) == {"batchItemFailures": []}
    assert {meter for meter, _ in days(aws)} == {"m-1", "m-2"}
    assert [item["meter_id"]["S"] for item in aws.dynamodb.scan(TableName="bills")["Items"]] == ["m-1"]
    assert '"InvalidTariffs":[1.0]' in capsys.readouterr().out
    mended = {"tariff_id": {"S": "bad"}, "document": {"S": json.dumps(TIME_OF_USE)}}
    aws.dynamodb.put_item(TableName="tariffs", Item=mended)
    app.registry._since -= REMEMBER_S + 1
    app.handler(event, CONTEXT)
    assert len(aws.dynamodb.scan(TableName="bills")["Items"]) == 2


def tiny(count: int) -> bytes:
    """A frame of uploads of one byte."""
    record = messages_pb2.AggregatedRecord(partition_key_table=["k"])
    for _ in range(count):
        record.records.add(partition_key_index=0, data=b"x")
    message = record.SerializeToString()
    return MAGIC + message + hashlib.md5(message).digest()


def test_the_rejected_uploads_of_a_batch_are_written_by_one_put(app, aws, monkeypatch):
    puts = count_puts(app, monkeypatch)
    event = kinesis_event([tiny(20_000), upload_json(), b"no json", upload_json(interval_s=7)])
    assert app.handler(event, CONTEXT) == {"batchItemFailures": []}
    assert days(aws).keys() == {("m-1", "2026-11-24")}
    (key,) = puts
    assert counts_in(key) == {"not-json": 20_001, "interval": 1}
    rows = quarantined(aws)
    assert [row.position for row in rows[:20_000]] == list(range(20_000))
    assert {row.payload for row in rows[:20_000]} == {b"x"}


def test_more_than_an_object_holds_goes_into_several(app, aws, monkeypatch):
    puts = count_puts(app, monkeypatch)
    app.handler(kinesis_event([tiny(120_000)]), CONTEXT)
    assert [sum(counts_in(key).values()) for key in puts] == [50_000, 50_000, 20_000]


def test_good_uploads_are_stored_before_the_quarantine_is_tried(app, aws, monkeypatch):
    def refuse(**_):
        assert days(aws)
        raise ClientError({"Error": {"Code": "SlowDown", "Message": "Reduce your request rate"}}, "PutObject")

    monkeypatch.setattr(app.s3, "put_object", refuse)
    answer = app.handler(kinesis_event([upload_json(), b"no json", upload_json(meter_id="m-2"), b"x"]), CONTEXT)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "2"}, {"itemIdentifier": "4"}]}


def test_out_of_time_only_the_records_that_are_not_in_the_quarantine_come_again(app, aws):
    hurried = SimpleNamespace(**vars(CONTEXT) | {"get_remaining_time_in_millis": lambda: app.RESERVE_MS - 1})
    answer = app.handler(kinesis_event([upload_json(), tiny(3), upload_json(meter_id="m-2")]), hurried)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "2"}]}
    assert {meter for meter, _ in days(aws)} == {"m-1", "m-2"}
    assert quarantined(aws) == []


def test_a_message_is_kept_short_however_long_the_field_that_it_quotes(app, aws):
    app.handler(kinesis_event([json.dumps({"x" * 100_000: 1}).encode()]), CONTEXT)
    (row,) = quarantined(aws)
    assert len(row.message) <= 500


def count_puts(app, monkeypatch) -> list[str]:
    puts = []
    put_object = app.s3.put_object

    def counting(**request):
        puts.append(request["Key"])
        return put_object(**request)

    monkeypatch.setattr(app.s3, "put_object", counting)
    return puts


def test_an_upload_of_another_head_end_is_quarantined_and_the_meters_own_is_stored(app, aws):
    own = "arn:aws:iam::1:user/own"
    item = {"meter_id": {"S": "m-1"}, "tariff_id": {"S": "tou"}, "head_end": {"S": own}}
    aws.dynamodb.put_item(TableName="meters", Item=item)

    def sent_by(caller: str, **parts):
        return json.dumps(json.loads(upload_json(**parts)) | {"caller": caller}).encode()

    batch = [sent_by("arn:aws:iam::1:user/other"), sent_by(own, day=date(2026, 11, 25)), sent_by("x", meter_id="m-2")]
    assert app.handler(kinesis_event(batch), CONTEXT) == {"batchItemFailures": []}
    assert days(aws).keys() == {("m-1", "2026-11-25"), ("m-2", "2026-11-24")}
    (row,) = quarantined(aws)
    assert (row.reason, row.payload) == ("head-end", batch[0])


def test_a_future_reading_is_quarantined_with_what_to_do(app, aws):
    app.handler(kinesis_event([upload_json(day=date(2099, 12, 31)), upload_json()]), CONTEXT)
    assert days(aws).keys() == {("m-1", "2026-11-24")}
    (row,) = quarantined(aws)
    assert row.reason == "future"
    assert "set the meter's clock" in row.message


def test_meters_that_nobody_registered_are_counted_and_stored(app, aws, capsys):
    app.handler(kinesis_event([upload_json(meter_id=f"m-{number}") for number in range(1, 6)]), CONTEXT)
    assert '"UnregisteredMeters":[3.0]' in capsys.readouterr().out
    assert len(days(aws)) == 5
    assert len(aws.dynamodb.scan(TableName="bills")["Items"]) == 2


def test_where_only_registered_meters_are_taken_the_others_wait_in_the_quarantine(app, aws, monkeypatch):
    monkeypatch.setenv("ACCEPT_UNREGISTERED_METERS", "false")
    closed = importlib.reload(app)
    batch = [upload_json(meter_id=f"m-{number}") for number in (1, 8)]
    assert closed.handler(kinesis_event(batch), CONTEXT) == {"batchItemFailures": []}
    assert days(aws).keys() == {("m-1", "2026-11-24")}
    (row,) = quarantined(aws)
    assert (row.reason, row.payload) == ("unregistered", batch[1])
    aws.dynamodb.put_item(TableName="meters", Item={"meter_id": {"S": "m-8"}})
    closed.handler(kinesis_event([row.payload]), CONTEXT)
    assert days(aws).keys() == {("m-1", "2026-11-24"), ("m-8", "2026-11-24")}


def test_a_registered_meter_without_an_agreement_has_windows_and_no_bill(app, aws, capsys):
    aws.dynamodb.put_item(TableName="meters", Item={"meter_id": {"S": "m-3"}})
    app.handler(kinesis_event([upload_json(meter_id="m-3")]), CONTEXT)
    assert '"UnregisteredMeters":[0.0]' in capsys.readouterr().out
    assert days(aws).keys() == {("m-3", "2026-11-24")}
