"""`make scale` changes parameters in updates that Kinesis makes, and leaves all else as it is deployed."""

import json
from itertools import pairwise

import boto3
import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto import mock_aws

from electrocloud.domain.errors import UsageError
from tools.scale import scale, shard_steps, updates

DEPLOYED = {
    "Stage": "prod",
    "Architecture": "arm64",
    "StreamMode": "ON_DEMAND",
    "ShardCount": "2",
    "BatchRecords": "1000",
}
TEMPLATE = {
    "Parameters": {"ShardCount": {"Type": "Number"}, "StreamMode": {"Type": "String"}, "Label": {"Type": "String"}},
    "Resources": {
        "ReadingsStream": {
            "Type": "AWS::Kinesis::Stream",
            "Properties": {
                "ShardCount": {"Ref": "ShardCount"},
                "Tags": [{"Key": "label", "Value": {"Ref": "Label"}}],
            },
        }
    },
    "Outputs": {"Stream": {"Value": {"Ref": "ReadingsStream"}}},
}


@given(st.integers(1, 400), st.integers(1, 400))
def test_no_step_more_than_doubles_or_halves_the_shards_and_the_last_is_the_one_that_was_asked_for(begin, end):
    steps = [begin, *shard_steps(begin, end)]
    assert steps[-1] == end
    assert all(before != after and before <= 2 * after and after <= 2 * before for before, after in pairwise(steps))


def test_one_shard_to_twenty_takes_five_updates():
    assert shard_steps(1, 20) == [2, 4, 8, 16, 20]
    assert shard_steps(20, 1) == [10, 5, 3, 2, 1]
    assert shard_steps(4, 4) == []


def test_more_updates_than_kinesis_makes_in_a_day_are_refused():
    with pytest.raises(UsageError, match="11 updates"):
        shard_steps(1, 2000)


def test_a_change_of_the_mode_comes_before_the_shards_and_all_else_comes_last():
    changes = {"StreamMode": "PROVISIONED", "ShardCount": "20", "BatchRecords": "500"}
    assert list(updates(changes, DEPLOYED, open_shards=4)) == [
        {"StreamMode": "PROVISIONED", "ShardCount": "4"},
        {"ShardCount": "8"},
        {"ShardCount": "16"},
        {"ShardCount": "20"},
        {"BatchRecords": "500"},
    ]


def test_an_on_demand_stream_is_one_update_and_what_is_so_already_is_none():
    provisioned = DEPLOYED | {"StreamMode": "PROVISIONED", "ShardCount": "8"}
    assert list(updates({"StreamMode": "ON_DEMAND"}, provisioned, open_shards=8)) == [{"StreamMode": "ON_DEMAND"}]
    assert list(updates({"BatchRecords": "1000"}, DEPLOYED, open_shards=4)) == []


@pytest.mark.parametrize("name", ["Architecture", "Stage", "Shards"])
def test_what_only_a_release_can_change_is_refused_with_what_can_be_changed(name):
    with pytest.raises(UsageError, match="BatchRecords, ShardCount, StreamMode"):
        list(updates({name: "x86_64"}, DEPLOYED, open_shards=4))


@mock_aws
def test_the_stack_keeps_its_template_and_its_other_parameters():
    cloudformation, kinesis = (boto3.client(name, "eu-central-1") for name in ("cloudformation", "kinesis"))
    given_ = {"ShardCount": "1", "StreamMode": "PROVISIONED", "Label": "kept"}
    cloudformation.create_stack(
        StackName="electrocloud-prod",
        TemplateBody=json.dumps(TEMPLATE),
        Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in given_.items()],
    )
    done = list(scale(cloudformation, kinesis, "electrocloud-prod", {"ShardCount": "3"}))
    assert done == [{"ShardCount": "2"}, {"ShardCount": "3"}]
    (stack,) = cloudformation.describe_stacks(StackName="electrocloud-prod")["Stacks"]
    now = {one["ParameterKey"]: one["ParameterValue"] for one in stack["Parameters"]}
    assert now == given_ | {"ShardCount": "3"}
    assert cloudformation.get_template(StackName="electrocloud-prod")["TemplateBody"] == TEMPLATE
