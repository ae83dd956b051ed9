"""No signature of a presigned URL reaches an event, a message, an email or a log, whichever text contains it."""

import io
import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from job_watcher import aws_call, catalogue, describe, evaluate, notification
from job_watcher.catalogue import Observation
from job_watcher.detail import serialize
from job_watcher.poll_state import PollState
from job_watcher.redaction import MASK, mask_signatures
from job_watcher.watch import Rules, Watch

RUN = catalogue.load("glue")["glue/JobRun"]
ARN = "arn:aws:states:eu-west-1:123456789012:execution:Watch:the-watch"
STATE: PollState = {"polls": 1, "waited": 0, "outcome": "running"}
REQUEST = {"JobName": "orders", "RunId": "jr_1"}
SIGNATURE = "0123456789abcdef"
SIGNED = [
    f"https://b.s3.amazonaws.com/o?X-Amz-Expires=9&X-Amz-Signature={SIGNATURE}",
    f"https://b.s3.amazonaws.com/o?X-Amz-Security-Token={SIGNATURE}",
    f"https://b.s3.amazonaws.com/o?x-amz-credential={SIGNATURE}",
    f"https://b.s3.amazonaws.com/o?AWSAccessKeyId=A&Signature={SIGNATURE}&Expires=1",
    f'{{"X-Amz-Signature": "{SIGNATURE}"}}',
    f"X-Amz-Security-Token: {SIGNATURE}",
]


def ended(request: Any, job: Any, status: str = "FAILED") -> dict[str, Any]:
    """Return what the state machine receives about a job that failed."""
    watch = Watch({"kind": RUN.name, "request": request, "fail_on": ["failed"]}, ARN, STATE, Rules(), RUN)
    observation = Observation(job, status, "failed", True, None, None, omitted=["LogGroupName"])
    return serialize(evaluate.after_answer(watch, observation, 0.0))


def lost(watch_input: Any, error: str, reason: str) -> dict[str, Any]:
    """Return what the state machine receives about a watch that is lost."""
    return serialize(notification.build_watch_lost(Watch(watch_input, ARN, STATE, Rules(), RUN), error, reason))


@pytest.mark.parametrize("text", SIGNED)
def test_an_event_and_its_messages_contain_no_signature(text: str) -> None:
    results = [
        ended({**REQUEST, "RunId": f"see {text}"}, {}),
        ended({**REQUEST, "Filters": [{"Values": [text], text: 1}]}, {}),
        ended(REQUEST, {"JobName": text, "ErrorMessage": f"Can't read {text}", "More": {text: ["x", text]}}),
        ended(REQUEST, {}, status=text),
        lost({"kind": RUN.name, "request": REQUEST}, text, f"GetJobRun: {text}"),
        lost({"kind": text, "request": {text: text}}, "InvalidInput", f"The request is {text!r}"),
        lost(text, "InvalidInput", f"The input is {text!r}"),
    ]
    assert not [result for result in results if SIGNATURE in json.dumps(result)]
    assert all(MASK in result["message"] or '"omitted"' in result["message"] for result in results)


@pytest.mark.parametrize("text", SIGNED)
def test_a_failed_call_is_logged_without_its_message(
    text: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    log = io.StringIO()
    monkeypatch.setattr(describe.logger.handlers[0], "stream", log)

    def fail(*_: Any) -> None:
        raise ClientError({"Error": {"Code": text, "Message": text}}, "GetJobRun")

    monkeypatch.setattr(aws_call, "observe", fail)
    watch = Watch({"kind": RUN.name, "request": REQUEST}, ARN, STATE, Rules(), RUN)
    result = describe._describe_and_evaluate(watch, RUN, REQUEST)
    assert "no answer" in log.getvalue()
    assert SIGNATURE not in log.getvalue() + json.dumps(result) + capsys.readouterr().out


def test_the_rest_of_a_text_stays_readable() -> None:
    text = f"Can't read https://b.s3.amazonaws.com/o?X-Amz-Signature={SIGNATURE} of the job."
    assert mask_signatures(text) == f"Can't read {MASK}"
    assert mask_signatures({"a": [7, None, "b"], "c": "d"}) == {"a": [7, None, "b"], "c": "d"}
