"""Each error of AWS or the network is one sentence on standard error, with the exit status 7."""

import os
import subprocess
import sys
from pathlib import Path

import botocore.session
import pytest
from botocore import exceptions
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from cli import deployment, errors
from cli.errors import CommandError
from cli.exit_status import ExitStatus, of_outcome
from job_watcher.catalogue import FINAL_OUTCOMES

ROOT = Path(__file__).parents[2]
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
    ],
)
def test_an_error_of_aws_is_one_sentence(code: str, message: str, sentence: str) -> None:
    error = ClientError({"Error": {"Code": code, "Message": message}}, "DescribeStacks")
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


def watch_py(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "watch.py"), *arguments]
    return subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True, check=False)


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
