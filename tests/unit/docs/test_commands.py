"""Every command of the documentation is one that its program takes: the AWS CLI, `electrocloud` and make."""

import re
from collections.abc import Callable

import botocore.session
import pytest
import typer
from botocore import xform_name

from analytics.questions import questions
from analytics.template import ROOT, load
from cli.main import app
from tests.kits.shell_kit import SUBSTITUTED, Words, commands
from tests.kits.template_kit import REGION
from tools.deploy_check import expanded
from tools.scale import BY_RELEASE

PAGES = ["README.md", "CONTRIBUTING.md", *(f"docs/{path.name}" for path in sorted((ROOT / "docs").glob("*.md")))]
TEMPLATE = load()
HOSTING = load(ROOT / "hosting" / "template.yaml")
MAKEFILE = (ROOT / "Makefile").read_text()
OF_EVERY_COMMAND = {"query", "output", "endpoint-url", "region", "cli-binary-format", "max-items"}
# What the AWS CLI has beyond the API's operations, with their options.
CUSTOM = {
    ("logs", "tail"): {"since", "format", "follow"},
    ("cloudformation", "deploy"): {"stack-name", "template-file", "capabilities", "parameter-overrides"},
    ("s3", "ls"): {"recursive"},
    ("s3", "cp"): {"recursive"},
}
RENAMED = {"deploy": "codedeploy"}  # the AWS CLI's name of a service, where it is not the API's
TOOLS = {
    "curl", "date", "export", "grep", "gunzip", "head", "jq", "read", "sort", "source", "tail", "uniq",
}  # fmt: skip

session = botocore.session.get_session()


def blocks(page: str) -> list[str]:
    return re.findall(r"^ *```sh\n(.*?)^ *```", (ROOT / page).read_text(), re.DOTALL | re.MULTILINE)


def documented() -> list[tuple[str, Words]]:
    found = [(page, words) for page in PAGES for block in blocks(page) for words in commands(block)]
    return list({(page, *words): (page, words) for page, words in found}.values())


DOCUMENTED = documented()


def options(words: Words) -> dict[str, list[str]]:
    """The options of a command, each with its values."""
    found: dict[str, list[str]] = {}
    name = ""
    for word in words:
        if word.startswith("--"):
            name = word[2:]
            found[name] = []
        elif name:
            found[name].append(word)
    return found


def check_aws(words: Words) -> None:
    service, operation = words[1:3]
    given = options(words[3:]).keys() - OF_EVERY_COMMAND
    if (service, operation) in CUSTOM:
        assert given <= CUSTOM[service, operation]
        return
    model = session.get_service_model(RENAMED.get(service, service))
    names = {xform_name(name, "-"): name for name in model.operation_names}
    assert operation in names, f"{service} has no operation {operation}"
    shape = model.operation_model(names[operation]).input_shape
    members = {xform_name(name, "-"): name for name in shape.members} if shape else {}
    members |= {
        f"no-{name}": member for name, member in members.items() if shape.members[member].type_name == "boolean"
    }
    assert given <= members.keys()
    required = {xform_name(name, "-") for name in (shape.required_members if shape else [])}
    assert required <= given, f"{service} {operation} needs {required - given}"
    for name, values in options(words[3:]).items():
        member = shape.members[members[name]] if name in members else None
        several = member is not None and member.type_name == "list"
        allowed = getattr(member.member if several else member, "enum", None)
        assert not allowed or {*(values if several else values[:1])} <= {*allowed, SUBSTITUTED}, (
            f"{name} takes {allowed}"
        )


def check_electrocloud(words: Words) -> None:
    command, context = typer.main.get_command(app), None
    rest = words[1:]
    while rest and (inner := getattr(command, "commands", {}).get(rest[0])):
        context = type(command).context_class(command, parent=context, info_name=command.name)
        command, rest = inner, rest[1:]
    parser = command.make_parser(type(command).context_class(command, parent=context, info_name=command.name))
    given, _, _ = parser.parse_args(list(rest))
    if command.name == "query" and rest and not rest[0].startswith("-"):
        question = questions()[rest[0]]
        names = {parameter.name for parameter in question.parameters}
        assert {one.partition("=")[0] for one in given.get("param", [])} <= names


def check_make(words: Words) -> None:
    targets = [word for word in words[1:] if "=" not in word]
    variables = dict(word.split("=", 1) for word in words[1:] if "=" in word)
    for target in targets:
        assert re.search(rf"^{target}:.*## ", MAKEFILE, re.MULTILINE), f"make has no target {target}"
    for variable in variables:
        assert re.search(rf"\$\({variable}\)|\$\$?\{{{variable}", MAKEFILE), f"make reads no {variable}"
    template = HOSTING if "deploy-dashboard" in targets else TEMPLATE
    for pair in variables.get("SET", "").split():
        name, value = pair.split("=", 1)
        parameter = template["Parameters"][name]
        assert name not in BY_RELEASE
        assert value in map(str, parameter.get("AllowedValues", [value]))
        if parameter["Type"] == "Number":
            assert parameter.get("MinValue", 0) <= int(value) <= parameter.get("MaxValue", int(value))


def check_out(words: Words) -> None:
    assert words[1] in TEMPLATE["Outputs"]


def check_id(words: Words) -> None:
    assert words[1] in RESOURCES


def check_logs(words: Words) -> None:
    names = [one["Properties"]["LogGroupName"] for one in RESOURCES.values() if one["Type"] == "AWS::Logs::LogGroup"]
    assert {"Fn::Sub": f"/electrocloud/${{AWS::StackName}}/{words[1]}"} in names


RESOURCES = expanded(load(), {}, REGION)["Resources"]
CHECKS: dict[str, Callable[[Words], None]] = {
    "aws": check_aws,
    "electrocloud": check_electrocloud,
    "make": check_make,
    "out": check_out,
    "id": check_id,
    "key": lambda words: None,
    "logs": check_logs,
}


@pytest.mark.parametrize(
    ("page", "words"), DOCUMENTED, ids=[f"{page}: {' '.join(words)[:70]}" for page, words in DOCUMENTED]
)
def test_a_documented_command_is_one_that_its_program_takes(page: str, words: Words):
    program = words[0].rpartition("/")[2]
    if program in CHECKS:
        CHECKS[program](words)
    else:
        assert program in TOOLS | {"python", "streamlit"}, f"nobody checks {program}"


def test_the_runbook_redrives_with_the_command_and_never_deploys_a_checkout_for_a_parameter():
    used = {(words[0], words[1]) for page, words in DOCUMENTED if page == "docs/runbook.md" and len(words) > 1}
    assert {("electrocloud", "redrive"), ("electrocloud", "replay"), ("make", "scale")} <= used
    assert "sam" not in {words[0] for _, words in DOCUMENTED}


@pytest.mark.parametrize(
    "line",
    [
        "aws lambda no-such-operation",
        "aws lambda invoke --no-such-option x --function-name f",
        "aws lambda update-alias --name live",
        "aws deploy list-deployments --include-only-statuses Bad",
        "electrocloud redrive --no-such-option",
        "electrocloud query no_such_question",
        "make no-such-target",
        'make scale SET="NoSuchParameter=1"',
        'make scale SET="ParallelizationFactor=11"',
        "out NoSuchOutput",
        "id NoSuchResource",
        "logs no-such-group",
    ],
)
def test_a_wrong_command_is_found(line: str):
    (words,) = commands(line)
    with pytest.raises(Exception):  # noqa: B017, PT011  each check has its own
        CHECKS[words[0]](words)


def test_commands_are_found_in_pipes_quotes_substitutions_and_functions():
    script = """f() { aws s3 ls "s3://$(out Bucket)/x y" | awk '{print $4}'; }   # a comment
    A=1 make run RUN="--a b" > file
    """
    assert list(commands(script)) == [
        ["aws", "s3", "ls", f"s3://{SUBSTITUTED}/x y"],
        ["awk", "{print $4}"],
        ["make", "run", "RUN=--a b"],
        ["out", "Bucket"],
    ]
