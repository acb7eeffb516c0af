"""The mapping templates of api/openapi.yaml on Velocity and JsonPath, as in API Gateway, and on the laptop's gateway.

Calls go through the laptop's gateway, which notes what it rendered; then Velocity renders the same, all in one run.
"""

import base64
import copy
import json
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import pytest
from botocore.exceptions import ClientError

from analytics.template import ROOT
from electrocloud.domain.readings.upload import decode
from laptop.gateway import rest_api
from laptop.gateway.vtl import Input, render
from tests.conformance import engines
from tests.kits.gateway_kit import UPLOAD, FakeKinesis, answered, gateway, signed

REQUEST_ID = "$1 a call's id"  # with what a regular expression's replacement would take for its own
EXAMPLES = ROOT / "tests" / "bad_uploads" / "quarantined"
FAULTS = (
    ("ProvisionedThroughputExceededException", "", 400),
    ("KMSThrottlingException", "", 400),
    ("LimitExceededException", "", 400),
    ("InvalidArgumentException", "Records size exceeds 10 MB limit", 400),
    ("ValidationException", "Records total payload size exceeds 5 MB limit", 400),
    ("ValidationException", "1 validation error detected", 400),
    ("SerializationException", "", 400),
    ("ResourceNotFoundException", "arn:aws:kinesis:::stream/x", 400),
    ("RequestEntityTooLarge", "", 413),
    ("InternalFailureException", "", 500),
)

Upload = dict[str, Any]


class Rendered(NamedTuple):
    """What a template was rendered from, and the text and the status that it gave."""

    call: dict[str, Any]
    text: str
    status: int | None


def uploads(count: int) -> list[Upload]:
    return [{**UPLOAD, "meter_id": f"NL-{index}"} for index in range(count)]


def any_upload(random: Random, meter: str) -> Upload:
    """An upload that keeps the contract, its fields in any order and its numbers in any form that JSON has."""
    midnight, interval_s = datetime(2026, 1, 31, tzinfo=UTC), random.choice((60, 900, 3600))
    readings = []
    for number in range(random.randint(1, 86_400 // interval_s)):
        start = f"{midnight + timedelta(seconds=number * interval_s):%Y-%m-%dT%H:%M:%S}"
        reading: Upload = {"start": start + random.choice(("Z", ".000Z", "+00:00")), "wh": random.randrange(100)}
        if random.random() < 0.5:
            reading |= {"revision": random.randrange(65_536)}
        if random.random() < 0.5:
            reading |= {"voltage_v": random.choice((0, 230, 230.0, 230.45, 1e2, 1e-3, 999_999.5))}
        readings.append(_shuffled(random, reading))
    return _shuffled(random, {"meter_id": meter, "interval_s": interval_s, "readings": readings})


def _shuffled(random: Random, fields: Upload) -> Upload:
    return dict(random.sample(list(fields.items()), len(fields)))


def make_calls() -> None:
    """Calls of every kind to the laptop's gateway."""
    random = Random(7)
    taking = gateway(FakeKinesis())
    for count in (1, 2, 500):
        answered(taking, signed({"uploads": uploads(count)}))
    for example in sorted(EXAMPLES.glob("*.json")):
        answered(taking, signed(example.read_bytes()))
    for number in range(60):
        body = {"uploads": [any_upload(random, f"m-{part}:{number}.x") for part in range(random.randint(1, 8))]}
        text = json.dumps(body, indent=random.choice((None, 1)), separators=random.choice((None, (",", ":"))))
        answered(taking, signed(text.encode()))
    own = [{**UPLOAD, "meter_id": "NL:7"}, any_upload(random, "NL:7")]
    for path in ("NL:7", "NL%3A7", "NL:8", "%2A", "NL:7%22", "NL:7%0A", "$input", "'"):
        answered(taking, signed({"uploads": own}, path=f"/v1/meters/{path}/uploads"))
    answered(taking, signed({"uploads": [*own, UPLOAD]}, path="/v1/meters/NL:7/uploads"))
    failures = "ProvisionedThroughputExceededException"
    for failing in ([0], [1, 3], range(5)):
        answered(gateway(FakeKinesis(failing=dict.fromkeys(failing, failures))), signed({"uploads": uploads(5)}))
    for code, message, status in FAULTS:
        error = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
        refusing = gateway(FakeKinesis(error=ClientError(error, "PutRecords")))  # type: ignore[arg-type]
        answered(refusing, signed({"uploads": uploads(2)}))


@pytest.fixture(scope="module")
def laptop() -> list[Rendered]:
    """What the laptop's gateway renders for the calls."""
    rendered: list[Rendered] = []

    def noted(template: str, payload: Input, context: dict[str, Any]) -> str:
        context["extendedRequestId"] = REQUEST_ID
        before = copy.deepcopy(context)
        text = render(template, payload, context)
        call = {
            "template": template,
            "body": payload.body or json.dumps(payload.path("$")),
            "params": {place: dict(values) for place, values in (payload.params() or {}).items()},
            "context": {name: value for name, value in before.items() if name != "responseOverride"},
        }
        rendered.append(Rendered(call, text, context["responseOverride"].get("status")))
        return text

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rest_api, "render", noted)
        make_calls()
    return rendered


@pytest.fixture(scope="module")
def velocity(laptop: list[Rendered], tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """What Velocity renders for them."""
    return run_velocity([one.call for one in laptop], tmp_path_factory.mktemp("velocity"))


def run_velocity(calls: list[dict[str, Any]], folder: Path) -> list[dict[str, Any]]:
    asked, told = folder / "calls", folder / "answers"
    asked.write_text("".join(f"{json.dumps(call)}\n" for call in calls))
    subprocess.run(engines.java("mapping", "MappingTemplates.java", str(asked), str(told)), check=True, timeout=200)
    return [json.loads(line) for line in told.read_text().splitlines()]


def test_no_template_fails(velocity: list[dict[str, Any]]) -> None:
    assert [answer["fault"] for answer in velocity if "fault" in answer] == []


def test_the_records_for_kinesis_are_the_same(laptop: list[Rendered], velocity: list[dict[str, Any]]) -> None:
    pairs = [(one, answer) for one, answer in zip(laptop, velocity, strict=True) if "StreamName" in one.text]
    assert sum(len(json.loads(one.text)["Records"]) for one, _ in pairs) > 700
    for ours, theirs in pairs:
        left, right = json.loads(ours.text), json.loads(theirs["text"])
        assert [record["PartitionKey"] for record in left["Records"]] == [
            record["PartitionKey"] for record in right["Records"]
        ]
        assert [_data(record) for record in left["Records"]] == [_data(record) for record in right["Records"]]
        assert left["StreamName"] == right["StreamName"]


def _data(record: dict[str, str]) -> Upload:
    """What a record's bytes say; how they write a number is the engine's own."""
    upload: Upload = json.loads(base64.b64decode(record["Data"], validate=True))
    return upload


def _sent(record: dict[str, str]) -> Upload:
    """A record's upload without what the gateway adds to it."""
    return {name: value for name, value in _data(record).items() if name not in ("request_id", "caller")}


def test_every_record_is_an_upload_of_the_call_as_it_was_sent(
    laptop: list[Rendered], velocity: list[dict[str, Any]]
) -> None:
    for ours, theirs in zip(laptop, velocity, strict=True):
        if "StreamName" not in ours.text or not (records := json.loads(theirs["text"])["Records"]):
            continue
        assert list(map(_sent, records)) == json.loads(ours.call["body"])["uploads"]
        assert {_data(one)["request_id"] for one in records} == {REQUEST_ID}


def test_the_consumer_reads_the_same_from_both(laptop: list[Rendered], velocity: list[dict[str, Any]]) -> None:
    def read(text: str) -> list[Any]:
        datas = [base64.b64decode(record["Data"]) for record in json.loads(text)["Records"]]
        return [decode(data.replace(REQUEST_ID.encode(), b"call-1")) for data in datas]

    pairs = [pair for pair in zip(laptop, velocity, strict=True) if "m-0:" in pair[0].call["body"]]
    assert len(pairs) == 60
    for ours, theirs in pairs:
        assert read(ours.text) == read(theirs["text"])


def test_answers_and_their_statuses_are_the_same(laptop: list[Rendered], velocity: list[dict[str, Any]]) -> None:
    pairs = [(one, answer) for one, answer in zip(laptop, velocity, strict=True) if "StreamName" not in one.text]
    assert {one.status for one, _ in pairs} >= {None, 413, 429, 503}
    for ours, theirs in pairs:
        assert json.loads(ours.text) == json.loads(theirs["text"])
        assert ours.status == theirs["context"]["responseOverride"].get("status")


def test_a_call_of_500_days_loses_none(tmp_path: Path, laptop: list[Rendered]) -> None:
    """The largest call by count; a template that looked into the readings would stop at 1,000 of them, unsaid."""
    template = next(one.call["template"] for one in laptop if "StreamName" in one.text)
    readings = [{"start": f"2026-01-31T{n // 60:02}:{n % 60:02}:00Z", "wh": n, "voltage_v": 230.4} for n in range(1440)]
    sent = [
        {"meter_id": f"NL-{n}", "interval_s": 60, "readings": readings if n < 9 else readings[:96]} for n in range(500)
    ]
    context = {"extendedRequestId": "r", "identity": {"userArn": "arn:aws:iam::1:role/head-end"}}
    call = {"template": template, "body": json.dumps({"uploads": sent}), "params": {}, "context": context}
    (answer,) = run_velocity([call], tmp_path)
    assert list(map(_sent, json.loads(answer["text"])["Records"])) == sent
