"""The operator's page: whether the pipeline does its work, which alarm is on, what it means, and what to do."""

from datetime import datetime

import pandas as pd
import streamlit as st

from analytics.pipeline_health import Alarm, Counts, Health, Run
from analytics.pipeline_stages import Stage
from dashboard import data, layout
from dashboard.health import health_data
from dashboard.health.runbook import section
from dashboard.show_errors import show_errors
from presentation import units

STATES = {"ALARM": "▲ on", "INSUFFICIENT_DATA": "no data", "OK": "off"}
ALARMS = "health_alarms"  # the key of the table


@st.fragment(run_every=10)
def overview() -> None:
    """Draw all of it."""
    with show_errors(), layout.loading("health"):
        health = health_data.health()
        fleet = data.fleet()
        zone = fleet.zone if fleet else "UTC"
        verdict(health)
        stages(health.stages, zone)
        layout.paint_first()
        stored(health.counts)
        alarms(health.alarms, zone)
        runs(health.runs, zone)


def verdict(health: Health) -> None:
    """Draw in one sentence whether something is wrong."""
    on = [alarm.name for alarm in health.alarms if alarm.state == "ALARM"]
    without = sum(alarm.state == "INSUFFICIENT_DATA" for alarm in health.alarms)
    if on:
        is_on = "alarm is" if len(on) == 1 else "alarms are"
        st.error(f"{len(on)} {is_on} on: {', '.join(on)}. Select one below to see what to do.", icon=":material/error:")
    elif health.counts.stuck:
        waiting = units.duration(health.counts.waiting_s or 0)
        st.warning(
            f"Uploads have waited in the stream for {waiting}; a batch takes seconds.", icon=":material/warning:"
        )
    else:
        more = f" {units.count(without, 'alarm')} without data." if without else ""
        st.success(f"No alarm is on, and no upload is stuck.{more}", icon=":material/check_circle:")


def stages(path: list[Stage], zone: str) -> None:
    """Draw the path of a reading as a row of stages."""
    st.header("Path of a reading")
    for column, stage in zip(st.columns(len(path), gap="small"), path, strict=True):
        with column.container(border=True, height="stretch"):
            st.metric(
                stage.name, headline(stage), help=None if stage.per_s is not None else "No rate is measured here."
            )
            for line in details(stage):
                st.caption(line)
            if stage.errors and stage.last_error:  # no caption: a tint of red is too faint
                last = at(stage.last_error, zone)
                st.markdown(f":small[:red[{stage.error}: {stage.errors:,} in 24 h, last {last}]]")


def headline(stage: Stage) -> str:
    """A stage's rate; the age of what waits where no rate is measured."""
    if stage.per_s is not None and stage.unit == "bytes":
        return f"{units.scaled(stage.per_s, 'B')}/s"
    if stage.per_s is not None:
        return f"{stage.per_s:,.1f} /s" if stage.per_s < 100 else f"{stage.per_s:,.0f} /s"
    return "–" if stage.waiting_s is None else units.duration(stage.waiting_s)


def details(stage: Stage) -> list[str]:
    """What a stage's number is, what waits there, and whether it has errors."""
    lines = [f"{stage.unit}, {stage.over}" if stage.per_s is not None else stage.waits or "not measured in 24 h"]
    if stage.per_s is not None and stage.waits:
        age = "not measured" if stage.waiting_s is None else units.duration(stage.waiting_s)
        lines.append(f"{age}: {stage.waits}")
    if stage.backlog is not None:
        lines.append(f"{stage.backlog:,} waiting to be published")
    if stage.error and not stage.errors:
        lines.append(f"{stage.error} not measured" if stage.errors is None else f"no {stage.error} in 24 h")
    return lines


def stored(counts: Counts) -> None:
    """Draw what is stored."""
    with layout.metrics("stored"):
        for label, value in (
            ("Windows", f"{counts.windows:,} meter-days"),
            ("Bills", f"{counts.bills:,}"),
            ("Parquet", f"{counts.files:,} files, {units.scaled(counts.bytes, 'B')}"),
            ("Rejected uploads", f"{counts.quarantined:,}"),
        ):
            st.metric(label, value, border=True)


def alarms(found: list[Alarm], zone: str) -> None:
    """Draw the alarms; a selected one goes into the address, with its section of the runbook below."""
    st.header("Alarms")
    if not found:
        st.caption("This stack has no alarms. That is not good: nobody is warned. Deploy template.yaml as it is.")
        return
    st.caption("Select an alarm to see what to do.")
    names = [alarm.name for alarm in found]
    table = pd.DataFrame(
        {
            "State": [STATES[alarm.state] for alarm in found],
            "Alarm": names,
            "Since": [at(alarm.since, zone) for alarm in found],
            "Meaning": [alarm.meaning for alarm in found],
        }
    )
    st.dataframe(
        table,
        hide_index=True,
        column_config={"Meaning": st.column_config.TextColumn(width="large")},
        on_select=lambda: select_alarm(names),
        selection_mode="single-row",
        key=ALARMS,
    )
    chosen = st.query_params.get("alarm")
    if chosen in names:
        with st.container(border=True):
            st.markdown(f"### {chosen}\n{section(chosen)}")


def select_alarm(names: list[str]) -> None:
    """Put the selected alarm into the address."""
    if rows := st.session_state[ALARMS].selection.rows:
        st.query_params["alarm"] = names[rows[0]]
    else:
        st.query_params.pop("alarm", None)


def runs(found: list[Run], zone: str) -> None:
    """Draw when the jobs last ran."""
    st.header("Last runs")
    st.dataframe(
        pd.DataFrame(
            {
                "Job": run.name,
                "Last run": at(run.last, zone) if run.last else "–",
                "Result": run.done,
            }
            for run in found
        ),
        hide_index=True,
    )


def at(moment: datetime, zone: str) -> str:
    """`Thu 26 Nov 09:58 CET`."""
    instant = moment.timestamp()
    return f"{units.moment(instant, zone)} {units.zone_abbreviation(instant, zone)}"


st.title("Health")
overview()
