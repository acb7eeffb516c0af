"""Who may call the laptop's cloud: its own user with its keys, and neither other users nor web pages."""

import http.client
import io
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from typing import Any, NamedTuple

import boto3
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.configloader import raw_config_parse
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from laptop import cloud
from laptop.processes import ProcessGroup

pytestmark = pytest.mark.deploy

ROLE = "arn:aws:iam::000000000000:role/worker"
TRUST = (
    '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",'
    ' "Principal": {"Service": "lambda.amazonaws.com"}}]}'
)
READS = (
    '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"}]}'
)
WORKER = b"""
import os, boto3
def handler(event, context):
    names = [bucket["Name"] for bucket in boto3.client("s3").list_buckets()["Buckets"]]
    try:
        boto3.client("dynamodb").list_tables()
    except Exception as error:
        return {"buckets": names, "denied": type(error).__name__, "key": os.environ["AWS_ACCESS_KEY_ID"]}
"""


class Started(NamedTuple):
    local: cloud.LocalCloud
    keys: Credentials

    def client(self, service: str, **keys: str) -> Any:
        own = {"aws_access_key_id": self.keys.access_key, "aws_secret_access_key": self.keys.secret_key} | keys
        return boto3.Session(region_name=cloud.REGION, **own).client(service, endpoint_url=self.local.endpoint)

    def call(
        self, method: str = "GET", path: str = "/", headers: dict[str, str] | None = None, host: str | None = None
    ) -> tuple[int, str]:
        """A signed call, as a web page could have it sent if it knew the keys."""
        address = self.local.endpoint.removeprefix("http://")
        request = AWSRequest(method, f"http://{host or address}{path}", headers or {})
        SigV4Auth(self.keys, "s3", cloud.REGION).add_auth(request)
        return self.raw(method, path, {"Host": host or address} | dict(request.headers))

    def raw(self, method: str, path: str, headers: dict[str, str] | None = None) -> tuple[int, str]:
        connection = http.client.HTTPConnection(self.local.endpoint.removeprefix("http://"), timeout=20)
        connection.request(method, path, headers=headers or {})
        answer = connection.getresponse()
        body = answer.read().decode(errors="replace")
        connection.close()
        return answer.status, body


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    state = tmp_path_factory.mktemp("state")
    children = ProcessGroup(state / "logs")
    try:
        local = cloud.start_cloud(children, cloud.free_port(), state)
        cloud.wait_until_up(local, children)
        keys = raw_config_parse(str(local.credentials))["default"]
        yield Started(local, Credentials(keys["aws_access_key_id"], keys["aws_secret_access_key"]))
    finally:
        children.stop()


@pytest.fixture(scope="module")
def function(started: Started) -> str:
    iam = started.client("iam")
    iam.create_role(RoleName="worker", AssumeRolePolicyDocument=TRUST)
    iam.put_role_policy(RoleName="worker", PolicyName="reads", PolicyDocument=READS)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as code:
        code.writestr("worker.py", WORKER)
    make = started.client("lambda").create_function
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    make(
        FunctionName="worker", Role=ROLE, Runtime=version, Handler="worker.handler", Code={"ZipFile": packed.getvalue()}
    )
    return "worker"


def test_a_function_works_with_its_role_and_what_the_role_does_not_allow_is_denied(
    started: Started, function: str
) -> None:
    started.client("s3").create_bucket(
        Bucket="of-the-test", CreateBucketConfiguration={"LocationConstraint": cloud.REGION}
    )
    answer = started.client("lambda").invoke(FunctionName=function)
    result = answer["Payload"].read().decode()
    assert "of-the-test" in result
    assert "ClientError" in result
    assert started.keys.access_key not in result


def test_the_key_of_a_function_cannot_be_derived_from_its_name(started: Started, function: str) -> None:
    import hashlib

    arn = f"arn:aws:lambda:{cloud.REGION}:000000000000:function:{function}"
    answer = started.client("lambda").invoke(FunctionName=function)["Payload"].read().decode()
    digest = hashlib.sha256(f"{arn}:{ROLE}".encode()).hexdigest()
    assert "ASIA" in answer
    assert f"ASIA{digest[:16].upper()}" not in answer


@pytest.mark.parametrize("key", ["test", "000000000000", "AKIA0000000000000000", ""])
def test_a_call_with_a_well_known_key_is_refused(started: Started, key: str) -> None:
    mine = {"aws_access_key_id": key or "x", "aws_secret_access_key": "test"}
    with pytest.raises(ClientError) as refused:
        started.client("lambda", **mine).list_functions()
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


def test_a_call_with_the_right_key_and_a_wrong_secret_is_refused(started: Started, function: str) -> None:
    for service, call in (("lambda", "list_functions"), ("s3", "list_buckets"), ("dynamodb", "list_tables")):
        with pytest.raises(ClientError) as refused:
            getattr(started.client(service, aws_secret_access_key="guessed"), call)()
        assert "Signature" in refused.value.response["Error"]["Code"]
    with pytest.raises(ClientError):
        started.client("lambda", aws_secret_access_key="guessed").invoke(FunctionName=function)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/2015-03-31/functions/"),
        ("POST", "/2015-03-31/functions/worker/invocations"),
        ("POST", "/_ministack/reset"),
        ("POST", "/_ministack/config"),
        ("GET", "/_ministack/lambda-code/worker"),
        ("OPTIONS", "/"),
    ],
)
def test_a_call_without_credentials_is_refused(started: Started, function: str, method: str, path: str) -> None:
    assert started.raw(method, path)[0] == 403


def test_no_path_of_ministacks_own_is_open_even_to_a_signed_call(started: Started) -> None:
    assert started.call("POST", "/_ministack/reset")[0] == 403
    assert started.raw("GET", "/_ministack/health")[0] == 200


def test_a_signed_call_works_and_the_same_from_a_web_page_does_not(started: Started) -> None:
    assert started.call()[0] == 200
    status, body = started.call(headers={"Origin": "http://evil.example"})
    assert (status, "web pages" in body) == (403, True)
    assert (
        started.raw("OPTIONS", "/", {"Origin": "http://evil.example", "Access-Control-Request-Method": "POST"})[0]
        == 403
    )


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "localhost.evil.example"]
)
def test_a_call_to_a_name_that_was_rebound_to_this_machine_is_refused(started: Started, host: str) -> None:
    assert started.call(host=host)[0] == 403
    assert started.raw("GET", "/_ministack/health", {"Host": host})[0] == 403


def test_the_name_localhost_is_this_machine(started: Started) -> None:
    assert started.call(host=f"localhost:{started.local.endpoint.rpartition(':')[2]}")[0] == 200


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_another_user_can_read_neither_the_keys_nor_the_data_nor_call_the_cloud(started: Started) -> None:
    state = started.local.credentials.parent
    script = f"""
import encodings.idna, http.client, os
os.setgroups([]); os.setgid(65534); os.setuid(65534)
for path in ({str(started.local.credentials)!r}, {str(state / "tmp")!r}, {str(state)!r}):
    try:
        os.listdir(path) if not path.endswith("credentials") else open(path).read()
        print("read", path)
    except PermissionError:
        print("denied")
for path in ("/", "/2015-03-31/functions/"):
    connection = http.client.HTTPConnection({started.local.endpoint.removeprefix("http://")!r})
    connection.request("GET", path)
    print(connection.getresponse().status)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["denied", "denied", "denied", "403", "403"]


def test_the_keys_are_new_with_each_start_and_only_their_user_reads_them(started: Started) -> None:
    file = started.local.credentials
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700
    assert started.keys.secret_key not in cloud.new_keys(file.with_name("others")).read_text()
