"""The Kinesis PutRecords integration as API Gateway calls it: JSON in, an HTTP status and JSON out."""

import base64
from typing import Any

import msgspec
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    ParamValidationError,
    ReadTimeoutError,
)

from electrocloud.aws.clients import KinesisClient
from laptop.gateway.refusal import RefusedError


def put_records(kinesis: KinesisClient, payload: str) -> tuple[int, dict[str, Any]]:
    """The status and body that the service returns for a PutRecords with this JSON.

    kinesis: a boto3 client. Errors found by the client itself are returned as the service would return them; if there
    is no response, `RefusedError` is raised.
    """
    try:
        request = msgspec.json.decode(payload)
        for record in request["Records"]:
            record["Data"] = base64.b64decode(record["Data"], validate=True)
    except ValueError as fault:
        return 400, {"__type": "SerializationException", "message": str(fault)}
    try:
        return 200, {**kinesis.put_records(**request)}
    except ParamValidationError as fault:
        return 400, {"__type": "ValidationException", "message": str(fault)}
    except ClientError as fault:
        status = fault.response["ResponseMetadata"]["HTTPStatusCode"]
        error = fault.response["Error"]
        return status, {"__type": error["Code"], "message": error["Message"]}
    except (ConnectTimeoutError, ReadTimeoutError) as fault:
        raise RefusedError("INTEGRATION_TIMEOUT", str(fault)) from None
    except BotoCoreError as fault:
        raise RefusedError("INTEGRATION_FAILURE", str(fault)) from None
