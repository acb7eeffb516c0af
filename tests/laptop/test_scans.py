"""A scan of the laptop's cloud gives the pages that MiniStack's own function gives, in a fraction of the time."""

from tests.kits.cloud_kit import run_in_cloud

SCRIPT = """
import json
from ministack.services import dynamodb
from laptop.guarded_cloud.scans import with_strings

def pages(table, limit):
    request = {"TableName": table, "Limit": limit}
    while True:
        answer = json.loads(dynamodb._scan(dict(request))[2])
        yield answer["Items"]
        if "LastEvaluatedKey" not in answer:
            return
        request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

for table, kind, ranges in (("strings", "S", True), ("alone", "S", False), ("numbers", "N", True)):
    names = ["meter_id", *(["day"] if ranges else [])]
    dynamodb._create_table({
        "TableName": table, "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": name, "AttributeType": kind} for name in names],
        "KeySchema": [{"AttributeName": n, "KeyType": k} for n, k in zip(names, ("HASH", "RANGE"))],
    })
    for number in range(60):
        item = {"meter_id": {kind: str(number // 7)}, "day": {kind: str(number * 37 % 60)}}
        dynamodb._put_item({"TableName": table, "Item": item})

slow = dynamodb._apply_exclusive_start_key_scan
for table in ("strings", "alone", "numbers"):
    for limit in (1, 7, 1000):
        dynamodb._apply_exclusive_start_key_scan = slow
        expected = list(pages(table, limit))
        dynamodb._apply_exclusive_start_key_scan = with_strings(slow)
        print(table, len(expected), list(pages(table, limit)) == expected)
"""


def test_the_pages_are_the_same() -> None:
    lines = run_in_cloud(SCRIPT)
    assert len(lines) == 9
    assert all(line.endswith("True") for line in lines), lines
    assert "strings 61 True" in lines
