"""MiniStack answers the same with texts that are read once, also where it refuses them."""

from tests.kits.cloud_kit import run_in_cloud

SCRIPT = """
import json, sys
from ministack.services import dynamodb
from laptop.guarded_cloud.expressions import read_once

if sys.argv[1] == "once":
    read_once(dynamodb)

def call(action, **request):
    print(json.loads(action(json.loads(json.dumps(request)))[2]))

dynamodb._create_table({
    "TableName": "bills", "BillingMode": "PAY_PER_REQUEST",
    "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
})
key = {"id": {"S": "1"}}
for _ in range(2):
    for total in ("1.50", "1e3", "007", "x", "", 5, ["1"], True, "1" * 40):
        call(dynamodb._put_item, TableName="bills", Item=key | {"total": {"N": total}, "set": {"NS": ["1", "1.0"]}})
        call(dynamodb._put_item, TableName="bills", Item=key | {"total": {"N": total}}, ReturnConsumedCapacity="TOTAL")
        call(dynamodb._get_item, TableName="bills", Key=key)
    conditions = "#t = :t", "#t >= :t AND attribute_exists(id)", "#t = ", "((#t = :t))", "size = :t", "NOT #t < :t"
    for condition in conditions:
        call(
            dynamodb._update_item, TableName="bills", Key=key, UpdateExpression="SET total = :t",
            ConditionExpression=condition, ExpressionAttributeNames={"#t": "total"},
            ExpressionAttributeValues={":t": {"N": "1000"}},
        )
        call(
            dynamodb._scan, TableName="bills", FilterExpression=condition,
            ExpressionAttributeNames={"#t": "total"}, ExpressionAttributeValues={":t": {"N": "1000"}},
        )
"""


def answers(how: str) -> list[str]:
    return run_in_cloud(SCRIPT, how)


def test_the_answers_are_the_same() -> None:
    expected = answers("always")
    assert len(expected) == 2 * (9 * 3 + 6 * 2)
    assert answers("once") == expected
    assert any("Syntax error" in answer for answer in expected)
