"""The mapping templates' variables do as API Gateway's do."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from electrocloud.domain.errors import UsageError
from laptop.gateway.vtl import Input, Util, fill, render

DOCUMENT = {"uploads": [{"meter_id": "A", "wh": 1000.0}, {"meter_id": 'quo"te', "tags": ["x"]}], "n": 0}


def rendered(template: str, document: object = DOCUMENT, context: dict | None = None, **params: str) -> str:
    payload = Input(json.dumps(document).encode(), document, {"path": params, "header": {"meter": "header"}})
    return render(template, payload, context if context is not None else {})


def test_json_of_an_element_is_reached_through_the_index_of_a_foreach():
    template = "#foreach($u in $input.path('$.uploads'))$input.json(\"$.uploads[$foreach.index]\")\n#end"
    lines = rendered(template).splitlines()
    assert [json.loads(line) for line in lines] == DOCUMENT["uploads"]


def test_the_text_of_a_path_is_not_json_and_json_is():
    assert rendered("$input.path('$.uploads[1].meter_id')") == 'quo"te'
    assert rendered("$input.json('$.uploads[1].meter_id')") == '"quo\\"te"'


def test_json_is_cut_by_a_regular_expression_and_without_empty_parts_at_the_end():
    template = "#foreach($part in $input.json('$.tags').split(',|]$'))<$part.replaceAll('^[^\"]*', '')>#end"
    assert rendered(template, {"tags": ["x", "y"]}) == '<"x"><"y">'


def test_a_missing_value_is_null_in_a_condition_and_an_empty_string_as_json():
    assert rendered("#if($input.path('$.uploads[7].meter_id'))there#{else}absent#end") == "absent"
    assert rendered("$input.json('$.nothing')") == '""'


def test_an_unsupported_jsonpath_is_reported():
    with pytest.raises(UsageError, match=r"\$\.\.meter_id"):
        Input(b"{}", {}).json("$..meter_id")


def test_a_parameter_is_looked_up_in_the_path_before_the_headers_and_is_empty_if_missing():
    assert rendered("$input.params('meter')", meter="path") == "path"
    assert rendered("$input.params('meter')") == "header"
    assert rendered("[$input.params('other')]") == "[]"


def test_a_template_overrides_the_status_through_the_context():
    context: dict = {"responseOverride": {}}
    rendered("#if($input.path('$.n') == 0)#set($context.responseOverride.status = 503)#end", context=context)
    assert context == {"responseOverride": {"status": 503}}


def test_the_payload_is_at_hand_as_it_was_sent():
    assert rendered("$input.body", [1, 2]) == "[1, 2]"


@given(st.text())
def test_base64_holds_the_utf_8_of_any_text(text: str):
    assert base64.b64decode(Util.base64Encode(text)) == text.encode()
    assert Util.base64Decode(Util.base64Encode(text)) == text


@given(st.text())
def test_escaped_text_is_a_json_string_once_its_single_quotes_are_back(text: str):
    assert json.loads(f'"{Util.escapeJavaScript(text)}"'.replace("\\'", "'")) == text


@given(st.text())
def test_a_url_encoded_text_decodes_to_itself(text: str):
    assert Util.urlDecode(Util.urlEncode(text)) == text


def test_json_in_a_string_can_be_walked():
    template = "#set($error = $util.parseJson($input.path('$.text')))$error.codes[1]"
    assert rendered(template, {"text": '{"codes": [4, 5]}'}) == "5"


def test_a_gateway_response_gets_its_context_variables_and_is_not_velocity():
    context = {"error": {"messageString": '"too slow"'}}
    template = '{"message": $context.error.messageString, "$set": "#if $context.error.unknown"}'
    assert fill(template, context) == '{"message": "too slow", "$set": "#if "}'
