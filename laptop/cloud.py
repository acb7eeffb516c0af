"""The laptop's cloud: MiniStack on loopback, and template.yaml deployed to it by the SAM CLI as to an account."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from analytics.template import ROOT
from electrocloud.aws.stack import LAPTOP_KEY, STATE, Stack, outputs_of, stack_of
from electrocloud.domain.errors import SettingsError

REGION = "eu-central-1"
STACK = "electrocloud"
HOST = "127.0.0.1"
BUILD = STATE / "build"
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


def environment(endpoint: str | None = None) -> dict[str, str]:
    """What a child process needs to work with the laptop's cloud, and with nothing of an account by mistake."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_") or "CA_BUNDLE" in name}
    keys = {"AWS_ACCESS_KEY_ID": LAPTOP_KEY, "AWS_SECRET_ACCESS_KEY": LAPTOP_KEY, "AWS_DEFAULT_REGION": REGION}
    return kept | keys | {"SAM_CLI_TELEMETRY": "0"} | ({"AWS_ENDPOINT_URL": endpoint} if endpoint else {})


class ProcessGroup:
    """Processes that end together. Each writes to a log of its name; `stop` ends them, last started first."""

    def __init__(self, logs: Path) -> None:
        self.logs = logs
        self._running: list[tuple[str, subprocess.Popen[bytes]]] = []
        logs.mkdir(parents=True, exist_ok=True)

    def start(self, name: str, command: list[str], env: Mapping[str, str]) -> subprocess.Popen[bytes]:
        """Start a process that logs to a file of its name."""
        with (self.logs / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=dict(env),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._running.append((name, process))
        return process

    def ended(self) -> str | None:
        """The name of a process that ended by itself, which none should."""
        return next((name for name, process in self._running if process.poll() is not None), None)

    def last_lines(self, name: str, count: int = 15) -> str:
        """The end of a process's log."""
        return "\n".join((self.logs / f"{name}.log").read_text(errors="replace").splitlines()[-count:])

    def stop(self) -> None:
        """End the processes, the last one first."""
        for _, process in reversed(self._running):
            _end(process)
        self._running.clear()


def _end(process: subprocess.Popen[bytes], patience_s: float = 10) -> None:
    for last in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, last)
        except ProcessLookupError:
            return
        try:
            process.wait(patience_s)
        except subprocess.TimeoutExpired:
            continue


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


def start_cloud(children: ProcessGroup, port: int) -> str:
    """Start MiniStack on the port; returns its endpoint, which answers soon (`wait_for` it)."""
    server = ROOT / ".venv-cloud" / "bin" / "ministack"
    if not server.exists():
        raise SettingsError(f"{server.relative_to(ROOT)} is missing; run `make setup`")
    endpoint = f"http://{HOST}:{port}"
    names = {"GATEWAY_PORT": str(port), "BIND_HOST": HOST, "MINISTACK_HOST": HOST, "MINISTACK_REGION": REGION}
    children.start("cloud", [str(server)], environment() | names | {"LOG_LEVEL": "WARNING"})
    return endpoint


def build(template: Path = ROOT / "template.yaml") -> None:
    """`sam build` without Docker and without the layer that an account alone creates; what has not changed is kept."""
    # The laptop's cloud runs the functions with the Python of its environment, which is this one. A cache knows nothing
    # of it, so each Python has its own.
    cache = BUILD.resolve().with_name(f"cache-{sys.implementation.cache_tag}")
    _sam(
        "build", "--exclude", "ForecastLayer", "--cached", "--parallel", "--template-file", str(template),
        "--build-dir", str(BUILD.resolve()), "--cache-dir", str(cache),
        env=environment() | {"PYTHON": sys.executable, "TARGET": ""},
    )  # fmt: skip


def deploy(endpoint: str, parameters: Mapping[str, str] = PARAMETERS, stack: str = STACK) -> dict[str, str]:
    """`sam deploy` what was built; returns the stack's outputs."""
    overrides = [f"{name}={value}" for name, value in parameters.items()]
    _sam(
        "deploy", "--template-file", str(BUILD.resolve() / "template.yaml"),
        "--stack-name", stack, "--resolve-s3", "--no-confirm-changeset", "--no-fail-on-empty-changeset",
        "--capabilities", "CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND", "--parameter-overrides", *overrides,
        env=environment(endpoint) | {"SAM_CLI_POLL_DELAY": "1"},
    )  # fmt: skip
    return outputs_of(stack, REGION, endpoint)


def laptop_stack(outputs: Mapping[str, str], endpoint: str, api: str) -> Stack:
    """The stack on the laptop's cloud, with its gateway at `api`."""
    return stack_of(outputs, REGION, endpoint, api)


def check_functions(stack: Stack) -> None:
    """Start every function once; `SettingsError` says which of them cannot be imported, and why.

    Without this nobody would learn it: the stream's uploads would wait, and every count would stay at zero.
    """
    client = stack.client("lambda")

    def fault(name: str) -> str:
        answer = client.invoke(FunctionName=name, Payload=b'{"Records": [], "records": []}')
        message = str(json.loads(answer["Payload"].read()).get("errorMessage", "")) if "FunctionError" in answer else ""
        return f"{name}: {message}" if message.startswith(INIT_FAILED) else ""

    names = [function["FunctionName"] for function in client.list_functions()["Functions"]]
    with ThreadPoolExecutor() as pool:
        faults = [*filter(None, pool.map(fault, names))]
    if faults:
        raise SettingsError("\n".join(["functions cannot be imported; run `make setup`, then try again:", *faults]))


def _sam(*arguments: str, env: Mapping[str, str]) -> None:
    command = [str(ROOT / ".venv-sam" / "bin" / "sam"), *arguments]
    done = subprocess.run(command, cwd=ROOT, env=dict(env), capture_output=True, text=True, check=False)
    if done.returncode:
        raise SettingsError(f"`sam {arguments[0]}` failed:\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}")
