"""The analyst's page: run the questions in sql/ on Athena with chosen parameters, and see their SQL.

The address has the question and, once it was run, the values of its parameters. Opening it again shows the same answer.
"""

from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from zoneinfo import ZoneInfo

import streamlit as st

from analytics.questions import Parameter, Question
from dashboard import data
from dashboard.questions import answers, columns, question_data
from dashboard.show_errors import show_errors
from electrocloud.aws.athena import Answer, Progress
from electrocloud.domain.errors import UsageError
from presentation import units

ROWS_SHOWN = 5_000
UTC_NAME = "UTC"
TYPED = ("day", "whole", "number")  # kinds with a widget of their own; others are typed as text


def choose_question(names: list[str], titles: dict[str, str]) -> str:
    """Draw the list of questions; the chosen one, which the address names."""
    linked = st.query_params.get("question")
    if linked in names:
        st.session_state["question"] = linked
    name = st.selectbox("Question", names, format_func=titles.__getitem__, key="question", on_change=_open)
    st.query_params["question"] = name
    return name


def _open() -> None:
    """Put a newly chosen question into the address, without the parameters of the one before."""
    times = {"times": st.query_params["times"]} if "times" in st.query_params else {}
    st.query_params.from_dict({"question": st.session_state["question"], **times})


def parameter_values(question: Question, now: datetime, zone: str) -> dict[str, str]:
    """Draw a widget for each parameter but a zone, which is the page's; returns their values as text."""
    drawn = _drawn(question)
    places = st.columns(max(2, len(drawn)))
    values = {one.name: zone for one in question.parameters if one.kind == "zone"}
    for parameter, place in zip(drawn, places, strict=False):
        values[parameter.name] = widget(parameter, _key(question, parameter), now, place)
    return values


def _drawn(question: Question) -> list[Parameter]:
    """The parameters that have a widget, and a place in the address."""
    return [parameter for parameter in question.parameters if parameter.kind != "zone"]


def widget(parameter: Parameter, key: str, now: datetime, place: st.delta_generator.DeltaGenerator) -> str:
    """Draw the widget of a parameter, with the address's value or else the default; its value as text."""
    name, note = parameter.name.replace("_", " ").capitalize(), parameter.description
    value = remember(parameter, key, now)
    if parameter.choices:
        return place.selectbox(name, parameter.choices, help=note, key=key)
    if parameter.kind == "month":
        months = sorted({*units.months_until(now.date()), str(value)}, reverse=True)
        return place.selectbox(name, months, help=note, key=key)
    if parameter.kind == "day":
        return str(place.date_input(name, help=note, key=key, format="YYYY-MM-DD"))
    if parameter.kind == "whole":
        return str(place.number_input(name, min_value=0, step=1, help=note, key=key))
    if parameter.kind == "number":
        return str(place.number_input(name, help=note, key=key))
    return place.text_input(name, help=note, key=key).strip()


def remember(parameter: Parameter, key: str, now: datetime) -> object:
    """Give a widget the address's value, or at first the default one; the value that it has."""
    linked = st.query_params.get(parameter.name)
    if linked is not None:
        with suppress(UsageError):
            value = widget_value(parameter, linked, now)
            if st.session_state.get(key) != value:
                st.session_state[key] = value
    if key not in st.session_state:
        st.session_state[key] = widget_value(parameter, parameter.default, now)
    return st.session_state[key]


def widget_value(parameter: Parameter, text: str, now: datetime) -> object:
    """A parameter's text as its widget takes it. `UsageError` where the parameter does not allow it."""
    if parameter.kind == "month":
        return f"{parameter.parse(text, now):%Y-%m}"
    return parameter.parse(text, now) if parameter.choices or parameter.kind in TYPED else text


def _key(question: Question, parameter: Parameter) -> str:
    return f"{question.name}.{parameter.name}"


def _run(question: Question) -> None:
    """Put the values of the form into the address: then the question is run, here and wherever it is opened."""
    texts = {one.name: str(st.session_state[_key(question, one)]).strip() for one in _drawn(question)}
    # A link that is opened later shows the same: now is the time of the click.
    now = {one.name: f"{datetime.now(UTC):%Y-%m-%dT%H:%MZ}" for one in question.parameters if one.kind == "time"}
    texts |= {name: time for name, time in now.items() if texts[name] == "now"}
    st.query_params.update(texts)  # at once: each change would be a step of the browser's history


def _cancel(sql: str) -> None:
    """Stop the query, and take the parameters out of the address: then it is not run again."""
    with show_errors():
        question_data.cancel(sql)
    _open()


@st.cache_resource(show_spinner=False)
def _last_seconds() -> dict[str, float]:
    """How long each question took when it was last run on this server: Athena does not say how much is left."""
    return {}


def progress_text(progress: Progress, last_s: float | None) -> str:
    """What is known of a query that runs: its state, how far it is and for how long it has run."""
    scanned = f"{units.scaled(progress.bytes_scanned, 'B')} scanned so far" if progress.bytes_scanned else ""
    last = f"took {last_s:.1f} s last time" if last_s else ""
    known = (f"{progress.state.capitalize()} for {progress.seconds:.0f} s", progress.detail, scanned, last)
    return " · ".join(filter(None, known))


def answer_with_progress(question: Question, sql: str) -> Answer:
    """Run the SQL; while it runs, say how far it is, and offer to cancel it."""
    running, button = st.empty(), st.empty()
    last_s = _last_seconds().get(question.name)
    drawn = False

    def watch(progress: Progress) -> None:
        nonlocal drawn
        if not drawn:
            button.button("Cancel", icon=":material/cancel:", on_click=_cancel, args=(sql,), key="cancel")
            drawn = True
        running.info(progress_text(progress, last_s), icon=":material/hourglass_top:")

    try:
        answer = question_data.answer(sql, watch)
    finally:
        running.empty()
        button.empty()
    _last_seconds()[question.name] = answer.seconds
    return answer


def show(question: Question, sql: str, zone: str) -> None:
    """Run the SQL, and draw the result as a chart and a table."""
    answer = answer_with_progress(question, sql)
    scanned = "" if answer.bytes_scanned is None else f" · {units.scaled(answer.bytes_scanned, 'B')} scanned"
    st.caption(f"{units.count(len(answer.rows), 'row')}{scanned} · {answer.seconds:.1f} s")
    if not answer.rows:
        st.info(question.empty)
        return
    if spec := answers.chart(question, answers.table(answer), zone):
        st.vega_lite_chart(spec, height=340, key=f"chart_{question.name}")
    if len(answer.rows) > ROWS_SHOWN:
        st.caption(f"First {ROWS_SHOWN:,} rows. The file has all.")
    shown, config = columns.table(question, answer, zone, ROWS_SHOWN)
    st.dataframe(shown, hide_index=True, column_config=config, placeholder="–")
    st.download_button(
        "Download CSV",
        question_data.answer_file(sql, partial(columns.as_csv, question, zone=zone)),
        f"{question.name}.csv",
        "text/csv",
        on_click="ignore",
        icon=":material/download:",
    )


st.title("Analytics")
with show_errors():
    questions = question_data.questions_of_user()
    utility_zone = data.zone()
    wide, narrow = st.columns([5, 2])
    with wide:
        question = questions[choose_question([*questions], {name: one.title for name, one in questions.items()})]
    with narrow:
        zones = list(dict.fromkeys([utility_zone, UTC_NAME]))
        zone = st.selectbox("Days and times in", zones, key="times", bind="query-params", help="The utility's, or UTC.")
    now = datetime.now(ZoneInfo(zone))
    if question.note:
        st.caption(question.note)
    with st.form("parameters"):
        values = parameter_values(question, now, zone)
        st.form_submit_button("Run", type="primary", icon=":material/play_arrow:", on_click=_run, args=(question,))
    sql = question.render(values, now)
    if all(parameter.name in st.query_params for parameter in _drawn(question)):
        show(question, sql, zone)
    else:
        st.caption("Set the parameters and press Run. In an AWS account, Athena charges for the bytes it scans.")
    with st.expander("SQL for the Athena console"):
        st.code(sql, language="sql", wrap_lines=True)
