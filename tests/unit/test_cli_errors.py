"""Each error of AWS or the network is one sentence on standard error, with the exit status 7."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore import exceptions
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from cli import deployment, entry, errors
from cli.errors import CommandError
from cli.exit_status import ExitStatus, of_outcome
from job_watcher.catalogue import FINAL_OUTCOMES
from tests.unit.command_line import exit_status

ROOT = Path(__file__).parents[2]
ROLE = "role_arn = arn:aws:iam::111122223333:role/r"
STATUS_OF = {"succeeded": 0, "partial": 3, "failed": 4, "stopped": 5, "lost": 6, "aborted": 7, "timed out": 7}


def test_every_outcome_has_its_exit_status() -> None:
    assert {outcome: of_outcome(outcome) for outcome in STATUS_OF} == STATUS_OF
    assert {*FINAL_OUTCOMES, "lost"} <= set(STATUS_OF)


@pytest.mark.parametrize(
    ("code", "message", "sentence"),
    [
        ("ExpiredToken", "The security token included in the request is expired", errors.EXPIRED),
        ("ExpiredTokenException", "Expired.", errors.EXPIRED),
        (
            "InvalidClientTokenId",
            "The security token included in the request is invalid.",
            "AWS rejected the credentials: The security token included in the request is invalid. "
            "Check the profile and its keys.",
        ),
        (
            "AccessDenied",
            "User: arn:aws:iam::111122223333:user/me is not authorized to perform: cloudformation:DescribeStacks",
            "AWS denied DescribeStacks: User: arn:aws:iam::111122223333:user/me is not authorized to perform: "
            "cloudformation:DescribeStacks.",
        ),
        ("Throttling", "Rate exceeded", "AWS throttled DescribeStacks: Rate exceeded. Try again in a minute."),
        ("ExecutionNotRedrivable", "It is running", "DescribeStacks failed: It is running."),
        ("ServiceUnavailable", "", "DescribeStacks failed: ServiceUnavailable. Try again in a minute."),
        (
            "ValidationError",
            "Stack with id Nowhere does not exist",
            "Stack with id Nowhere does not exist in this account and Region. --stack names another one.",
        ),
        ("ValidationError", "1 validation error\ndetected", "DescribeStacks failed: 1 validation error detected."),
        ("InternalFailure", None, "DescribeStacks failed: InternalFailure. Try again in a minute."),
    ],
)
def test_an_error_of_aws_is_one_sentence(code: str, message: str | None, sentence: str) -> None:
    answer: Any = {"Error": {"Code": code, "Message": message}}  # an empty element is None
    error = ClientError(answer, "DescribeStacks")
    assert errors.sentence(error) == sentence


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        ([], "No stack in this account in eu-west-1 has an output WatchArn"),
        (["Second", "First"], "Several stacks are deployments of Job Watcher: First, Second. Choose one with --stack"),
    ],
)
def test_without_exactly_one_deployment_the_stacks_are_listed(names: list[str], sentence: str) -> None:
    with pytest.raises(CommandError, match=sentence):
        find(*names)


def test_the_only_deployment_is_found() -> None:
    assert find("Mine") == ("Mine", {"WatchArn": "arn:Mine"})


def find(*names: str) -> deployment.Deployment:
    """Find the deployment if CloudFormation has these deployments, and a stack of another app on the first page."""
    cloudformation = botocore.session.get_session().create_client("cloudformation", "eu-west-1")
    state = {"CreationTime": 0, "StackStatus": "CREATE_COMPLETE"}
    outputs = {name: [{"OutputKey": "WatchArn", "OutputValue": f"arn:{name}"}] for name in names}
    deployments = [{"StackName": name, "Outputs": outputs[name], **state} for name in names]
    with Stubber(cloudformation) as stub:
        stub.add_response("describe_stacks", {"Stacks": [{"StackName": "Other", **state}], "NextToken": "2"}, {})
        stub.add_response("describe_stacks", {"Stacks": deployments}, {"NextToken": "2"})
        return deployment.find(cloudformation)


def test_an_endpoint_that_rejects_the_connection_is_one_sentence() -> None:
    run = watch_py("list", AWS_ENDPOINT_URL="http://127.0.0.1:1")
    assert (run.returncode, run.stdout) == (ExitStatus.UNDETERMINED, "")
    assert run.stderr.startswith("watch.py: AWS can't be reached: Could not connect to the endpoint URL")
    assert len(run.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("profile", "sentence"),
    [
        ("endpoint_url = nowhere", "The AWS configuration is invalid. Invalid endpoint: nowhere"),
        ("credential_process = echo secret", "The AWS configuration is invalid. Expecting value: line 1 column 1"),
        ("credential_process = /no/program", "/no/program can't be used: No such file or directory."),
        (f"{ROLE}\nweb_identity_token_file = /no/token", "/no/token can't be used: No such file or directory."),
    ],
)
def test_a_profile_that_cannot_be_used_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    profile: str,
    sentence: str,
) -> None:
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    (tmp_path / "config").write_text(f"[profile mine]\n{profile}\n")
    assert exit_status(monkeypatch, ["list", "--profile", "mine"]) == ExitStatus.UNDETERMINED
    shown = capsys.readouterr()
    assert shown.err.startswith(f"job-watcher: {sentence}") and len(shown.err.splitlines()) == 1
    assert shown.out == ""


def test_an_mfa_code_that_nobody_can_enter_is_one_sentence(tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.write_text(f"[default]\n{ROLE}\ncredential_source = Environment\nmfa_serial = device\n")
    run = watch_py("list", "--profile", "default", AWS_CONFIG_FILE=str(config))
    assert (run.returncode, run.stdout) == (ExitStatus.UNDETERMINED, "")
    sentence = "The input ended before a question was answered, such as that for an MFA code."
    assert run.stderr.endswith(f"watch.py: {sentence}\n") and "Traceback" not in run.stderr


def test_ctrl_c_while_the_commands_are_imported_ends_the_program_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Interrupted:
        def find_spec(self, name: str, *_: object) -> None:
            if name == "cli.main":
                raise KeyboardInterrupt

    monkeypatch.delitem(sys.modules, "cli.main", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Interrupted(), *sys.meta_path])
    with pytest.raises(SystemExit) as exit_:
        entry.main()
    assert exit_.value.code == ExitStatus.INTERRUPTED


def test_if_nobody_reads_the_errors_either_the_exit_status_remains() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, str(ROOT / "watch.py"), "explain", "--error", "Throttling"]
    with os.fdopen(writer, "wb") as closed:
        assert subprocess.run(command, stdout=closed, stderr=closed, check=False).returncode == 7


def watch_py(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "watch.py"), *arguments]
    # Without input and without a controlling terminal.
    options: Any = {"stdin": subprocess.DEVNULL, "start_new_session": True}
    environment = {**os.environ, **environment}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, **options)


@pytest.mark.parametrize(
    ("error", "temporary"),
    [
        (exceptions.EndpointConnectionError(endpoint_url="https://here"), True),
        (exceptions.ReadTimeoutError(endpoint_url="https://here"), True),
        (exceptions.NoCredentialsError(), False),
        (ClientError({"Error": {"Code": "ThrottlingException"}}, "GetExecutionHistory"), True),
        (ClientError({"Error": {"Code": "InternalFailure"}}, "GetExecutionHistory"), True),
        (ClientError({"Error": {"Code": "ExpiredTokenException"}}, "GetExecutionHistory"), False),
        (ClientError({"Error": {"Code": "AccessDeniedException"}}, "GetExecutionHistory"), False),
    ],
)
def test_only_errors_that_a_repetition_can_solve_are_temporary(error: Exception, temporary: bool) -> None:
    assert errors.is_temporary(error) is temporary
