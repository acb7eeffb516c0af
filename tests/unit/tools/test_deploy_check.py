"""What `make deploy-check` finds between two templates, and against a stack."""

from argparse import Namespace

from botocore.exceptions import ClientError

from analytics.template import load
from cost.units import FleetPlan
from tools.deploy_check import Difference, deployed, differences, expanded, fleet_of


def resource(type_: str = "AWS::SQS::Queue", **properties):
    return {"Type": type_, "Properties": properties}


def test_added_removed_and_changed_resources_are_named():
    before = {"Old": resource(), "Kept": resource(A=1), "Both": resource(A=1, B=2, C=3)}
    after = {"New": resource("AWS::SNS::Topic"), "Kept": resource(A=1), "Both": resource(A=1, B=5, D=4)}
    assert differences(before, after) == [
        Difference("add", "New", "AWS::SNS::Topic"),
        Difference("change", "Both", "AWS::SQS::Queue", ("B", "C", "D")),
        Difference("remove", "Old", "AWS::SQS::Queue"),
    ]


def test_code_that_lies_elsewhere_and_names_with_another_hash_are_no_difference():
    before = {"FVersion0123456789": resource("AWS::Lambda::Version", A=1), "F": resource(Code={"S3Key": "a"})}
    after = {"FVersionabcdef0123": resource("AWS::Lambda::Version", A=1), "F": resource(Code={"S3Key": "b"})}
    assert differences(before, after) == []


def test_the_template_does_not_differ_from_itself_and_differs_by_a_table_that_goes():
    template, same = (expanded(load(), {"Stage": "dev"}, "eu-central-1")["Resources"] for _ in range(2))
    assert differences(template, same) == []
    (gone,) = differences(template, {name: body for name, body in same.items() if name != "BillsTable"})
    assert gone == Difference("remove", "BillsTable", "AWS::DynamoDB::Table")


def test_a_stack_that_is_not_there_has_nothing():
    class NoStack:
        def describe_stacks(self, StackName):  # noqa: N803
            error = {"Code": "ValidationError", "Message": f"Stack with id {StackName} does not exist"}
            raise ClientError({"Error": error}, "DescribeStacks")

    assert deployed(NoStack(), "electrocloud-dev") == ({}, {})


def test_the_fleet_is_priced_on_the_stream_that_would_be_deployed():
    arguments = Namespace(meters=5, interval=900, upload_every=86_400)
    assert fleet_of(arguments, {"StreamMode": "ON_DEMAND", "ShardCount": "4"}) == FleetPlan(5, 900, 86_400, False, 0)
    assert fleet_of(arguments, {"StreamMode": "PROVISIONED", "ShardCount": "4"}).shards == 4
