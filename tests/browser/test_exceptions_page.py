"""What was rejected in the last hour, why and whose it is: put back from the page, edited or as it came."""

import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from analytics.exceptions_desk import ExceptionsDesk
from analytics.rejected_uploads import Rejected, rejected_uploads
from electrocloud.aws.ingest.quarantine import unpack
from electrocloud.aws.store.reader import Reader
from tests.browser.conftest import PATIENCE_MS, Running
from tests.browser.test_accessibility import RULES
from tests.kits.examples import upload_json
from tests.kits.waiting import until

pytestmark = pytest.mark.browser
expect.set_options(timeout=PATIENCE_MS)


def test_a_rejected_upload_is_found_edited_and_put_back_and_who_did_it_is_kept(page: Page, running: Running) -> None:
    stack, today = running.fleet.stack, running.fleet.today
    s3 = stack.client("s3")
    meter_id = running.fleet.meters[4].meter_id
    day = today - timedelta(days=20)
    good = upload_json(meter_id=meter_id, day=day, wh=[321], interval_s=900)
    sent = good.replace(b'"wh": 321', b'"wh": "321"')
    stack.client("kinesis").put_record(StreamName=stack.stream, Data=sent, PartitionKey=meter_id)

    def waiting() -> list[Rejected]:
        found = rejected_uploads(s3, stack.bucket, datetime.now(UTC) - timedelta(hours=1), 100)
        return [one for one in found if one.payload == sent]

    (upload,) = until(waiting, "the upload in quarantine")
    page.goto(f"{running.url}/exceptions?find={meter_id}")
    expect(page.get_by_text("1 exception. Select one")).to_be_visible()
    box = page.get_by_test_id("stDataFrame").first.bounding_box()
    assert box
    page.mouse.click(box["x"] + 15, box["y"] + 50)  # the row's checkbox, drawn on a canvas
    expect(page.get_by_role("heading", name=f"Rejected: {upload.reason}")).to_be_visible()
    expect(page.get_by_test_id("stMarkdown").filter(has_text=upload.message)).to_be_visible()
    assert not Axe().run(page, options=RULES).violations_count
    page.get_by_role("textbox", name="Why").fill("wh was sent as text")
    page.get_by_role("textbox", name="Why").press("Tab")
    page.get_by_text("Edit and put back").click()
    page.get_by_role("textbox", name="Edited upload").fill(json.dumps(json.loads(good)))
    page.get_by_role("textbox", name="Edited upload").press("Control+Enter")
    page.get_by_role("button", name="Put back the edited upload").click()
    expect(page.get_by_text("The edited upload is back in the stream.")).to_be_visible()

    def stored() -> list[int]:
        return [one.wh for found in Reader(stack).days(meter_id, day, day) for one in found.intervals()]

    assert until(stored, "the reading in its window") == [321]
    assert waiting() == []
    listed = s3.list_objects_v2(Bucket=stack.bucket, Prefix="quarantine/redriven/")["Contents"]
    bodies = ((one["Key"], s3.get_object(Bucket=stack.bucket, Key=one["Key"])["Body"].read()) for one in listed)
    assert sent in {row.payload for key, body in bodies for row in unpack(key, body)}
    notes = ExceptionsDesk(s3, stack.bucket, lambda entries: None).notes(
        today - timedelta(days=1), datetime.now(UTC).date()
    )
    (note,) = notes[upload.exception_id]
    assert (note.action, note.text) == ("edited and put back", "wh was sent as text")
    assert re.fullmatch(r"\S+", note.by)
