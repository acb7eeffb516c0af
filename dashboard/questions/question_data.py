"""The questions that a user may ask, and their answers."""

from collections.abc import Callable

import streamlit as st

from analytics import questions
from dashboard.access import subjects
from dashboard.access.access_log import FOLDER
from dashboard.access.guard import needs
from dashboard.access.roles import Data
from dashboard.access.visitor import for_this_user, may, visitor
from dashboard.deployment import start_query
from electrocloud.aws.athena import Answer, Progress, Query

LIMIT_S = 300  # a question that takes longer is stopped
CACHED_S = 60


@needs(Data.QUESTIONS)
def questions_of_user() -> dict[str, questions.Question]:
    """The questions that the user may ask, by their names."""
    all_ = questions.questions()
    return all_ if may(Data.ACCESS_LOG) else {name: one for name, one in all_.items() if not _reads_access_log(one.sql)}


@needs(Data.QUESTIONS, of=subjects.of_sql)
def answer(sql: str, watch: Callable[[Progress], object] = lambda _: None) -> Answer:
    """The result of a SELECT in Athena's dialect, cached for a minute; `watch` is called with the progress until then.

    A page that is drawn again while its query runs waits for the same query.
    """
    return _answer_for_user(sql, watch)


@needs(Data.QUESTIONS)
def cancel(sql: str) -> None:
    """Stop a SELECT that runs, since it costs."""
    _query(sql).stop()


def answer_file(sql: str, make: Callable[[Answer], bytes]) -> Callable[[], bytes]:
    """What makes a file of a SELECT's result, for the user of now."""
    return for_this_user(lambda: _answer_file(sql, make))


@needs(Data.QUESTIONS, "export", of=subjects.of_sql)
def _answer_file(sql: str, make: Callable[[Answer], bytes]) -> bytes:
    return make(_answer_for_user(sql))


def _answer_for_user(sql: str, watch: Callable[[Progress], object] = lambda _: None) -> Answer:
    if _reads_access_log(sql):
        visitor().check(Data.ACCESS_LOG)
    return _answer(sql, watch)


def _answer(sql: str, watch: Callable[[Progress], object]) -> Answer:
    return _query(sql).wait(LIMIT_S, watch)


@st.cache_resource(max_entries=16, show_spinner=False, validate=lambda query: query.is_current(CACHED_S, LIMIT_S))
def _query(sql: str) -> Query:
    return start_query(sql)


def _reads_access_log(sql: str) -> bool:
    return FOLDER in sql.lower()
