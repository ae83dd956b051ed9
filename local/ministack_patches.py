"""Run MiniStack with patches where it behaves differently from AWS. It ends when its standard input is closed.

Each patch's docstring describes what AWS does, with a link, and what MiniStack does instead. The patches replace
private functions, so they are valid for one version of MiniStack only.
"""

import gc
import json
import os
import random
import sys
import threading
from importlib.metadata import version
from typing import Any

import ministack.app
from ministack.core.concurrency import esm_wake
from ministack.services import eventbridge, lambda_svc, ses, sns, sqs, stepfunctions

from local import execution_times, heartbeats, jsonata_cache, message_delays, ministack_lambda

VERSION = "1.5.33"


def apply_patches() -> None:
    """Apply all patches. Raise RuntimeError if another version of MiniStack is installed."""
    if version("ministack") != VERSION:
        raise RuntimeError(f"MiniStack is {version('ministack')}; the patches in {__file__} are for {VERSION}")
    stepfunctions._invoke_nested_start_execution = _start_execution_errors(stepfunctions._invoke_nested_start_execution)
    stepfunctions._nested_execution_failure = _nested_execution_failure(stepfunctions._nested_execution_failure)
    stepfunctions._find_matching_retrier = _retry_delays(stepfunctions._find_matching_retrier)
    stepfunctions._call_lambda = _lambda_errors(stepfunctions._call_lambda)
    execution_times.apply(stepfunctions)
    heartbeats.apply(stepfunctions)
    jsonata_cache.apply(stepfunctions.jsonata.Jsonata)
    message_delays.apply(sqs, stepfunctions, esm_wake)
    sns._parse_message_attributes = _message_attributes(sns._parse_message_attributes)
    sns._fanout = _email_subscriptions(sns._fanout)
    eventbridge._put_events = _service_events(eventbridge._put_events)
    eventbridge._dispatch_to_lambda = _asynchronous_invocation
    ministack_lambda.apply_patches()


def _start_execution_errors(original: Any) -> Any:
    """Name errors of a `states:startExecution` task as AWS does, such as StepFunctions.ExecutionAlreadyExistsException.

    AWS adds the prefix `StepFunctions.` and the suffix `Exception` to the API's error code:
    https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html
    MiniStack uses the code itself, such as ExecutionAlreadyExists.
    """

    def start_execution(resource: str, arguments: Any) -> Any:
        try:
            return original(resource, arguments)
        except stepfunctions._ExecutionError as error:
            raise stepfunctions._ExecutionError(f"StepFunctions.{error.error}Exception", error.cause) from error

    return start_execution


def _nested_execution_failure(original: Any) -> Any:
    """Fail a `startExecution.sync:2` task whose execution failed as AWS does.

    On AWS, the error is States.TaskFailed, and the cause is the response of DescribeExecution:
    https://docs.aws.amazon.com/step-functions/latest/dg/connect-stepfunctions.html
    In MiniStack, they are the error and the cause of the nested execution.
    """

    def failure(execution: dict[str, Any]) -> tuple[str, str]:
        error, cause = original(execution)
        description = {name[0].upper() + name[1:]: value for name, value in execution.items()}
        return "States.TaskFailed", json.dumps({**description, "Error": error, "Cause": cause})

    return failure


def _retry_delays(original: Any) -> Any:
    """Wait before a retry as long as AWS does.

    AWS limits the delay to MaxDelaySeconds and applies the JitterStrategy:
    https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
    MiniStack ignores both and limits the delay to 60 seconds. So this patch waits itself, and then returns a retrier
    without a delay to MiniStack.
    """

    def find_retrier(retriers: Any, error: str, counts: dict[int, int]) -> tuple[Any, int]:
        retrier, number = original(retriers, error, counts)
        if retrier is None:
            return retrier, number
        delay = retrier.get("IntervalSeconds", 1) * retrier.get("BackoffRate", 2) ** counts.get(number, 0)
        delay = min(delay, retrier.get("MaxDelaySeconds", delay))
        stepfunctions._scaled_sleep(delay * random.random() if retrier.get("JitterStrategy") == "FULL" else delay)
        return {**retrier, "IntervalSeconds": 0}, number

    return find_retrier


def _lambda_errors(original: Any) -> Any:
    """Name the errors of a Lambda invocation as AWS does, such as Lambda.TooManyRequestsException if it is throttled.

    https://docs.aws.amazon.com/step-functions/latest/dg/sfn-best-practices.html#bp-lambda-serviceexception
    In MiniStack, the error is Lambda.Unknown.
    """

    def invoke(function: str, payload: Any) -> Any:
        try:
            return original(function, payload)
        except stepfunctions._ExecutionError as error:
            if error.error != "Lambda.Unknown" or not error.cause.startswith('{"__type"'):
                raise
            raise stepfunctions._ExecutionError(f"Lambda.{json.loads(error.cause)['__type']}", error.cause) from error

    return invoke


def _message_attributes(original: Any) -> Any:
    """Keep the MessageAttributes of an `sns:publish` task, as AWS does.

    https://docs.aws.amazon.com/step-functions/latest/dg/connect-sns.html
    MiniStack reads only those of requests in the AWS query protocol.
    """
    return lambda params: params.get("MessageAttributes") or original(params)


def _email_subscriptions(original: Any) -> Any:
    """Send an email to each email subscription of a topic whose filter policy matches, as AWS does.

    https://docs.aws.amazon.com/sns/latest/dg/sns-email-notifications.html
    MiniStack sends none. The patch adds them to the list of the emails that MiniStack's SES has sent.
    """

    def fanout(
        topic: str, id: str, message: str, subject: str, structure: str = "", attributes: Any = None, **rest: Any
    ) -> None:
        original(topic, id, message, subject, structure, attributes, **rest)
        for subscription in sns._topic_by_arn_any_scope(topic)["subscriptions"]:
            matches = sns._matches_filter_policy(subscription, attributes or {}, message)
            if subscription["protocol"] == "email" and matches:
                ses._sent_emails_list().append(_email(topic, id, subscription["endpoint"], subject, message))

    return fanout


def _email(topic: str, id: str, address: str, subject: str, body: str) -> dict[str, Any]:
    return {
        "MessageId": id,
        "Source": topic,
        "To": [address],
        "Subject": subject,
        "BodyText": body,
        "Timestamp": ses.time.time(),
        "Type": "SNS",
    }


def _service_events(original: Any) -> Any:
    """Accept events whose source begins with `aws.`, which the Voice ID emulator and tests put in place of services.

    As AWS does, MiniStack rejects such entries of customers:
    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-events-structure.html
    """

    def put_events(data: Any, allow_aws_source: bool = False) -> Any:
        from_services = all(str(entry.get("Source")).startswith("aws.") for entry in data.get("Entries", []))
        return original(data, allow_aws_source or from_services)

    return put_events


def _asynchronous_invocation(arn: str, payload: str) -> None:
    """Invoke a rule's Lambda target as AWS does: asynchronously, with retries and an on-failure destination.

    https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
    MiniStack invokes it once and ignores errors.
    """
    function, config, _ = lambda_svc._get_func_record_for_ref(arn)
    lambda_svc.invoke_async_with_retry({**function, "config": config}, json.loads(payload))


def _exit_with_standard_input() -> None:
    """Exit when standard input is closed, which also happens if the parent process is killed."""
    sys.stdin.buffer.read()
    os._exit(0)


if __name__ == "__main__":
    apply_patches()
    gc.freeze()
    gc.set_threshold(100_000)  # MiniStack's objects stay, so that searching them for garbage is in vain
    threading.Thread(target=_exit_with_standard_input, daemon=True).start()
    ministack.app.main()
