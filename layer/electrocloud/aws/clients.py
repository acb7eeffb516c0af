"""The types of the boto3 clients that the product uses, for annotations.

boto3 makes its clients at run time. What describes them to mypy is a development package that no function carries, so
they are `Any` when the code runs.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_athena import AthenaClient
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_kinesis import KinesisClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient
else:
    from typing import Any

    AthenaClient = CloudFormationClient = CloudWatchClient = DynamoDBClient = KinesisClient = S3Client = SQSClient = Any

__all__ = [
    "AthenaClient",
    "CloudFormationClient",
    "CloudWatchClient",
    "DynamoDBClient",
    "KinesisClient",
    "S3Client",
    "SQSClient",
]
