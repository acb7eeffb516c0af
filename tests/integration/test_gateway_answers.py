"""The ingestion API's answers to valid, invalid and failing calls, and what Kinesis gets from them."""

import json
from pathlib import Path

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError

from electrocloud.domain.errors import UploadError
from electrocloud.domain.readings.upload import decode
from laptop.gateway.authorization import Principal
from laptop.gateway.throttle import Throttle
from tests.kits.gateway_kit import HEAD_END, UPLOAD, FakeKinesis, answered, gateway, plan, signed

EXAMPLES = Path(__file__).parent.parent / "bad_uploads"
REFUSED = {
    "not-json": "the body is not JSON",
    "not-an-object": 'is not of type "object"',
    "no-uploads": "/uploads: [] has less than 1 item",
    "unknown-field": "/uploads/1: Additional properties are not allowed ('firmware' was unexpected)",
    "no-meter": '/uploads/1: "meter_id" is a required property',
    "meter-id-with-line-end": '/uploads/1/meter_id: "NL-1001\\n" does not match',
    "interval-of-seven-minutes": "/uploads/1/interval_s: 420 is not one of 60, 300",
    "no-readings": "/uploads/1/readings: [] has less than 1 item",
    "too-many-readings": "/uploads/1/readings: [",
    "negative-energy": "/uploads/1/readings/0/wh: -5 is less than the minimum of 0",
    "fractional-energy": '/uploads/1/readings/0/wh: 0.25 is not of type "integer"',
    "energy-as-text": '/uploads/1/readings/0/wh: "120" is not of type "integer"',
    "energy-beyond-any-meter": "/uploads/1/readings/0/wh: 240000001 is greater than the maximum of 240000000",
    "local-time": '/uploads/1/readings/0/start: "2026-01-31T00:00:00" does not match',
}
QUARANTINED = {
    "misaligned-start": "misaligned",
    "two-days": "two-days",
    "absurd-energy": "absurd-energy",
    "day-that-is-not": "contract",
}


def refusal(code: str, message: str = "", status: int = 400) -> ClientError:
    return ClientError(
        {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}},
        "PutRecords",
    )


def uploads(count: int) -> list[dict]:
    return [{**UPLOAD, "meter_id": f"NL-{index}"} for index in range(count)]


def test_each_upload_becomes_one_record_under_its_meter():
    kinesis = FakeKinesis()
    assert answered(gateway(kinesis), signed({"uploads": uploads(3)})) == (202, {"accepted": 3})
    assert [record["PartitionKey"] for record in kinesis.taken] == ["NL-0", "NL-1", "NL-2"]
    assert [decode(record["Data"]).meter_id for record in kinesis.taken] == ["NL-0", "NL-1", "NL-2"]


@pytest.mark.parametrize("path", ["/v1/uploads", "/v1/meters/NL-1000/uploads"])
def test_each_record_says_which_call_brought_it_and_who_signed_that(path: str):
    kinesis = FakeKinesis()
    assert answered(gateway(kinesis), signed({"uploads": [UPLOAD]}, path))[0] == 202
    upload = decode(kinesis.taken[0]["Data"])
    own_route = path != "/v1/uploads"
    assert upload.request_id == "request-1"
    assert upload.caller == ("meter:NL-1000" if own_route else "arn:aws:iam::000000000000:user/laptop")


@pytest.mark.parametrize("path", ["/v1/uploads", "/v1/meters/NL-1000/uploads"])
def test_what_the_sender_says_of_the_call_does_not_hold(path: str, monkeypatch: pytest.MonkeyPatch):
    """Even where the validator lets more fields pass, as AWS says of an imported file's additionalProperties."""
    monkeypatch.setattr("laptop.gateway.rest_api._faults", lambda schema, document: [])
    kinesis = FakeKinesis()
    spoofed = {**UPLOAD, "caller": "meter:NL-1000", "request_id": "of-the-sender"}
    answered(gateway(kinesis), signed({"uploads": [spoofed]}, path))
    upload = decode(kinesis.taken[0]["Data"])
    assert upload.request_id == "request-1"
    assert upload.caller == ("meter:NL-1000" if path != "/v1/uploads" else "arn:aws:iam::000000000000:user/laptop")
    operator = {"action": "void", "by": "x", "at": "2026-11-26T00:00:00Z", "reason": "x"}
    action = {**UPLOAD, "operator": operator, "readings": [{"start": "2026-01-31T00:00:00Z", "wh": 0}]}
    answered(gateway(kinesis), signed({"uploads": [action]}, path))
    with pytest.raises(UploadError, match="only an operator"):
        decode(kinesis.taken[1]["Data"])


def test_every_example_is_expected_somewhere():
    assert {path.stem for path in (EXAMPLES / "refused").iterdir()} == set(REFUSED)
    assert {path.stem for path in (EXAMPLES / "quarantined").iterdir()} == set(QUARANTINED)


@pytest.mark.parametrize(("name", "fault"), REFUSED.items())
def test_a_body_that_breaks_the_contract_is_rejected_whole_and_its_fault_named(name: str, fault: str):
    kinesis = FakeKinesis()
    status, body = answered(gateway(kinesis), signed((EXAMPLES / "refused" / f"{name}.json").read_bytes()))
    assert status == 400
    assert fault in body["faults"]
    assert len(body["faults"]) < 1500
    assert kinesis.taken == []


@pytest.mark.parametrize(("name", "reason"), QUARANTINED.items())
def test_faults_that_only_the_consumer_can_detect_are_accepted_by_the_api(name: str, reason: str):
    kinesis = FakeKinesis()
    call = signed((EXAMPLES / "quarantined" / f"{name}.json").read_bytes())
    assert answered(gateway(kinesis), call) == (202, {"accepted": 2})
    good, bad = (record["Data"] for record in kinesis.taken)
    assert decode(good).meter_id == "NL-1000"
    with pytest.raises(UploadError) as fault:
        decode(bad)
    assert fault.value.reason == reason


def test_only_the_first_faults_are_named():
    body = {"uploads": [{**UPLOAD, "meter_id": ""} for _ in range(300)]}
    status, answer = answered(gateway(FakeKinesis()), signed(body))
    assert status == 400
    assert answer["faults"].count("/meter_id: ") == 5
    assert "/uploads/4/meter_id" in answer["faults"]


@pytest.mark.parametrize("key", ["", "another-key-of-20-chars"])
def test_a_head_end_without_a_key_of_the_plan_is_refused_and_told_what_to_send(key: str):
    kinesis = FakeKinesis()
    status, body = answered(gateway(kinesis), signed({"uploads": uploads(1)}, **{"x-api-key": key}))
    assert status == 403
    assert "x-api-key" in body["message"]
    assert kinesis.taken == []


def test_a_head_end_over_its_daily_quota_is_told_when_it_may_continue():
    limited = gateway(FakeKinesis(), usage=plan(quota=1))
    assert answered(limited, signed({"uploads": uploads(1)}))[0] == 202
    status, body = answered(limited, signed({"uploads": uploads(1)}))
    assert (status, body["accepted"]) == (429, 0)
    assert "after midnight UTC" in body["message"]


def test_a_meter_needs_no_key_on_its_own_route():
    call = signed({"uploads": [UPLOAD]}, f"/v1/meters/{UPLOAD['meter_id']}/uploads", **{"x-api-key": ""})
    assert answered(gateway(FakeKinesis(), usage=plan(quota=0)), call)[0] == 202


def test_a_call_has_at_most_500_uploads():
    assert answered(gateway(FakeKinesis()), signed({"uploads": uploads(500)}))[0] == 202
    status, body = answered(gateway(FakeKinesis()), signed({"uploads": uploads(501)}))
    assert status == 400
    assert "has more than 500 items" in body["faults"]


def test_a_body_with_another_content_type_does_not_bypass_the_schema():
    kinesis = FakeKinesis()
    call = signed({"uploads": [{"meter_id": "x"}]}, **{"Content-Type": "text/plain"})
    assert answered(gateway(kinesis), call)[0] == 415
    call = signed({"uploads": uploads(1)}, **{"Content-Type": "application/json; charset=utf-8"})
    assert answered(gateway(kinesis), call)[0] == 202


def test_uploads_that_a_full_shard_rejected_are_named_by_index():
    kinesis = FakeKinesis(failing={1: "ProvisionedThroughputExceededException", 3: "InternalFailure"})
    status, body = answered(gateway(kinesis), signed({"uploads": uploads(5)}))
    assert status == 503
    assert (body["accepted"], body["retry"]) == (3, [1, 3])
    assert [record["PartitionKey"] for record in kinesis.taken] == ["NL-0", "NL-2", "NL-4"]


def test_when_every_record_fails_every_index_is_to_be_sent_again():
    kinesis = FakeKinesis(failing=dict.fromkeys(range(4), "ProvisionedThroughputExceededException"))
    status, body = answered(gateway(kinesis), signed({"uploads": uploads(4)}))
    assert (status, body["accepted"], body["retry"]) == (503, 0, [0, 1, 2, 3])


@pytest.mark.parametrize(
    ("error", "status", "advice"),
    [
        (refusal("ProvisionedThroughputExceededException"), 429, "send all of them again, more slowly"),
        (refusal("KMSThrottlingException"), 429, "send all of them again, more slowly"),
        (refusal("InvalidArgumentException", "Records size exceeds 10 MB limit"), 413, "send fewer"),
        (refusal("ValidationException", "Records total payload size exceeds 5 MB limit"), 413, "send fewer"),
        (refusal("RequestEntityTooLarge", status=413), 413, "send fewer"),
        (refusal("ValidationException", "1 validation error detected"), 400, "1 to 500"),
        (refusal("ResourceNotFoundException", "arn:aws:kinesis:::stream/x"), 503, "send all of them again"),
        (refusal("KMSDisabledException"), 503, "send all of them again"),
        (refusal("AccessDeniedException"), 503, "send all of them again"),
        (refusal("InternalFailureException", status=500), 503, "send all of them again"),
        (refusal("ServiceUnavailable", status=503), 503, "send all of them again"),
        (EndpointConnectionError(endpoint_url="http://kinesis"), 504, "send all of the uploads again"),
        (ReadTimeoutError(endpoint_url="http://kinesis"), 504, "send all of them again"),
    ],
    ids=lambda value: value.response["Error"]["Code"] if isinstance(value, ClientError) else None,
)
def test_each_failure_of_kinesis_says_what_to_do_and_nothing_of_the_account(error: Exception, status: int, advice: str):
    answer = answered(gateway(FakeKinesis(error=error)), signed({"uploads": uploads(2)}))
    assert answer[0] == status
    assert advice in answer[1]["message"]
    assert "retry" not in answer[1]
    assert "arn:" not in json.dumps(answer[1])
    assert "http://kinesis" not in json.dumps(answer[1])


@pytest.mark.parametrize("method", ["GET", "PUT", "OPTIONS"])
def test_another_method_is_not_a_route(method: str):
    call = signed({"uploads": uploads(1)})._replace(method=method)
    assert answered(gateway(FakeKinesis()), call)[0] == 403


@pytest.mark.parametrize("path", ["/", "/v1", "/v1/uploads/", "/v1/meters//uploads", "/v1/meters/a/b/uploads"])
def test_another_path_is_not_a_route(path: str):
    status, body = answered(gateway(FakeKinesis()), signed({"uploads": uploads(1)}, path=path))
    assert status == 403
    assert "POST /v1/uploads" in body["message"]


def test_an_unsigned_call_and_a_wrongly_signed_one_reach_no_stream():
    kinesis = FakeKinesis()
    call = signed({"uploads": uploads(1)})
    unsigned = call._replace(headers={})
    assert answered(gateway(kinesis), unsigned)[0] == 403
    status, body = answered(gateway(kinesis), signed({"uploads": uploads(1)}, secret="guessed"))
    assert status == 403
    assert "not the signature" in body["detail"]
    assert kinesis.taken == []


def test_calls_beyond_the_throttle_are_to_be_sent_again():
    limited = gateway(FakeKinesis(), throttle=Throttle(rate=0, burst=1))
    assert answered(limited, signed({"uploads": uploads(1)}))[0] == 202
    status, body = answered(limited, signed({"uploads": uploads(1)}))
    assert (status, body["accepted"]) == (429, 0)


def test_unauthorized_calls_do_not_count_against_the_throttle():
    limited = gateway(FakeKinesis(), throttle=Throttle(rate=0, burst=1))
    for _ in range(3):
        assert answered(limited, signed({"uploads": uploads(1)}, secret="guessed"))[0] == 403
    assert answered(limited, signed({"uploads": uploads(1)}))[0] == 202


METERS = {
    "METER7": Principal(
        "meter secret",
        {
            "Statement": {
                "Effect": "Allow",
                "Action": "execute-api:Invoke",
                "Resource": "arn:aws:execute-api:*:*:*/*/POST/v1/meters/${aws:PrincipalTag/meter_id}/uploads",
            }
        },
        {"meter_id": "NL:7"},
    )
}


def meter_call(body: object, path: str):
    return signed(body, path=path, key="METER7", secret="meter secret")


def test_a_meter_posts_for_itself_on_its_own_route_only():
    kinesis = FakeKinesis()
    own = {"uploads": [{**UPLOAD, "meter_id": "NL:7"}]}
    gate = gateway(kinesis, HEAD_END | METERS)
    assert answered(gate, meter_call(own, "/v1/meters/NL:7/uploads")) == (202, {"accepted": 1})
    assert answered(gate, meter_call(own, "/v1/meters/NL:8/uploads"))[0] == 403
    assert answered(gate, meter_call(own, "/v1/uploads"))[0] == 403
    assert [record["PartitionKey"] for record in kinesis.taken] == ["NL:7"]


def test_an_upload_for_another_meter_fails_the_whole_call():
    sent = []

    class StrictKinesis(FakeKinesis):
        def put_records(self, **request):
            sent.append(request["Records"])
            client = boto3.client("kinesis", "us-east-1", aws_access_key_id="a", aws_secret_access_key="b")
            return client.put_records(**request)

    both = {"uploads": [{**UPLOAD, "meter_id": "NL:7"}, {**UPLOAD, "meter_id": "NL:8"}]}
    status, body = answered(gateway(StrictKinesis(), HEAD_END | METERS), meter_call(both, "/v1/meters/NL:7/uploads"))
    assert status == 400
    assert "all of that meter" in body["message"]
    assert sent == [[]]


@pytest.mark.parametrize("path", ["NL%3A7", "%2A", "NL:7%22", "NL:7%0A", "NL:7%2F..", "$input", "'", "{x}"])
def test_no_spelling_of_a_path_gets_another_key_into_the_stream(path: str):
    kinesis = FakeKinesis()
    body = {"uploads": [{**UPLOAD, "meter_id": "NL:7"}]}
    status, _ = answered(gateway(kinesis), signed(body, path=f"/v1/meters/{path}/uploads"))
    assert {record["PartitionKey"] for record in kinesis.taken} <= {"NL:7"}
    assert status == 202 if path == "NL%3A7" else kinesis.taken == []
