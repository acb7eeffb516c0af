"""MiniStack behind a guard; runs in .venv-cloud, with AUTH=true and the cloud's keys in the environment.

MiniStack checks the signatures of sessions' keys and the policies of their roles, but no signature for the key in its
environment and for some well-known ones. So the cloud's keys become those of a session here, with the account's rights,
and nobody knows the key in the environment.
"""

import asyncio
import os
import secrets
import shutil
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from ministack import app as ministack
from ministack.core import concurrency, iam_actions, lambda_runtime
from ministack.services import athena, cloudwatch, dynamodb, firehose, kinesis, ses, ses_v2, sts

from laptop.guarded_cloud import retention
from laptop.guarded_cloud.alarms import evaluate_as_cloudwatch
from laptop.guarded_cloud.event_sources import report_iterator_ages, with_positions
from laptop.guarded_cloud.expressions import read_once
from laptop.guarded_cloud.guard import guard
from laptop.guarded_cloud.mailbox import with_mailbox
from laptop.guarded_cloud.parquet_columns import with_columns
from laptop.guarded_cloud.queries import watch_queries
from laptop.guarded_cloud.scans import with_strings

ACCOUNT = "000000000000"


def with_secret(credentials: Callable[..., dict[str, str]], secret: str) -> Callable[..., dict[str, str]]:
    """MiniStack's credentials of a function's role, which it derives from the ARN alone, derived from a secret too."""
    return lambda config: credentials(config | {"FunctionArn": f"{config['FunctionArn']}:{secret}"})


def with_batches(action_of: Callable[..., str | None]) -> Callable[..., str | None]:
    """MiniStack's IAM action of a call. SQS authorizes batches by the action of one message: SendMessage, …"""

    def found(*call: Any) -> str | None:
        action = action_of(*call)
        return action.removesuffix("Batch") if action and action.startswith("sqs:") else action

    return found


def _only_session(key: str, secret: str) -> None:
    """The keys as those of a session of the account, without the sessions of an earlier start among the data."""
    account = {"Arn": f"arn:aws:iam::{ACCOUNT}:root", "UserId": ACCOUNT, "AccountId": ACCOUNT, "PrincipalType": "Root"}
    sts._sessions.clear()
    sts.register_session(key, account | {"SecretAccessKey": secret})


def main() -> None:
    """Serve until SIGTERM. Data that MiniStack did not write to the end are deleted at the next start."""
    complete = None
    if folder := os.environ.get("STATE_DIR"):
        complete = Path(folder).parent / "complete"
        if not complete.exists():
            shutil.rmtree(complete.parent, ignore_errors=True)
        complete.parent.mkdir(mode=0o700, exist_ok=True)
        complete.unlink(missing_ok=True)
    lambda_runtime.execution_credentials = with_secret(lambda_runtime.execution_credentials, secrets.token_hex())
    key, secret = os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"]
    os.environ |= {"AWS_ACCESS_KEY_ID": secrets.token_hex(), "AWS_SECRET_ACCESS_KEY": secrets.token_hex()}
    # The bucket's policy demands TLS. Calls stay on this machine's loopback, which is as good here.
    pin = ministack.pin_request_origin
    ministack.pin_request_origin = lambda source_ip, _: pin(source_ip, True)
    # MiniStack runs Firehose's transform before it answers PutRecords, and can answer no call that the transform makes.
    firehose.ingest_from_kinesis_source = partial(concurrency.spawn_background, firehose.ingest_from_kinesis_source)
    kinesis._expire_records = with_positions(kinesis._expire_records)
    dynamodb._apply_exclusive_start_key_scan = with_strings(dynamodb._apply_exclusive_start_key_scan)
    read_once(dynamodb)
    watch_queries(athena)
    evaluate_as_cloudwatch(cloudwatch)
    athena._table_relation = with_columns(athena._table_relation, athena._empty_relation)
    iam_actions.extract_iam_action = with_batches(iam_actions.extract_iam_action)
    ses_v2._message_rejection = lambda *_: None
    ses_v2.handle_request = with_mailbox(ses_v2.handle_request, Path(os.environ["MAIL_FOLDER"]), ses._sent_emails_list)
    retention.shorten()
    retention.save_no_results()
    tasks: list[asyncio.Task[None]] = []  # asyncio itself keeps no reference to a task

    def on_start() -> None:
        _only_session(key, secret)
        threading.Thread(target=report_iterator_ages, args=(key, secret), daemon=True).start()
        tasks.append(asyncio.create_task(retention.keep_expiring()))

    ministack.app = guard(ministack.app, on_start)
    ministack.main()
    if complete:
        complete.touch()


if __name__ == "__main__":
    main()
