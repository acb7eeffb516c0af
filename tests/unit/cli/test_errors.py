"""What the command says when something goes wrong: one sentence, an exit status, and no traceback."""

import errno

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError
from typer.testing import CliRunner

from cli import main
from electrocloud.domain.errors import SettingsError

REFUSED = ClientError({"Error": {"Code": "AccessDenied", "Message": "you may not"}}, "PutItem")
FAULTS = [
    (SettingsError("set the region"), "set the region", 1),
    (EndpointConnectionError(endpoint_url="http://127.0.0.1:1"), "Could not connect", 1),
    (NoCredentialsError(), "there are no AWS credentials", 1),
    (REFUSED, "AWS refused PutItem: you may not", 1),
    (
        PermissionError(errno.EACCES, "Permission denied", "/root/.electrocloud"),
        "/root/.electrocloud: Permission denied",
        1,
    ),
    (OSError(errno.ENOSPC, "No space left on device"), "No space left on device", 1),
    (KeyError("x"), "unexpected KeyError: 'x'", 1),
    (KeyboardInterrupt(), "", 130),
]


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch):
    import cli.up

    def fail_with(error: BaseException) -> None:
        def down() -> None:
            raise error

        monkeypatch.setattr(cli.up, "down", down)

    return fail_with


@pytest.mark.parametrize(("error", "sentence", "status"), FAULTS, ids=lambda value: type(value).__name__)
def test_an_error_is_one_sentence_and_an_exit_status(failing, error: BaseException, sentence: str, status: int) -> None:
    failing(error)
    result = CliRunner().invoke(main.app, ["down"])
    assert result.exit_code == status
    assert sentence in result.output
    assert "Traceback" not in result.output
    assert len(result.output.splitlines()) <= 1


def test_debug_shows_where_the_error_was_raised(failing) -> None:
    failing(KeyError("x"))
    result = CliRunner().invoke(main.app, ["--debug", "down"])
    assert isinstance(result.exception, KeyError)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--interval", "7"], "an interval is one of 60, 300, 600, 900, 1800, 3600 s"),
        (["--port", "80000"], "--port"),
        (["--meters", "-1"], "--meters"),
    ],
)
def test_options_that_cannot_work_are_refused_before_anything_starts(options: list[str], sentence: str) -> None:
    result = CliRunner().invoke(main.app, ["up", *options])
    assert result.exit_code in (1, 2)
    assert sentence in result.output
    assert "Starting" not in result.output


def test_a_port_in_use_is_refused_before_anything_starts() -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        result = CliRunner().invoke(main.app, ["up", "--port", str(taken.getsockname()[1])])
    assert result.exit_code == 1
    assert "Address already in use" in result.output
