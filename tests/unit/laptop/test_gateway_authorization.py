"""Signatures and policies: who is let in, and everyone who is not."""

import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from botocore.auth import SIGV4_TIMESTAMP, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from multidict import CIMultiDict

from analytics.template import ROOT
from electrocloud.domain.errors import UsageError
from laptop.gateway.authorization import Call, Principal, authenticate
from laptop.gateway.refusal import RefusedError

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
ALLOW = {"Statement": {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": "*"}}
PRINCIPALS = {"KEY": Principal("secret", ALLOW)}
BODY = b'{"uploads": []}'
ARN = "arn:aws:execute-api:us-east-1:000000000000:gateway/laptop/POST/v1/meters/{}/uploads"


def signed(
    path: str = "/v1/meters/a:b%20c/uploads",
    query: str = "",
    key: str = "KEY",
    secret: str = "secret",
    service: str = "execute-api",
    region: str = "us-east-1",
    at: datetime = NOW,
    headers: dict[str, str] | None = None,
) -> Call:
    """A call that is signed by the steps of the specification, at a time of choice."""
    sent = {"Host": "gateway:8080", "X-Amz-Date": at.strftime(SIGV4_TIMESTAMP), **(headers or {})}
    request = AWSRequest("POST", f"http://gateway:8080{path}?{query}", sent, BODY)
    request.context["timestamp"] = sent["X-Amz-Date"]
    signer = SigV4Auth(Credentials(key, secret), service, region)
    signature = signer.signature(signer.string_to_sign(request, signer.canonical_request(request)), request)
    names = signer.signed_headers(signer.headers_to_sign(request))
    sent["Authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={signer.scope(request)}, SignedHeaders={names}, Signature={signature}"
    )
    return Call("POST", path, query, CIMultiDict(sent), BODY)


def refused(call: Call, now: datetime = NOW) -> RefusedError:
    with pytest.raises(RefusedError) as refusal:
        authenticate(call, PRINCIPALS, "us-east-1", now)
    return refusal.value


def changed(call: Call, **headers: str) -> Call:
    return call._replace(headers=CIMultiDict({**call.headers, **{k.replace("_", "-"): v for k, v in headers.items()}}))


def test_a_call_signed_with_the_principals_secret_is_the_principals():
    assert authenticate(signed(), PRINCIPALS, "us-east-1", NOW) is PRINCIPALS["KEY"]
    assert authenticate(signed(query="b=2&a=%C3%A9"), PRINCIPALS, "us-east-1", NOW) is PRINCIPALS["KEY"]


@pytest.mark.parametrize("skew", [timedelta(minutes=5), timedelta(minutes=-5)])
def test_a_signature_holds_for_five_minutes_and_not_a_second_more(skew: timedelta):
    call = signed(at=NOW + skew)
    assert authenticate(call, PRINCIPALS, "us-east-1", NOW)
    later = timedelta(seconds=1) if skew > timedelta(0) else timedelta(seconds=-1)
    refusal = refused(signed(at=NOW + skew + later))
    assert refusal.type == "INVALID_SIGNATURE"
    assert "now is 20260131T120000Z" in str(refusal)


def test_a_missing_signature_is_distinguished_from_a_wrong_one():
    assert refused(Call("POST", "/", "", CIMultiDict(), BODY)).type == "MISSING_AUTHENTICATION_TOKEN"
    assert refused(signed(secret="another")).type == "INVALID_SIGNATURE"


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        (signed(key="UNKNOWN"), "the access key is not known"),
        (signed(service="kinesis"), "should be 20260131/us-east-1/execute-api/aws4_request"),
        (signed(region="eu-west-1"), "should be 20260131/us-east-1/execute-api/aws4_request"),
        (changed(signed(), Authorization="Bearer token"), "not of the form"),
        (changed(signed(), X_Amz_Date="yesterday"), "X-Amz-Date is absent"),
        (changed(signed(), X_Amz_Content_SHA256="UNSIGNED-PAYLOAD"), "not the hash of the body"),
        (signed(headers={"X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD"}), "not the hash of the body"),
        (changed(signed(headers={"X-Site": "north"}), X_Site="n\udce9"), "not UTF-8"),
        (signed()._replace(path="/v1/meters/\udce9/uploads"), "not UTF-8"),
    ],
)
def test_each_way_to_sign_wrongly_is_named(call: Call, reason: str):
    refusal = refused(call)
    assert refusal.type == "INVALID_SIGNATURE"
    assert reason in str(refusal)


@pytest.mark.parametrize(
    "call",
    [
        signed()._replace(body=b'{"uploads": [1]}'),
        signed()._replace(method="PUT"),
        signed()._replace(path="/v1/uploads"),
        signed()._replace(query="a=1"),
        changed(signed(), Host="elsewhere"),
        changed(signed(headers={"Content-Type": "application/json"}), Content_Type="text/plain"),
    ],
    ids=["body", "method", "path", "query", "host", "a signed header"],
)
def test_nothing_that_was_signed_can_be_changed_on_the_way(call: Call):
    assert "not the signature" in str(refused(call))


def test_a_signature_that_leaves_out_the_host_is_refused():
    call = signed()
    assert "host header" in str(
        refused(changed(call, Authorization=call.headers["Authorization"].replace("host;", "")))
    )


def meter(tag: str | None, *statements: dict) -> Principal:
    own = {
        "Effect": "Allow",
        "Action": "execute-api:Invoke",
        "Resource": ARN.format("${aws:PrincipalTag/meter_id}"),
    }
    return Principal("s", {"Statement": [own, *statements]}, {"meter_id": tag} if tag else {})


def test_a_tag_in_a_policy_lets_a_meter_post_for_itself_alone():
    assert meter("NL-1").may_invoke(ARN.format("NL-1"))
    assert not meter("NL-1").may_invoke(ARN.format("NL-2"))
    assert not meter("NL-1").may_invoke(ARN.format("NL-1").replace("/meters/NL-1", ""))


@pytest.mark.parametrize("tag", ["*", "NL-?", ".*", "${aws:PrincipalTag/meter_id}"])
def test_a_tag_is_taken_as_it_is_written_and_never_as_a_pattern(tag: str):
    assert not meter(tag).may_invoke(ARN.format("NL-1"))


def test_a_principal_without_its_policys_tag_is_denied_everything():
    assert not meter(None).may_invoke(ARN.format("NL-1"))
    assert not meter(None).may_invoke(ARN.format(""))


def test_a_deny_is_stronger_than_an_allow():
    deny = {"Effect": "Deny", "Action": ["execute-api:*"], "Resource": [ARN.format("NL-?")]}
    assert not meter("NL-1", deny).may_invoke(ARN.format("NL-1"))
    assert meter("NL-11", deny).may_invoke(ARN.format("NL-11"))


def test_an_action_that_is_not_invoke_allows_nothing():
    policy = {"Statement": {"Effect": "Allow", "Action": "execute-api:ManageConnections", "Resource": "*"}}
    assert not Principal("s", policy).may_invoke(ARN.format("NL-1"))


def test_a_policy_with_more_than_can_be_checked_is_refused():
    statement = {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {}}
    with pytest.raises(UsageError, match="Condition"):
        Principal("s", {"Statement": [statement]})
    with pytest.raises(UsageError, match="NotAction"):
        Principal("s", {"Statement": {"Effect": "Allow", "NotAction": "s3:*", "Resource": "*"}})


def test_a_secret_is_not_in_the_principals_repr():
    assert "secret" not in repr(PRINCIPALS["KEY"]).replace("secret_key", "")


def documented_policies() -> list[dict]:
    """The identity policies of docs/authorization.md: of a head-end, of meters, and of operators."""
    text = (ROOT / "docs" / "authorization.md").read_text()
    blocks = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", text, re.DOTALL)]
    return [block for block in blocks if "Resource" in block["Statement"][0]]


def test_the_documented_policies_let_a_head_end_a_meter_and_an_operator_do_their_own_and_no_more():
    head_end, of_meters, operator = documented_policies()
    route = "arn:aws:execute-api:eu-central-1:111122223333:a1b2c3d4e5/prod/POST/v1/"
    calls = [
        "uploads",
        "meters/NL-1/uploads",
        "meters/NL-2/uploads",
        "meters/NL-2/POST/v1/meters/NL-1/uploads",
        "meters/NL-1/uploads/uploads",
    ]

    def allowed(principal: Principal) -> list[str]:
        return [call for call in calls if principal.may_invoke(route + call)]

    assert allowed(Principal("s", head_end)) == ["uploads"]
    assert allowed(Principal("s", of_meters, {"meter_id": "NL-1"})) == ["meters/NL-1/uploads"]
    assert allowed(Principal("s", operator)) == []
    read = route.replace("POST", "GET") + "operator/meters/NL-1/usage"
    assert [Principal("s", one).may_invoke(read) for one in (head_end, of_meters, operator)] == [False, False, True]
