"""Makes one stored study: `python -m analytics.studies ID`. The dashboard starts it, and reads its progress."""

import sys

from analytics.studies.background import run_study
from analytics.studies.study_store import StudyStore
from electrocloud.aws.stack import find_stack
from electrocloud.domain.errors import ElectroCloudError


def main(study_id: str) -> int:
    """Make the study; its result, or why it failed, is stored."""
    stack = find_stack()
    store = StudyStore(stack.client("s3"), stack.bucket)
    try:
        run_study(stack, store, store.get(study_id))
    except ElectroCloudError as fault:
        print(f"study {study_id}: {fault}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
