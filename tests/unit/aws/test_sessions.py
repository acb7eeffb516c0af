"""Clients of one deployment share a boto3 session, which holds megabytes of service descriptions."""

import msgspec

from electrocloud.aws.stack import Stack

PARTS = {field.name: "x" for field in msgspec.structs.fields(Stack) if field.required}


def stack_with_key(folder, key):
    file = folder / f"{key}.ini"
    file.write_text(f"[default]\naws_access_key_id = {key}\naws_secret_access_key = secret\n")
    return Stack(**PARTS | {"region": "us-east-1", "endpoint": "http://127.0.0.1:1", "credentials": str(file)})


def test_stacks_with_the_same_keys_share_a_session(tmp_path):
    assert stack_with_key(tmp_path, "AKID1").session() is stack_with_key(tmp_path, "AKID1").session()


def test_stacks_with_other_keys_have_clients_with_those(tmp_path):
    found = [stack_with_key(tmp_path, key).session().get_credentials().access_key for key in ("AKID1", "AKID2")]
    assert found == ["AKID1", "AKID2"]
