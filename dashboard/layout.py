"""Parts of every page: rows of metrics, and room for what is still loading, so that nothing moves when it comes."""

import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from presentation.money_text import mark
from presentation.units import in_html

ColumnConfigs = Mapping[str, Any]  # by a column's name: Streamlit's configuration, a title, or None to hide it
STYLE = Path(__file__).parent / "style.css"
BEGIN_S = 0.1
PAINT_S = 0.2
FIRST_PAINT_S = 0.6  # of a browser that has to load and compile all code first
COOKIE = "electrocloud_code"  # the version of Streamlit whose code the browser has in its cache
_DAY_S = 86_400
_REMEMBER = f"""<script>
document.cookie = "{COOKIE}={st.__version__}; path=/; samesite=lax; max-age={30 * _DAY_S}";
</script>"""


def let_browser_begin() -> None:
    """Once per session, let the browser lay out the empty page before it gets content, which would move then."""
    if "begun" not in st.session_state:
        st.session_state["begun"] = True
        time.sleep(BEGIN_S)


def paint_first() -> None:
    """Once per session, give the browser time to paint the numbers it has received.

    When it receives the first chart or table it loads megabytes of code for it, and paints nothing until it has it.
    A browser that has had it before is faster.
    """
    if "painted" not in st.session_state:
        st.session_state["painted"] = True
        time.sleep(PAINT_S if has_code() else FIRST_PAINT_S)


def has_code() -> bool:
    """Whether the browser has had the code of charts and tables before."""
    return st.context.cookies.get(COOKIE) == st.__version__


def remember_code() -> None:
    """Let the browser remember, once per session, that it has had that code."""
    if "painted" in st.session_state and "remembered" not in st.session_state and not has_code():
        st.session_state["remembered"] = True
        st.html(_REMEMBER, unsafe_allow_javascript=True)


def metrics(name: str) -> DeltaGenerator:
    """A row for the metrics of this name; on a narrow screen they stand in two columns."""
    return st.container(horizontal=True, gap="small", key=f"metrics-{name}")


def metric(
    label: str, value: str, below: str | None, note: str, *, height: Literal["content", "stretch"] = "content"
) -> None:
    """A metric with a text below its number, and a note behind its question mark."""
    st.metric(
        label, value, below, delta_color="off", delta_arrow="off", help=note, border=True, height=height
    )  # Streamlit's delta, without its color and arrow


def in_currency(columns: ColumnConfigs, amounts: Collection[str], currencies: Iterable[str]) -> ColumnConfigs:
    """The columns of a table with the currency in the titles of `amounts`; where there are several, in `currency`."""
    if len(found := sorted(set(currencies))) > 1:
        return {**columns, "currency": "Currency"}
    titled = {name: {**columns[name], "label": f"{columns[name]['label']}, {mark(found[0])}"} for name in amounts}
    return {**columns, **titled, "currency": None}


@contextmanager
def loading(name: str) -> Iterator[None]:
    """Keep room for the body, gray until its first part is drawn; style.css has the height by the name.

    A body that draws nothing, or fails before it does, takes no room.
    """
    with st.container(key=f"loading-{name}"):
        st.empty()  # Streamlit leaves out a container without elements
        try:
            yield
        finally:
            st.html('<span class="drawn"></span>')


def table(name: str, rows: Sequence[Mapping[str, str]]) -> None:
    """Draw rows as an HTML table, which a keyboard and a screen reader can walk through; the first column names a row.

    Streamlit's own tables are a canvas, or scroll on a narrow screen without taking the keyboard's focus.
    """
    head = "".join(f'<th scope="col">{in_html(column)}</th>' for column in rows[0])
    body = "".join(f"<tr>{_cells(list(row.values()))}</tr>" for row in rows)
    st.html(
        f'<div class="rows" role="region" tabindex="0" aria-label="{in_html(name)}">'
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _cells(values: Sequence[str]) -> str:
    first, *others = map(in_html, values)
    return f'<th scope="row">{first}</th>' + "".join(f"<td>{text}</td>" for text in others)
