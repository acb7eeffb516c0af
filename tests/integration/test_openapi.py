"""api/openapi.yaml agrees with the domain, and uses only what API Gateway supports."""

import json
import re
from collections.abc import Iterator
from typing import Any, get_args

import openapi_spec_validator
import pytest
import yaml

from analytics.template import load
from electrocloud.domain.errors import UsageError
from electrocloud.domain.readings import upload
from laptop.gateway.openapi import read_api
from laptop.gateway.vtl import fill
from tests.kits.gateway_kit import OPENAPI, VALUES

TEXT = OPENAPI.read_text()
DOCUMENT = yaml.safe_load(TEXT)
SCHEMAS = DOCUMENT["components"]["schemas"]
OPERATIONS = [path["post"] for path in DOCUMENT["paths"].values() if "post" in path]
READS = {name: path["get"] for name, path in DOCUMENT["paths"].items() if "get" in path}


def nodes(node: Any) -> Iterator[Any]:
    yield node
    children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    for child in children:
        yield from nodes(child)


def test_the_file_is_openapi():
    greedy = json.dumps(DOCUMENT).replace("read+", "read")  # OpenAPI itself knows no parameter for the rest of a path
    openapi_spec_validator.validate(json.loads(greedy))


def test_the_limits_are_those_that_the_consumer_enforces():
    fields = SCHEMAS["Upload"]["properties"]
    reading = SCHEMAS["Reading"]["properties"]
    assert tuple(fields["interval_s"]["enum"]) == upload.INTERVALS_S
    assert fields["readings"]["maxItems"] == upload.MAX_READINGS
    assert reading["revision"]["maximum"] == upload.MAX_REVISION
    assert reading["wh"]["maximum"] == upload.MAX_POWER_W * max(upload.INTERVALS_S) // 3600
    added = {"request_id", "caller"}  # by the API itself
    assert {*fields, *added, "operator"} == {*upload.UploadDocument.__struct_fields__}
    assert set(reading) == set(upload.ReadingDocument.__struct_fields__)
    meter_id = get_args(upload.MeterId)[1].pattern
    assert re.sub(r"\\Z$", "$", meter_id) == fields["meter_id"]["pattern"]


def test_no_route_is_open_to_the_unsigned_but_that_of_customers_whose_tokens_the_function_checks():
    schemes = DOCUMENT["components"]["securitySchemes"]
    assert schemes["sigv4"]["x-amazon-apigateway-authtype"] == "awsSigv4"
    assert READS.keys() == {"/v1/operator/{read+}", "/v1/customer/{read+}"}
    assert READS["/v1/customer/{read+}"]["x-amazon-apigateway-auth"] == {"type": "NONE"}
    assert READS["/v1/customer/{read+}"]["x-amazon-apigateway-integration"]["type"] == "aws_proxy"
    for operation in (*OPERATIONS, READS["/v1/operator/{read+}"]):
        assert {"sigv4": []} in operation["security"]
        assert operation["x-amazon-apigateway-auth"] == {"type": "AWS_IAM"}


def test_head_ends_call_with_a_key_and_meters_without():
    assert DOCUMENT["components"]["securitySchemes"]["api_key"]["name"] == "x-api-key"
    assert DOCUMENT["x-amazon-apigateway-api-key-source"] == "HEADER"
    keyed = [
        name
        for name, path in DOCUMENT["paths"].items()
        for operation in path.values()
        if {"api_key": []} in operation["security"]
    ]
    assert keyed == ["/v1/uploads"]


def test_no_body_goes_past_the_validator():
    for operation in OPERATIONS:
        assert operation["x-amazon-apigateway-request-validator"] == "all"
        assert operation["x-amazon-apigateway-integration"]["passthroughBehavior"] == "never"
        assert operation["requestBody"]["content"].keys() == {"application/json"}


def test_schemas_keep_to_what_api_gateway_can_check():
    known = {
        "$ref", "type", "description", "properties", "required", "additionalProperties", "items", "minItems",
        "maxItems", "pattern", "enum", "minimum", "maximum",
    }  # fmt: skip
    for name, schema in SCHEMAS.items():
        assert name.isalnum()
        properties = {key for node in nodes(schema) if isinstance(node, dict) for key in node.get("properties", {})}
        used = {key for node in nodes(schema) if isinstance(node, dict) for key in node}
        assert used - properties <= known


def test_the_two_routes_differ_in_their_request_template_and_their_key_alone():
    def common(operation: dict[str, Any]) -> dict[str, Any]:
        own = ("operationId", "summary", "parameters", "security", "x-amazon-apigateway-integration")
        integration = operation["x-amazon-apigateway-integration"]
        rest = {key: value for key, value in operation.items() if key not in own}
        return rest | {key: value for key, value in integration.items() if key != "requestTemplates"}

    first, second = OPERATIONS
    assert common(first) == common(second)


def test_no_request_template_asks_for_a_part_of_the_body_in_a_loop_which_may_parse_all_of_it_each_time():
    for operation in OPERATIONS:
        template = operation["x-amazon-apigateway-integration"]["requestTemplates"]["application/json"]["Fn::Sub"]
        before, *loops = re.split(r"#foreach", template)
        assert "$input.json('$.uploads')" in before
        assert not [loop for loop in loops if "$input" in loop]


def test_the_request_templates_cut_the_uploads_apart_at_the_fields_that_an_upload_can_begin_with():
    fields = {name: set(SCHEMAS[name]["properties"]) for name in ("Upload", "Reading")}
    assert not fields["Upload"] & fields["Reading"]
    for operation in OPERATIONS:
        template = operation["x-amazon-apigateway-integration"]["requestTemplates"]["application/json"]["Fn::Sub"]
        (alternatives,) = re.findall(r"\(\?:([a-z_|]+)\)", template)
        assert set(alternatives.split("|")) == fields["Upload"]


def test_every_status_of_the_integration_is_declared_once():
    for operation in OPERATIONS:
        statuses = [
            answer["statusCode"] for answer in operation["x-amazon-apigateway-integration"]["responses"].values()
        ]
        assert len(statuses) == len(set(statuses))
        assert set(statuses) <= set(operation["responses"])


def test_every_gateway_response_is_json_that_says_what_to_do():
    error = {"messageString": '"m"', "validationErrorString": '[\\"x\\"]'}
    for response in read_api(OPENAPI, VALUES).gateway_responses.values():
        body = json.loads(fill(response.template, {"error": error}))
        assert len(body["message"]) > 40
        assert "$" not in json.dumps(body)


def test_template_yaml_includes_the_file_and_has_what_it_refers_to():
    template = load()
    bodies = [
        resource["Properties"]["DefinitionBody"]
        for resource in template["Resources"].values()
        if resource["Type"] == "AWS::Serverless::Api"
    ]
    assert bodies == [DOCUMENT]
    names = set(re.findall(r"\$\{([A-Za-z]+)[.}]", TEXT)) | {
        node["Fn::GetAtt"][0] for node in nodes(DOCUMENT) if isinstance(node, dict) and "Fn::GetAtt" in node
    }
    assert names == {"ReadingsStream", "IngestRole", "ReadApiFunctionAliaslive"}
    resources = template["Resources"].keys()
    assert {name.removesuffix("Aliaslive") for name in names} <= resources  # SAM's name of an alias called live


def test_cloudformation_reads_the_file_without_short_forms_and_aliases():
    events = list(yaml.parse(TEXT, yaml.SafeLoader))
    assert not [event for event in events if isinstance(event, yaml.AliasEvent)]
    assert not [event for event in events if getattr(event, "tag", None)]


def test_a_missing_value_is_asked_for_by_its_name():
    with pytest.raises(UsageError, match="ReadingsStream"):
        read_api(OPENAPI, {"AWS::Partition": "aws", "AWS::Region": "us-east-1", "ReadApiFunctionAliaslive": "read"})
