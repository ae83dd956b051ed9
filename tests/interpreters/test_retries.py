"""Retries and catches of the Watch state machine on moto's interpreter: the errors, the attempts and the delays."""

import json
import re
from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

import pytest
from moto.stepfunctions.parser.asl.component.state.exec.execute_state import ExecutionState

from job_watcher.detail import serialize

from .conftest import Deployment
from .moto_states import Function, FunctionError, failing, service_error
from .test_watch import END, INPUT

DAY = 24 * 3600
ENDED = serialize(
    {
        "outcome": "succeeded",
        "name": "the-job",
        "detail": {**INPUT, "outcome": "succeeded"},
        "subject": "Succeeded",
        "text": "The job succeeded.",
    }
)
BUG = FunctionError({"errorType": "KeyError", "errorMessage": "'JobStatus'"})


def outcomes(*results: Any, last: Any = ENDED) -> Function:
    """Return a function that gives these results, or raises these errors, and then always the last one."""
    remaining: Iterator[Any] = iter(results)

    def function(_: Any) -> Any:
        result = next(remaining, last)
        if isinstance(result, Exception):
            raise result
        return result

    return function


def backoff(first: float, rate: float, attempts: int, most: float = DAY) -> list[float]:
    """Return the delays that AWS documents for a retrier without jitter.

    https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html#error-handling-retrying-after-an-error
    """
    return [min(first * rate**attempt, most) for attempt in range(attempts)]


def lambda_error(name: str) -> Exception:
    """Return what makes Step Functions report this error: one of Invoke, or one that the function's result names."""
    service, _, code = name.partition(".")
    return service_error(code) if service == "Lambda" else FunctionError({"errorType": name, "errorMessage": "No."})


def test_each_error_of_lambda_itself_is_retried_with_the_same_input(
    deployment: Deployment, definitions: dict[str, str]
) -> None:
    names = json.loads(definitions["watch"])["States"]["Describe"]["Retry"][0]["ErrorEquals"]
    deployment.services.function = outcomes(*map(lambda_error, names))
    watch = deployment.run_watch(INPUT)
    assert deployment.entered(watch) == ["Describe", *END]
    failures = deployment.history(watch, "TaskFailed")
    assert [failure["taskFailedEventDetails"]["error"] for failure in failures] == names
    assert deployment.clock.delays == backoff(2, 2, len(names), most=900)
    assert all(payload == deployment.services.payloads[0] for payload in deployment.services.payloads)


def test_an_outage_of_lambda_is_retried_for_a_day_and_then_reported(deployment: Deployment) -> None:
    deployment.services.function = outcomes(last=service_error("ServiceException", "Lambda is down."))
    watch = deployment.run_watch(INPUT)
    assert deployment.clock.delays == backoff(2, 2, 105, most=900)
    assert len(deployment.services.payloads) == 106
    assert DAY < deployment.clock.now < 1.1 * DAY
    assert deployment.entered(watch) == ["Describe", "Notify", "ShouldFail?", "Failed"]
    (event,) = deployment.received("bus")
    assert event["detail-type"] == "Watch Lost"
    assert event["detail"]["error"] == "Lambda.ServiceException"
    assert event["detail"]["reason"] == watch["cause"]
    assert watch["cause"].startswith("Lambda is down. (Service: AWSLambda; ")


def test_a_bug_in_the_function_is_retried_three_times_and_then_reported(deployment: Deployment) -> None:
    waiting = {"polls": 7, "waited": 900, "outcome": "running", "wait": 30, "delay": 30, "heartbeat": 540}
    deployment.services.poll_queue.function = None
    deployment.services.function = outcomes(waiting, last=BUG)
    watch = deployment.run_watch(INPUT)
    assert deployment.clock.delays == [5, 30, 180]
    assert len(deployment.services.payloads) == 1 + 4
    assert (watch["status"], watch["error"], watch["cause"]) == (
        "FAILED",
        "WatchLost",
        json.dumps(BUG.payload, separators=(",", ":")),
    )
    (event,), (program,), (person,) = map(deployment.received, ("bus", "programs", "people"))
    assert (
        event["detail"]
        == json.loads(program["Message"])
        == {
            **INPUT,
            "outcome": "lost",
            "summary": f"Job Watcher failed and stopped watching a job: {watch['cause']}",
            "error": "KeyError",
            "reason": watch["cause"],
            "account": "123456789012",
            "region": "eu-west-1",
            "watch": watch["executionArn"],
            "polls": 7,
        }
    )
    assert person["Subject"] == "Lost: Job Watcher failed"
    assert f"KeyError: {watch['cause']}" in person["Message"] and watch["executionArn"] in person["Message"]
    assert [notification["name"] for notification in deployment.notifications()] == [f"lost-{watch['name']}"]


def test_a_watch_whose_function_was_deleted_is_reported_as_lost(deployment: Deployment) -> None:
    deployment.services.function = outcomes(last=service_error("ResourceNotFoundException", "Function not found."))
    watch = deployment.run_watch(INPUT)
    (event,) = deployment.received("bus")
    assert (watch["error"], deployment.clock.delays) == ("WatchLost", [5, 30, 180])
    assert (event["detail-type"], event["detail"]["error"]) == ("Watch Lost", "Lambda.ResourceNotFoundException")
    assert event["detail"]["reason"].startswith("Function not found. ")
    assert len(deployment.received("people")) == len(deployment.received("programs")) == 1


def test_a_function_that_recovers_after_a_bug_goes_on(deployment: Deployment) -> None:
    deployment.services.function = outcomes(BUG, BUG, BUG)
    watch = deployment.run_watch(INPUT)
    assert (watch["status"], deployment.clock.delays) == ("SUCCEEDED", [5, 30, 180])


def test_errors_of_lambda_and_of_the_function_are_counted_separately(deployment: Deployment) -> None:
    throttled = service_error("TooManyRequestsException")
    deployment.services.function = outcomes(throttled, BUG, throttled, BUG, throttled, BUG)
    watch = deployment.run_watch(INPUT)
    assert (watch["status"], deployment.clock.delays) == ("SUCCEEDED", [2, 5, 4, 30, 8, 180])


@pytest.mark.parametrize(
    "cause", [{"Cause": None}, {}, {"Cause": ""}, {"Cause": 'It\'s "{% $x %}", 音声 😀\nhttps://x' * 500}], ids=str
)
def test_an_error_is_reported_whatever_its_cause(deployment: Deployment, cause: dict[str, Any]) -> None:
    """An error output must have an error, but it may have no cause: https://states-language.net/spec.html#errors."""
    deployment.services.function = outcomes(last=BUG)
    error_output = staticmethod(lambda failure_event: {"Error": "States.Timeout", **cause})
    with patch.object(ExecutionState, "_construct_error_output_value", error_output):
        watch = deployment.run_watch(INPUT)
    text = (cause.get("Cause") or "")[:2000]
    assert (watch["status"], watch["error"], watch["cause"]) == ("FAILED", "WatchLost", text or "States.Timeout")
    (event,), (person,) = deployment.received("bus"), deployment.received("people")
    assert (event["detail"]["error"], event["detail"]["reason"]) == ("States.Timeout", watch["cause"])
    one_line = re.sub("[^ -~]+", "?", text.replace("://", "[:]//"))
    assert f"  States.Timeout{text and ': ' + one_line}\n\nWatch: " in person["Message"]


@pytest.mark.parametrize("given", [None, "text", [], {"kind": None, "request": None}, {"kind": 7, "request": ["x"]}])
def test_a_bug_is_reported_whatever_the_input(deployment: Deployment, given: Any) -> None:
    deployment.services.function = outcomes(last=BUG)
    watch = deployment.run_watch(given)
    (event,) = deployment.received("bus")
    assert (event["detail"]["kind"], event["detail"]["request"]) == (None, {})
    assert (watch["status"], watch["error"], event["detail"]["polls"]) == ("FAILED", "WatchLost", 0)


def test_the_start_of_a_notification_is_retried_with_full_jitter(deployment: Deployment) -> None:
    deployment.services.function = outcomes()
    deployment.services.faults.append(failing("StartExecution", "ThrottlingException", times=30, about=":Notify"))
    watch = deployment.run_watch(INPUT)
    most = backoff(2, 2, 30, most=900)
    assert (watch["status"], len(deployment.notifications())) == ("SUCCEEDED", 1)
    assert all(0 <= delay <= limit for delay, limit in zip(deployment.clock.delays, most, strict=True))
    assert len({*deployment.clock.delays}) > 20  # random


def test_a_notification_that_never_starts_fails_the_watch_after_a_hundred_retries(deployment: Deployment) -> None:
    deployment.services.function = outcomes()
    deployment.services.faults.append(failing("StartExecution", "ServiceUnavailable"))
    watch = deployment.run_watch(INPUT)
    assert len(deployment.clock.delays) == 100
    assert (watch["status"], watch["error"]) == ("FAILED", "StepFunctions.ServiceUnavailableException")
