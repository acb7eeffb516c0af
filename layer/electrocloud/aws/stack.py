"""A deployment as its tools see it: the names of its parts, and clients for them. On the laptop and in an account."""

import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any, Literal, overload

import boto3
import msgspec
from botocore.config import Config
from botocore.configloader import raw_config_parse
from botocore.exceptions import BotoCoreError, ClientError

from electrocloud.aws.clients import (
    AthenaClient,
    CloudWatchClient,
    DynamoDBClient,
    KinesisClient,
    S3Client,
    SQSClient,
)
from electrocloud.domain.billing.issuing import PAYMENT_DAYS
from electrocloud.domain.errors import SettingsError

STATE = Path(os.environ.get("ELECTROCLOUD_STATE", ".electrocloud"))  # where `electrocloud up` keeps what runs here
_making_client = Lock()  # a session makes one client at a time


class Stack(msgspec.Struct, frozen=True):
    """The outputs of a deployed template.yaml, and where to call.

    On the laptop `endpoint` is the cloud's URL and `credentials` the file with its keys, in the AWS CLI's format. For
    AWS itself there is no endpoint, and boto3 finds the credentials.
    """

    stream: str
    windows_table: str
    bills_table: str
    meters_table: str
    tariffs_table: str
    accounts_table: str
    service_points_table: str
    forecasts_table: str
    bucket: str
    database: str
    work_group: str
    metering_function: str
    api: str
    usage_plan: str
    head_end_key: str
    region: str
    endpoint: str | None = None
    credentials: str = ""
    future_tolerance_minutes: int = 15
    accept_unregistered_meters: bool = True
    closing_queue: str = ""  # the queue's URL; a stack of an earlier version does not name it
    payment_days: int = PAYMENT_DAYS
    event_bus: str = ""  # a stack of an earlier version has none
    read_api_function: str = ""  # nor these two
    token_key: str = ""
    dead_letters: str = ""  # the queue's URL, where a stack of an earlier version still has one

    @property
    def future_tolerance_s(self) -> int:
        """How far ahead of its arrival a reading may start (s)."""
        return self.future_tolerance_minutes * 60

    @property
    def local(self) -> bool:
        """Whether it is the laptop's cloud."""
        return self.endpoint is not None

    def api_key(self) -> str:
        """The value of the head-end's API key, which is kept in API Gateway alone."""
        key = self.client("apigateway").get_api_key(apiKey=self.head_end_key, includeValue=True)
        return str(key["value"])

    def session(self) -> boto3.Session:
        """A boto3 session for the deployment, with the laptop's keys where it is there."""
        return _session(self.region, self.credentials if self.local else "")

    @overload
    def client(self, service: Literal["athena"], **config: Any) -> AthenaClient: ...
    @overload
    def client(self, service: Literal["cloudwatch"], **config: Any) -> CloudWatchClient: ...
    @overload
    def client(self, service: Literal["dynamodb"], **config: Any) -> DynamoDBClient: ...
    @overload
    def client(self, service: Literal["kinesis"], **config: Any) -> KinesisClient: ...
    @overload
    def client(self, service: Literal["s3"], **config: Any) -> S3Client: ...
    @overload
    def client(self, service: Literal["sqs"], **config: Any) -> SQSClient: ...
    @overload
    def client(self, service: str, **config: Any) -> Any: ...
    def client(self, service: str, **config: Any) -> Any:
        """A boto3 client for a part of the deployment."""
        settings = Config(**{"retries": {"mode": "standard", "total_max_attempts": 5}, **config})
        with _making_client:
            return self.session().client(service, endpoint_url=self.endpoint, config=settings)  # type: ignore[call-overload]


_decoder = msgspec.json.Decoder(Stack)


def stack_of(outputs: Mapping[str, str], region: str) -> Stack:
    """The stack in an account that CloudFormation's outputs describe."""
    names = {_snake(name): value for name, value in outputs.items()} | {"region": region}
    missing = [field.name for field in msgspec.structs.fields(Stack) if field.required and field.name not in names]
    if missing:
        raise SettingsError(f"the stack's outputs lack {', '.join(missing)}; deploy this version of template.yaml")
    return msgspec.convert(names, Stack, strict=False)


def outputs_of(name: str, region: str, endpoint: str | None = None, credentials: str = "") -> dict[str, str]:
    """The outputs of a deployed stack; `SettingsError` where there is no such stack to be seen."""
    client = _session(region, credentials).client("cloudformation", endpoint_url=endpoint)
    try:
        (found,) = client.describe_stacks(StackName=name)["Stacks"]
    except (ClientError, BotoCoreError) as fault:
        raise SettingsError(f"cannot see the stack {name} in {region}: {fault}") from None
    return {output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", [])}


def region_of_caller() -> str:
    """The region to work in: AWS_REGION, as the AWS CLI reads it, else what boto3 finds. `SettingsError` for none."""
    if region := os.environ.get("AWS_REGION") or boto3.Session().region_name:
        return region
    raise SettingsError("no AWS region is set; set AWS_REGION to where the stack is")


@cache
def find_stack() -> Stack:
    """The deployment to work with: the account's that ELECTROCLOUD_STACK names, or else the one on this laptop."""
    if name := os.environ.get("ELECTROCLOUD_STACK"):
        region = region_of_caller()
        return stack_of(outputs_of(name, region), region)
    try:
        return _decoder.decode((STATE / "stack.json").read_bytes())
    except msgspec.ValidationError as fault:
        raise SettingsError(
            f"{STATE / 'stack.json'} is of another version ({fault}): `electrocloud down`, then `electrocloud up`"
        ) from None
    except FileNotFoundError:
        raise SettingsError(
            "nothing runs on this laptop: start `electrocloud up`, or name a deployed stack in ELECTROCLOUD_STACK"
        ) from None


def _session(region: str, credentials: str) -> boto3.Session:
    """With the keys in the file `credentials` where it is given, else with those that boto3 finds."""
    keys = raw_config_parse(credentials)["default"] if credentials else {}
    return _session_of(region, tuple(keys.items()))


@cache
def _session_of(region: str, keys: tuple[tuple[str, Any], ...]) -> boto3.Session:
    """One for each set of keys: a session reads and keeps megabytes of service descriptions."""
    return boto3.Session(region_name=region, **dict(keys))


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")
