"""The meters of a customer class, from the registry's table of meters."""

from collections.abc import Iterator

from electrocloud.aws.clients import DynamoDBClient
from electrocloud.services.class_profiles import SampledMeter

SCAN_PAGES = 100  # of 1 MB: a class that is rarer than one meter in a thousand may be found in part


class DynamoClassMeters:
    """Samples meters on a boto3 DynamoDB client. DynamoDB scans by the hash of the ID, which is a random order."""

    def __init__(self, client: DynamoDBClient, meters_table: str) -> None:
        self._client = client
        self._table = meters_table

    def sample(self, customer_class: str, most: int) -> Iterator[SampledMeter]:
        """See `ClassMeters`."""
        pages = self._client.get_paginator("scan").paginate(
            TableName=self._table,
            ProjectionExpression="meter_id, #zone",
            FilterExpression="#class = :class",
            ExpressionAttributeNames={"#zone": "timezone", "#class": "class"},
            ExpressionAttributeValues={":class": {"S": customer_class}},
        )
        left = most
        for _, page in zip(range(SCAN_PAGES), pages, strict=False):
            for item in page["Items"][:left]:
                yield SampledMeter(item["meter_id"]["S"], item["timezone"]["S"])
            left -= len(page["Items"])
            if left <= 0:
                return
