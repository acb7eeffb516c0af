"""The Exceptions page, drawn with given data."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from streamlit.testing.v1 import AppTest

from analytics.exceptions_desk import Note
from analytics.rejected_uploads import Rejected
from dashboard.exceptions import exception_data
from dashboard.exceptions.queue import matching, queue, table
from electrocloud.domain.errors import UsageError
from electrocloud.domain.forecast import Suspect
from electrocloud.domain.readings.meter_day import Interval
from tests.kits.dashboard_kit import page, texts

ARRIVED = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
JSON = Rejected(
    ARRIVED, "contract", "wh: expected an integer", "M_1", "arn:sender", "M_1", b'{"meter_id":"M_1","wh":"12"}'
)
BYTES = Rejected(ARRIVED, "not-json", "no JSON", "", "", "key-7", b"\xff<b>")
SUSPECT = Suspect("M_2", "high", int(ARRIVED.timestamp()) - 7_200, int(ARRIVED.timestamp()), 100.0, 200.0)
NOTE = Note(JSON.exception_id, "note", ARRIVED, "ann", "asked the vendor", "M_1")


def drawn(give: Callable[..., None], found: list[Rejected], **more: object) -> AppTest:
    give(**{"rejected": found, "suspects": [], "notes": {}, "zone": "America/New_York"} | more)
    return page("exceptions")


def test_nothing_rejected_is_good_news(give: Callable[..., None]) -> None:
    assert "No uploads were rejected in the last hour." in texts(drawn(give, []))


def test_each_upload_is_listed_with_its_meter_and_with_its_sender_where_the_payload_names_one(
    give: Callable[..., None],
) -> None:
    shown = drawn(give, [JSON, BYTES], notes={JSON.exception_id: [NOTE]}).dataframe[0].value

    assert shown.iloc[:, 1:6].to_numpy().tolist() == [
        ["contract", "wh: expected an integer", "M_1", "arn:sender", "M_1"],
        ["not-json", "no JSON", "–", "–", "key-7"],
    ]
    assert shown["Notes"].tolist() == ["2026-11-24 04:30 EST ann: note (asked the vendor)", ""]


def test_the_queue_has_uploads_and_suspect_readings_by_time_and_is_filtered() -> None:
    found = queue([JSON, BYTES], [SUSPECT], ARRIVED, "UTC")

    assert [one.kind for one in found] == ["rejected upload", "rejected upload", "suspect reading"]
    assert queue([], [SUSPECT], datetime(2026, 11, 24, 9, 31, tzinfo=UTC), "UTC") == []
    assert [one.meter_id for one in matching(found, "suspect reading", "", "")] == ["M_2"]
    assert [one.meter_id for one in matching(found, "", "contract", "")] == ["M_1"]
    assert [one.meter_id for one in matching(found, "", "", "SENDER")] == ["M_1"]
    assert "expected 100 to 200 Wh per hour" in table(found, {}, "UTC")["What was wrong"][2]


def test_the_payload_is_shown_as_it_was_sent() -> None:
    assert JSON.text == '{\n  "meter_id": "M_1",\n  "wh": "12"\n}'
    assert BYTES.text == "\\xff<b>"


def test_the_uploads_of_a_reason_are_put_back_with_their_outcome(give: Callable[..., None]) -> None:
    app = drawn(give, [JSON, BYTES], put_back_all={"put back": 2, "still refused: contract": 1})
    assert not app.button
    app.selectbox(key="reason").set_value("contract").run()
    assert app.dataframe[0].value["Reason"].tolist() == ["contract"]
    app.button[0].click().run()

    assert app.success[0].value == "2 uploads put back; 1 upload still refused: contract."


def acting_on_upload() -> None:
    """The part of the page that acts on one upload."""
    from dashboard.exceptions import actions
    from tests.unit.dashboard.test_exceptions_page import JSON, NOTE

    actions.done_before()
    actions.upload(JSON, [NOTE], "UTC")


def acting_on_suspect() -> None:
    """The part of the page that acts on suspect readings."""
    from dashboard.exceptions import actions
    from tests.unit.dashboard.test_exceptions_page import NOTE, SUSPECT

    actions.done_before()
    actions.suspect(SUSPECT, [NOTE], "high", "America/New_York")


@pytest.mark.parametrize(
    ("button", "function"),
    [
        ("Put back this upload", "put_back"),
        ("Void this upload", "void"),
        ("Put back the edited upload", "put_back"),
        ("Void these readings", "void_suspect"),
    ],
)
def test_an_exception_is_acted_on_with_the_reason_that_was_given(
    monkeypatch: pytest.MonkeyPatch, button: str, function: str
) -> None:
    done: list[tuple[object, ...]] = []
    monkeypatch.setattr(exception_data, "readings_of", lambda _: [])
    monkeypatch.setattr(exception_data, function, lambda *given: done.append(given))
    app = AppTest.from_function(acting_on_suspect if "readings" in button else acting_on_upload)
    app.run()
    assert "asked the vendor" in texts(app)
    for why in app.text_input:
        why.set_value("clock was set")
    for edited_text in app.text_area:
        edited_text.set_value('{"edited": 1}')
    next(one for one in app.button if one.label == button).click().run()

    assert not app.exception
    ((one, reason, *edited),) = done
    assert one == (SUSPECT if "readings" in button else JSON)
    assert reason == "clock was set"
    assert edited == ([b'{"edited": 1}'] if "edited" in button else [])
    assert app.success


def test_what_cannot_be_done_is_said_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise UsageError("write why")

    monkeypatch.setattr(exception_data, "void", refuse)
    app = AppTest.from_function(acting_on_upload)
    app.run()
    next(one for one in app.button if one.label == "Void this upload").click().run()

    assert app.warning[0].value == "write why"


def test_a_suspect_reading_is_corrected_with_who_and_why(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[tuple[object, ...]] = []
    readings = [Interval(int(ARRIVED.timestamp()) - 3_600 * hours, 3_600, 900) for hours in (2, 1)]
    monkeypatch.setattr(exception_data, "readings_of", lambda _: readings)
    monkeypatch.setattr(exception_data, "correct_suspect", lambda *given: done.append(given))
    app = AppTest.from_function(acting_on_suspect)
    app.run()
    assert app.selectbox[0].options == ["2026-11-24 02:30 EST: 900 Wh", "2026-11-24 03:30 EST: 900 Wh"]
    app.text_input[0].set_value("read again by hand")
    app.selectbox[0].set_value(readings[1])
    app.number_input[0].set_value(310)
    app.run()
    next(one for one in app.button if one.label == "Correct this reading").click().run()

    assert not app.exception
    assert done == [(SUSPECT, ARRIVED - timedelta(hours=1), 310, "read again by hand")]
    assert app.success


def test_the_address_names_the_exception_on_the_screen(give: Callable[..., None]) -> None:
    give(rejected=[JSON, BYTES], suspects=[], notes={}, zone="UTC")
    app = page("exceptions", exception=BYTES.exception_id)
    assert app.header[0].value == "Rejected: not\\-json"
