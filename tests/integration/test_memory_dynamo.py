"""The DynamoDB in memory against moto's: the same requests give the same items and the same errors."""

import random
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.faults.dynamo import MemoryDynamo, Pages

KEYS = {
    "windows": ("meter_id", "day"),
    "bills": ("meter_id", "bill"),
    "meters": ("meter_id",),
    "tariffs": ("tariff_id",),
}


@pytest.fixture
def memory():
    return MemoryDynamo(KEYS)


def item(meter: str, day: str, mark: str = "a", size: int = 1) -> dict[str, Any]:
    return {"meter_id": {"S": meter}, "day": {"S": day}, "mark": {"S": mark}, "readings": {"B": b"x" * size}}


def put(there: str | None = None, **parts: Any) -> dict[str, Any]:
    """A put on the condition that nothing is there, or that what is there has the mark `there`."""
    request: dict[str, Any] = {"TableName": "windows", "Item": item(**parts)}
    if there is None:
        return {"Put": {**request, "ConditionExpression": "attribute_not_exists(meter_id)"}}
    names = {"ExpressionAttributeNames": {"#mark": "mark"}, "ExpressionAttributeValues": {":mark": {"S": there}}}
    return {"Put": {**request, "ConditionExpression": "#mark = :mark", **names}}


def written(client: Any, actions: list[dict[str, Any]]) -> Any:
    try:
        client.transact_write_items(TransactItems=actions)
    except ClientError as fault:
        reasons = [reason["Code"] for reason in fault.response.get("CancellationReasons", [])]
        return fault.response["Error"]["Code"], reasons
    return "written"


def read(client: Any, keys: list[tuple[str, str]]) -> Any:
    wanted = [{"meter_id": {"S": meter}, "day": {"S": day}} for meter, day in keys]
    try:
        answer = client.batch_get_item(RequestItems={"windows": {"ConsistentRead": True, "Keys": wanted}})
    except ClientError as fault:
        return fault.response["Error"]["Code"]
    return sorted(answer["Responses"]["windows"], key=str), answer["UnprocessedKeys"]


def between(pages: Any, meter: str, first: str, last: str) -> list[Any]:
    found = pages.paginate(
        TableName="windows",
        ConsistentRead=True,
        KeyConditionExpression="meter_id = :meter AND #day BETWEEN :first AND :last",
        ExpressionAttributeNames={"#day": "day"},
        ExpressionAttributeValues={":meter": {"S": meter}, ":first": {"S": first}, ":last": {"S": last}},
    )
    return [row for page in found for row in page["Items"]]


def test_transactions_hold_or_fail_alike(aws, memory):
    chance = random.Random(1)
    for _ in range(60):
        places = [(f"m-{chance.randrange(2)}", f"{chance.randrange(4)}") for _ in range(chance.randint(1, 3))]
        actions = [
            put(chance.choice((None, "a", "b")), meter=meter, day=day, mark=chance.choice("ab"))
            for meter, day in dict.fromkeys(places)
        ]
        assert written(memory, actions) == written(aws.dynamodb, actions)
    keys = [(f"m-{meter}", f"{day}") for meter in range(3) for day in range(4)]
    assert read(memory, keys) == read(aws.dynamodb, keys)
    assert len(read(memory, keys)[0]) == 8


@pytest.mark.parametrize(
    "actions",
    [
        [put(meter="m", day=str(number)) for number in range(101)],
        [put(meter="m", day="1"), put(meter="m", day="1", mark="b")],
        [put(meter="m", day="1"), put("a", meter="m", day="2")],
    ],
    ids=["too many", "one item twice", "one condition fails"],
)
def test_transactions_are_refused_alike(aws, memory, actions):
    assert written(memory, actions) == written(aws.dynamodb, actions) != "written"


def test_an_item_has_at_most_400_kb(aws, memory):
    for client in (memory, aws.dynamodb):
        assert written(client, [put(meter="m", day="1", size=290 << 10)]) == "written"
        assert written(client, [put(meter="m", day="2", size=401 << 10)]) != "written"


def test_reads_of_too_many_or_the_same_keys_are_refused_alike(aws, memory):
    for keys in ([("m", str(number)) for number in range(101)], [("m", "1"), ("m", "1")]):
        assert read(memory, keys) == read(aws.dynamodb, keys) == "ValidationException"


def test_queries_find_the_same_rows_in_order_over_many_pages(aws, memory):
    for number in range(25):
        actions = [put(meter="m-1", day=f"{number:02}"), put(meter="m-2", day=f"{number:02}")]
        assert written(memory, actions) == written(aws.dynamodb, actions) == "written"
    ours = between(Pages(memory), "m-1", "03", "21")
    assert ours == between(aws.dynamodb.get_paginator("query"), "m-1", "03", "21")
    assert [row["day"]["S"] for row in ours] == [f"{number:02}" for number in range(3, 22)]
