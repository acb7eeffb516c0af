"""The laptop's cloud: MiniStack on loopback, and template.yaml deployed to it by the SAM CLI as to an account."""

import json
import os
import secrets
import shutil
import socket
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import msgspec
from botocore.configloader import raw_config_parse

from analytics.template import ROOT
from electrocloud.aws.stack import STATE, Stack, outputs_of, stack_of
from electrocloud.domain.errors import SettingsError
from laptop.processes import Child, ProcessGroup

REGION = "eu-central-1"
STACK = "electrocloud"
HOST = "127.0.0.1"
BUILD = STATE / "build"
MAIL = "mail"  # the folder in the state's folder where the mails are that the cloud was given to send
DATA = "data"  # the folder in the state's folder where the data of a cloud outlive it
WHEELS = ROOT / ".venv" / "wheels"
GUARDED_CLOUD = "laptop.guarded_cloud"
INIT_FAILED = "Worker init failed"  # how MiniStack says that it could not import a function
PARAMETERS = {
    "Stage": "laptop",
    "StreamMode": "PROVISIONED",
    "ShardCount": "2",
    "BatchRecords": "40",
    "ManagedDelivery": "false",
}


def free_port() -> int:
    """A TCP port on loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


class LocalCloud(NamedTuple):
    """A running MiniStack: its URL, and the file with its keys, in the AWS CLI's format."""

    endpoint: str
    credentials: Path


def environment(cloud: LocalCloud | None = None) -> dict[str, str]:
    """What a child process needs to work with the laptop's cloud, and with nothing of an account by mistake."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_") or "CA_BUNDLE" in name}
    kept |= {"SAM_CLI_TELEMETRY": "0", "PYTHONUNBUFFERED": "1", "AWS_DEFAULT_REGION": REGION}
    if cloud is None:
        return kept
    keys = raw_config_parse(str(cloud.credentials))["default"]
    return kept | {"AWS_ENDPOINT_URL": cloud.endpoint} | {name.upper(): value for name, value in keys.items()}


def wait_for(ready: Callable[[], bool], what: str, children: ProcessGroup, limit_s: float = 60) -> None:
    """Until it is ready; `SettingsError` with the log's end if a process ends before, or after `limit_s`."""
    deadline = time.monotonic() + limit_s
    while not ready():
        if name := children.ended():
            raise SettingsError(f"{what} did not start: {name} ended.\n{children.last_lines(name)}")
        if time.monotonic() > deadline:
            raise SettingsError(f"{what} did not start within {limit_s:.0f} s; see {children.logs}")
        time.sleep(0.1)


def answers(url: str) -> bool:
    """Whether somebody answers there, whatever the status."""
    try:
        with urllib.request.urlopen(url, timeout=2):  # noqa: S310  always http on loopback
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False


def start_cloud(children: ProcessGroup, port: int, state: Path = STATE, *, keep_data: bool = False) -> LocalCloud:
    """Start MiniStack on the port; it answers soon (`wait_until_up`).

    With `keep_data` it starts with the data that it had when it last ended, unless it was killed.

    Its keys are new with each start. They, the data and the temporary files are in the folder `state`, which only this
    user may enter.
    """
    python = ROOT / ".venv-cloud" / "bin" / "python"
    if not python.exists():
        raise SettingsError(f"{python.relative_to(ROOT)} is missing; run `make setup`")
    state = state.resolve()
    private_folder(state)
    cloud = LocalCloud(f"http://{HOST}:{port}", new_keys(state / "credentials"))
    temporary = state / "tmp"
    shutil.rmtree(temporary, ignore_errors=True)
    private_folder(temporary)
    settings = {
        "AUTH": "true",
        "GATEWAY_PORT": str(port),
        "BIND_HOST": HOST,
        "MINISTACK_HOST": HOST,
        "MINISTACK_REGION": REGION,
        "LOG_LEVEL": "WARNING",
        "TMPDIR": str(temporary),
        "MAIL_FOLDER": str(state / MAIL),
        "IOT_MTLS_ENABLED": "0",  # it would listen on a port of its own
        "SFTP_ENABLED": "0",
        "MALLOC_ARENA_MAX": "2",  # or glibc keeps free memory in an arena for each thread
    }
    if keep_data:
        private_folder(state / DATA)
        services, objects = str(state / DATA / "services"), str(state / DATA / "s3")
        settings |= {"PERSIST_STATE": "1", "STATE_DIR": services, "S3_PERSIST": "1", "S3_DATA_DIR": objects}
    children.start("cloud", [str(python), "-m", GUARDED_CLOUD], environment(cloud) | settings)
    return cloud


def private_folder(path: Path) -> None:
    """Create a folder that only this user may enter, or close it to others."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.chmod(0o700)


def new_keys(file: Path) -> Path:
    """Write random keys to a file in the AWS CLI's format that only this user can read; returns the file."""
    file.unlink(missing_ok=True)
    key, secret = f"AKIA{secrets.token_hex(8).upper()}", secrets.token_urlsafe(30)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.write(f"[default]\naws_access_key_id = {key}\naws_secret_access_key = {secret}\n")
    return file


def wait_until_up(cloud: LocalCloud, children: ProcessGroup) -> None:
    """Until MiniStack answers."""
    wait_for(lambda: answers(f"{cloud.endpoint}/_ministack/health"), "the laptop's cloud", children)


def start_build(children: ProcessGroup, template: Path = ROOT / "template.yaml") -> Child:
    """Start `sam build` without Docker and without the layers that only an account creates; `finish` waits for its end.

    What has not changed since the last build is kept.
    """
    if not WHEELS.exists():
        raise SettingsError("the packages of the functions' layer are missing; run `make setup`")
    # The laptop's cloud runs the functions with the Python of its environment, which is this one. A cache knows nothing
    # of it, so each Python has its own.
    cache = BUILD.resolve().with_name(f"cache-{sys.implementation.cache_tag}")
    arguments = (
        "--exclude", "ForecastLayer", "--exclude", "LakeLayer", "--cached", "--parallel",
        "--template-file", str(template), "--build-dir", str(BUILD.resolve()), "--cache-dir", str(cache),
    )  # fmt: skip
    wheels = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(WHEELS)}  # which `make setup` has fetched
    env = environment() | wheels | {"PYTHON": sys.executable, "TARGET": ""}
    return children.start("build", _sam("build", *arguments), env, once=True)


def build(children: ProcessGroup, template: Path = ROOT / "template.yaml") -> None:
    """`start_build`, and wait for its end."""
    children.finish(start_build(children, template))


def deploy(
    children: ProcessGroup, cloud: LocalCloud, parameters: Mapping[str, str] = PARAMETERS, stack: str = STACK
) -> dict[str, str]:
    """`sam deploy` what was built; returns the stack's outputs."""
    overrides = [f"{name}={value}" for name, value in parameters.items()]
    arguments = (
        "--template-file", str(BUILD.resolve() / "template.yaml"),
        "--stack-name", stack, "--resolve-s3", "--no-confirm-changeset", "--no-fail-on-empty-changeset",
        "--capabilities", "CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND", "--parameter-overrides", *overrides,
    )  # fmt: skip
    children.run("deploy", _sam("deploy", *arguments), environment(cloud) | {"SAM_CLI_POLL_DELAY": "1"})
    return outputs_of(stack, REGION, cloud.endpoint, str(cloud.credentials))


def laptop_stack(outputs: Mapping[str, str], cloud: LocalCloud, api: str) -> Stack:
    """The stack on the laptop's cloud, with its gateway at `api`."""
    place = {"endpoint": cloud.endpoint, "credentials": str(cloud.credentials), "api": api}
    return msgspec.structs.replace(stack_of(outputs, REGION), **place)


def check_functions(stack: Stack) -> None:
    """Start every function once; `SettingsError` says which of them cannot be imported, and why.

    Without this nobody would learn it: the stream's uploads would wait, and every count would stay at zero.
    """
    if errors := import_errors(stack):
        raise SettingsError("\n".join(["functions cannot be imported; run `make setup`, then try again:", *errors]))


def import_errors(stack: Stack) -> list[str]:
    """The functions that cannot be imported, each with the reason; calls every function with an empty batch."""
    client = stack.client("lambda")

    def error(name: str) -> str:
        answer = client.invoke(FunctionName=name, Payload=b'{"Records": [], "records": []}')
        message = str(json.loads(answer["Payload"].read()).get("errorMessage", "")) if "FunctionError" in answer else ""
        return f"{name}: {message}" if message.startswith(INIT_FAILED) else ""

    pages = client.get_paginator("list_functions").paginate()
    names = [function["FunctionName"] for page in pages for function in page["Functions"]]
    with ThreadPoolExecutor() as pool:
        return [*filter(None, pool.map(error, names))]


def has_incomplete_data() -> bool:
    """Whether there are data of a cloud that was killed before it had written all of them."""
    return (STATE / DATA / "s3").exists() and not (STATE / DATA / "complete").exists()


def check_port(port: int) -> None:
    """`SettingsError` if nothing can listen on the port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise SettingsError(f"--port {port}: {error.strerror}; choose another, or 0 for any free port") from None


def _sam(*arguments: str) -> list[str]:
    folder = ROOT / ".venv-sam" / "bin"
    return [str(folder / "python"), str(folder / "sam"), *arguments]
