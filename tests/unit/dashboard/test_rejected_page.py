"""The Rejected page, drawn with given data."""

from collections.abc import Callable
from datetime import UTC, datetime

from analytics.rejected_uploads import Rejected
from tests.kits.dashboard_kit import page, texts

ARRIVED = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
JSON = Rejected(
    ARRIVED, "contract", "wh: expected an integer", "M_1", "arn:sender", "M_1", b'{"meter_id":"M_1","wh":"12"}'
)
BYTES = Rejected(ARRIVED, "not-json", "no JSON", "", "", "key-7", b"\xff<b>")


def test_nothing_rejected_is_good_news(give: Callable[..., None]) -> None:
    give(rejected=[])
    assert "No uploads were rejected in the last hour." in texts(page("rejected"))


def test_each_upload_is_listed_with_its_meter_and_with_its_sender_where_the_payload_names_one(
    give: Callable[..., None],
) -> None:
    give(rejected=[JSON, BYTES])
    table = page("rejected").dataframe[0].value

    assert table.iloc[:, 1:].to_numpy().tolist() == [
        ["contract", "wh: expected an integer", "M_1", "arn:sender", "M_1"],
        ["not-json", "no JSON", "–", "–", "key-7"],
    ]


def test_the_payload_is_shown_as_it_was_sent() -> None:
    assert JSON.text == '{\n  "meter_id": "M_1",\n  "wh": "12"\n}'
    assert BYTES.text == "\\xff<b>"


def test_the_uploads_of_a_reason_are_put_back_with_their_outcome(give: Callable[..., None]) -> None:
    give(rejected=[JSON, BYTES], put_back={"put back": 2, "still refused: contract": 1})
    app = page("rejected")
    assert not app.button
    app.selectbox(key="reason").set_value("contract").run()
    assert app.dataframe[0].value["Reason"].tolist() == ["contract"]
    app.button[0].click().run()

    assert app.success[0].value == "2 uploads put back; 1 upload still refused: contract."
