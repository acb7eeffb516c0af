"""What the laptop's cloud keeps of logs, metrics and queries, in the process of the cloud itself."""

from tests.kits.cloud_kit import run_in_cloud

SCRIPT = """
import time
from ministack.services import athena, cloudwatch, cloudwatch_logs as logs, dynamodb
from laptop.guarded_cloud import retention

now = time.time()
def event(age_s):
    return {"timestamp": int((now - age_s) * 1000), "message": f"{age_s}"}
def stream(*ages):
    last = int((now - min(ages)) * 1000) if ages else None
    return {"events": [event(age) for age in ages], "lastIngestionTime": last, "creationTime": int(now * 1000)}
old = retention.LOGS_S + 60
streams = {"gone": stream(old), "cut": stream(old, 60), "kept": stream(30), "new": stream()}
logs._log_groups._data["a", "r", "group"] = {"streams": streams}
logs._log_records._data["a", "r", "1"] = {"_timestamp_ms": event(old)["timestamp"]}
logs._log_records._data["a", "r", "2"] = {"_timestamp_ms": event(60)["timestamp"]}
for name, age in (("old", retention.RESULTS_S + 60), ("young", 60)):
    athena._executions._data["a", "r", name] = {"Status": {"SubmissionDateTime": int(now - age)}}
retention.expire(now)
print({name: [one["message"] for one in stream["events"]] for name, stream in streams.items()})
print(*(key[2] for key in logs._log_records._data), *(key[2] for key in athena._executions._data))

def point(age_s, value, **more):
    return {"Timestamp": now - age_s, "Value": value, "Unit": "Count", "Dimensions": {}} | more
points = [point(0, 1.0), *(point(now % 60 + 300, 2.0) for _ in range(4)), point(now % 60 + 300, 3.0), point(1, 2.0)]
points += [point(now % 60 + 290, 2.0, Count=5.0), point(now % 60 + 300, 2.0, _stat={"SampleCount": 1, "Sum": 2})]
def stats(points):
    samples = [sample for one in points for sample in [cloudwatch._point_stats(one)]]
    old = [one for one in points if one["Timestamp"] < now - 60 and "_stat" not in one]
    return cloudwatch._calc_stats(points), cloudwatch._percentile(cloudwatch._percentile_samples(old), 95)
before = stats(points)
cloudwatch._metrics["n", "merged", ()] = list(points)
retention.expire(now)
merged = cloudwatch._metrics["n", "merged", ()]
print(len(points), len(merged), stats(merged) == before)

retention.shorten()
cloudwatch._metrics["n", "m", ()] = [{"Timestamp": now - retention.METRICS_S - 60}, {"Timestamp": now - 60}]
cloudwatch._evict_old_metrics()
print(len(cloudwatch._metrics["n", "m", ()]))
dynamodb._txn_token_store("old", {})
dynamodb._txn_idempotency["old"]["completed_at"] = now - retention.TRANSACTIONS_S - 1
dynamodb._txn_token_sweep_at = 0
dynamodb._txn_token_store("new", {})
print(*(key[2] for key in dynamodb._txn_idempotency._data))

import json
from datetime import date
from ministack.core import persistence
retention.save_no_results()
athena._executions._data["a", "r", "young"]["_results"] = {"rows": [[date(2026, 1, 1)]]}
athena._workgroups["electrocloud"] = {"Name": "electrocloud"}
saved = json.loads(json.dumps(athena.get_state(), default=persistence._json_default))
print(len(saved["_executions"]["data"]), [one["Name"] for one in saved["_workgroups"]["data"].values()][-1])
"""


def test_what_is_too_old_is_deleted_and_what_is_not_is_kept() -> None:
    assert run_in_cloud(SCRIPT) == [
        "{'cut': ['60'], 'kept': ['30'], 'new': []}",
        "2 young",
        "9 5 True",
        "1",
        "new",
        "0 electrocloud",
    ]
