"""The analyst's page: run the questions in sql/ on Athena with chosen parameters, and see their SQL."""

from datetime import UTC, date, datetime

import streamlit as st

from analytics.questions import Parameter, Question
from dashboard import data
from dashboard.questions import answers
from presentation import units

ROWS_SHOWN = 5_000
NO_RESULTS = {
    "access_log": "Nobody looked at this customer on the dashboard on these days.",
    "forecast_days": "No forecast of these days is in the lake. It needs the feeder's ID, or fleet.",
    "forecast_error_by_lead": "No forecast of these days has come to its end yet, or none was published to the lake.",
    "silent_meters": "No meters are silent: all registered meters have reported in time.",
    "quarantined_by_reason": "No uploads were rejected on these days.",
    "voltage_out_of_band": "No meter measured a voltage outside the band on these days.",
}


def parameter_values(question: Question, now: datetime) -> dict[str, str]:
    """Draw a widget for each parameter; returns their values as text."""
    columns = st.columns(max(2, len(question.parameters)))
    return {
        parameter.name: widget(parameter, f"{question.name}.{parameter.name}", now, column)
        for parameter, column in zip(question.parameters, columns, strict=False)
    }


def widget(parameter: Parameter, key: str, now: datetime, place: st.delta_generator.DeltaGenerator) -> str:
    """Draw the widget of a parameter; its value as text."""
    name, note = parameter.name.replace("_", " ").capitalize(), parameter.description
    default = parameter.parse(parameter.default, now)
    if parameter.choices:
        return place.selectbox(name, parameter.choices, parameter.choices.index(str(default)), help=note, key=key)
    if parameter.kind == "month":
        return place.selectbox(name, units.months_until(now.date()), help=note, key=key)
    if isinstance(default, date) and not isinstance(default, datetime):
        return str(place.date_input(name, default, help=note, key=key, format="YYYY-MM-DD"))
    if isinstance(default, int | float):
        return str(place.number_input(name, value=default, help=note, key=key))
    return place.text_input(name, parameter.default, help=note, key=key).strip()


def show(question: Question, sql: str) -> None:
    """Run the SQL, and draw the result as a chart and a table."""
    running = st.empty()
    running.info("Running on Athena …", icon=":material/hourglass_top:")  # not a spinner: that appears with a delay
    try:
        answer = data.answer(sql)
    finally:
        running.empty()
    frame = answers.table(answer)
    scanned = "" if answer.bytes_scanned is None else f" · {units.scaled(answer.bytes_scanned, 'B')} scanned"
    st.caption(f"{units.count(len(frame), 'row')}{scanned} · {answer.seconds:.1f} s")
    if frame.empty:
        st.info(NO_RESULTS.get(question.name, "No results. Try other days, another month or another meter."))
        return
    if spec := answers.chart(question.name, frame):
        st.vega_lite_chart(spec, height=340, key=f"chart_{question.name}")
    if len(frame) > ROWS_SHOWN:
        st.caption(f"First {ROWS_SHOWN:,} rows. To get all: `electrocloud query {question.name} --csv FILE`.")
    shown = frame.head(ROWS_SHOWN).rename(columns=units.column_title)
    numbers = dict.fromkeys(shown.select_dtypes("number"), st.column_config.NumberColumn(format="localized"))
    st.dataframe(shown, hide_index=True, column_config=numbers)


st.title("Analytics")
with data.show_errors():
    now = datetime.now(UTC)
    questions = data.questions_of_user()
    names = list(questions)
    linked = st.query_params.get("question")
    name = st.selectbox(
        "Question",
        names,
        names.index(linked) if linked in names else 0,
        format_func=lambda name: questions[name].title,
        key="question",
    )
    st.query_params["question"] = name
    question = questions[name]
    if question.note:
        st.caption(question.note)
    with st.form("parameters"):
        values = parameter_values(question, now)
        if st.form_submit_button("Run", type="primary", icon=":material/play_arrow:"):
            st.session_state["asked"] = (name, question.render(values, now))
    asked, sql = st.session_state.get("asked", ("", ""))
    if asked == name:
        show(question, sql)
    else:
        st.caption("Set the parameters and press Run. In an AWS account, Athena charges for the bytes it scans.")
        sql = question.render(values, now)
    with st.expander("SQL for the Athena console"):
        st.code(sql, language="sql", wrap_lines=True)
