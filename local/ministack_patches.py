"""MiniStack with what it does unlike AWS repaired, as a process that ends when its standard input does.

Each repair says what AWS does. They are for one version: another must be read again before it is trusted.
"""

import json
import os
import random
import sys
import threading
from importlib.metadata import version
from typing import Any

import ministack.app
from ministack.services import eventbridge, lambda_svc, ses, sns, stepfunctions

READ = "1.5.33"


def repair() -> None:
    """Replace what differs; RuntimeError when this is not the MiniStack that was read."""
    if version("ministack") != READ:
        raise RuntimeError(f"MiniStack is {version('ministack')}; the repairs in {__file__} were written for {READ}")
    stepfunctions._invoke_nested_start_execution = _named_as_on_aws(stepfunctions._invoke_nested_start_execution)
    stepfunctions._nested_execution_failure = _as_a_description(stepfunctions._nested_execution_failure)
    stepfunctions._find_matching_retrier = _delayed_as_on_aws(stepfunctions._find_matching_retrier)
    stepfunctions._call_lambda = _with_lambdas_own_errors(stepfunctions._call_lambda)
    sns._parse_message_attributes = _also_from_step_functions(sns._parse_message_attributes)
    sns._fanout = _also_to_email(sns._fanout)
    eventbridge._put_events = _also_of_voice_id(eventbridge._put_events)
    eventbridge._dispatch_to_lambda = _asynchronously


def _named_as_on_aws(start: Any) -> Any:
    """AWS puts the service's name before an error of `states:startExecution` and `Exception` behind it."""

    def invoke(resource: str, arguments: Any) -> Any:
        try:
            return start(resource, arguments)
        except stepfunctions._ExecutionError as error:
            raise stepfunctions._ExecutionError(f"StepFunctions.{error.error}Exception", error.cause) from error

    return invoke


def _as_a_description(read: Any) -> Any:
    """On AWS, `startExecution.sync:2` fails with States.TaskFailed; the cause is the other execution's description."""

    def failure(execution: dict[str, Any]) -> tuple[str, str]:
        error, cause = read(execution)
        described = {name[0].upper() + name[1:]: value for name, value in execution.items()}
        return "States.TaskFailed", json.dumps({**described, "Error": error, "Cause": cause})

    return failure


def _delayed_as_on_aws(find: Any) -> Any:
    """AWS caps a retry's delay at MaxDelaySeconds and applies the JitterStrategy; MiniStack caps it at 60 seconds.

    The delay is over when the retrier is returned, without any delay for MiniStack to add.
    """

    def found(retriers: Any, error: str, counts: dict[int, int]) -> tuple[Any, int]:
        retrier, number = find(retriers, error, counts)
        if retrier is None:
            return retrier, number
        delay = retrier.get("IntervalSeconds", 1) * retrier.get("BackoffRate", 2) ** counts.get(number, 0)
        delay = min(delay, retrier.get("MaxDelaySeconds", delay))
        stepfunctions._scaled_sleep(delay * random.random() if retrier.get("JitterStrategy") == "FULL" else delay)
        return {**retrier, "IntervalSeconds": 0}, number

    return found


def _with_lambdas_own_errors(call: Any) -> Any:
    """AWS reports a throttled invocation as `Lambda.TooManyRequestsException`; MiniStack as `Lambda.Unknown`."""

    def invoke(function: str, payload: Any) -> Any:
        try:
            return call(function, payload)
        except stepfunctions._ExecutionError as error:
            if error.error != "Lambda.Unknown" or not error.cause.startswith('{"__type"'):
                raise
            raise stepfunctions._ExecutionError(f"Lambda.{json.loads(error.cause)['__type']}", error.cause) from error

    return invoke


def _also_from_step_functions(parse: Any) -> Any:
    """On AWS the MessageAttributes of an `sns:publish` state arrive; MiniStack reads only those of a Query request."""
    return lambda params: params.get("MessageAttributes") or parse(params)


def _also_of_voice_id(put_events: Any) -> Any:
    """AWS refuses events of `aws.` sources to its customers; here our emulator is the service that may put its own."""

    def put(data: Any, allow_aws_source: bool = False) -> Any:
        ours = all(entry.get("Source") == "aws.voiceid" for entry in data.get("Entries", []))
        return put_events(data, allow_aws_source or ours)

    return put


def _asynchronously(arn: str, payload: str) -> None:
    """EventBridge invokes asynchronously: AWS tries a function that fails again, and then tells its destination."""
    function, config, _ = lambda_svc._get_func_record_for_ref(arn)
    lambda_svc.invoke_async_with_retry({**function, "config": config}, json.loads(payload))


def _also_to_email(fanout: Any) -> Any:
    """AWS sends an email to each subscriber; here it is put with the emails that MiniStack's SES has sent."""

    def deliver(
        topic_arn: str,
        msg_id: str,
        message: str,
        subject: str,
        structure: str = "",
        attributes: Any = None,
        **rest: Any,
    ) -> None:
        fanout(topic_arn, msg_id, message, subject, structure, attributes, **rest)
        for subscription in sns._topic_by_arn_any_scope(topic_arn)["subscriptions"]:
            wanted = sns._matches_filter_policy(subscription, attributes or {}, message)
            if subscription["protocol"] == "email" and wanted:
                ses._sent_emails_list().append(
                    {
                        "MessageId": msg_id,
                        "Source": topic_arn,
                        "To": [subscription["endpoint"]],
                        "Subject": subject,
                        "BodyText": message,
                        "Timestamp": ses.time.time(),
                        "Type": "SNS",
                    }
                )

    return deliver


def _end_with_standard_input() -> None:
    """So that nothing is left running however the process that started this one ended."""
    sys.stdin.buffer.read()
    os._exit(0)


if __name__ == "__main__":
    repair()
    threading.Thread(target=_end_with_standard_input, daemon=True).start()
    ministack.app.main()
