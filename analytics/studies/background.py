"""Makes stored studies: here, or in a process of its own, which leaves its progress where it is read."""

import subprocess
import sys
import time
from datetime import UTC, datetime
from threading import Thread

import msgspec

from analytics.studies.inputs import read_inputs
from analytics.studies.run import Progress, make_study
from analytics.studies.study_store import StudyStore, is_lost, new_id
from electrocloud.aws.stack import Stack
from electrocloud.domain.errors import ElectroCloudError, UsageError
from electrocloud.domain.studies.study import Study, StudyRequest

STORE_EVERY_S = 1.0
MOST_LOOKED_AT = 20


def new_study(store: StudyStore, request: StudyRequest, made_by: str) -> Study:
    """Store a study that waits to be made. `UsageError` while another one is being made, or for a wrong request."""
    now = datetime.now(UTC)
    request.check(now.date())
    for other in store.newest(MOST_LOOKED_AT):
        if other.status in ("waiting", "running") and not is_lost(other, now):
            raise UsageError(f"the study {other.study_id} of {other.made_by} is still running; wait until it has ended")
    study = Study(new_id(now), request, made_by, now)
    store.put(study)
    return study


def run_study(stack: Stack, store: StudyStore, study: Study, progress: Progress = lambda *_: None) -> Study:
    """Make a study that waits, and store its progress, its result, or why it failed, which is raised too."""
    stored_at = 0.0

    def report(step: str, done: int, of: int) -> None:
        nonlocal stored_at
        progress(step, done, of)
        if time.monotonic() - stored_at > STORE_EVERY_S:
            stored_at = time.monotonic()
            now = datetime.now(UTC)
            store.put(msgspec.structs.replace(study, status="running", step=step, done=done, of=of, updated_at=now))

    try:
        made = make_study(study.request, read_inputs(stack, study.request, report), report)
        store.put_customers(study.study_id, made.customers)
    except Exception as fault:
        why = str(fault) if isinstance(fault, ElectroCloudError) else f"{type(fault).__name__}: {fault}"
        store.put(msgspec.structs.replace(study, status="failed", error=why, updated_at=datetime.now(UTC)))
        raise
    done = msgspec.structs.replace(study, status="done", result=made.result, updated_at=datetime.now(UTC))
    store.put(done)
    return done


def start_study(study: Study) -> None:
    """Make a stored study in a process of its own, by the same environment; returns at once."""
    process = subprocess.Popen([sys.executable, "-m", "analytics.studies", study.study_id], stdout=subprocess.DEVNULL)
    Thread(target=process.wait, daemon=True).start()  # so that the system forgets it when it has ended
