"""What the page of tariff studies reads and starts."""

from collections.abc import Callable
from datetime import UTC, datetime

import streamlit as st

from analytics.studies.background import new_study, start_study
from analytics.studies.study_store import StudyStore, is_lost
from dashboard.access import subjects
from dashboard.access.guard import needs
from dashboard.access.roles import Data
from dashboard.access.visitor import for_this_user, visitor
from electrocloud.aws.stack import find_stack
from electrocloud.domain.studies.study import CustomerResult, Study, StudyRequest
from presentation import study_files

LISTED = 50


def _store() -> StudyStore:
    stack = find_stack()
    return StudyStore(stack.client("s3", connect_timeout=2, read_timeout=10), stack.bucket)


@needs(Data.STUDIES)
def studies() -> list[Study]:
    """The newest studies; they have totals, and no customer."""
    return _studies()


@st.cache_resource(ttl=2, show_spinner=False)
def _studies() -> list[Study]:
    return _store().newest(LISTED)


@needs(Data.STUDIES)
def study(study_id: str) -> Study:
    """A study with its totals. One whose process has died has failed."""
    found = _read(study_id)
    if found.result is None:
        _read.clear(study_id)
    return found


@st.cache_resource(ttl=3_600, max_entries=50, show_spinner=False)
def _read(study_id: str) -> Study:
    return _store().get(study_id)


@needs(Data.STUDIES, of=subjects.of_all)
def customers(study_id: str) -> list[CustomerResult]:
    """Each customer's result of a study that is done, those who save most first."""
    return _customers(study_id)


@st.cache_resource(ttl=600, max_entries=4, show_spinner=False)
def _customers(study_id: str) -> list[CustomerResult]:
    return _store().customers(study_id)


@needs(Data.STUDIES, "change", of=lambda request: subjects.of_all(request.prices))
def start(request: StudyRequest) -> str:
    """Start a study in a process of its own; its ID. `UsageError` while another one runs, or for a wrong request."""
    made = new_study(_store(), request, visitor().name)
    start_study(made)
    _studies.clear()
    return made.study_id


def csv_file(study_id: str) -> Callable[[], bytes]:
    """What makes the CSV file of a study's customers, for the user of now."""
    return for_this_user(lambda: _file(study_id, lambda _, found: study_files.as_csv(found)))


def excel_file(study_id: str) -> Callable[[], bytes]:
    """What makes the workbook of a study, for the user of now."""
    return for_this_user(lambda: _file(study_id, study_files.as_xlsx))


@needs(Data.STUDIES, "export", of=lambda study_id, _: subjects.of_all(study_id))
def _file(study_id: str, make: Callable[[Study, list[CustomerResult]], bytes]) -> bytes:
    return make(_read(study_id), _customers(study_id))


def has_stopped(found: Study) -> bool:
    """Whether a study is not done and will not be: its process has died."""
    return is_lost(found, datetime.now(UTC))
