"""How realistic answers are evaluated: their outcome, their percentage, and the reason in the event.

Each line of `answers/*.jsonl` is one answer. Its shape is from a public report (`source`), from an example in AWS's
documentation, or from botocore's documentation of a member; names and numbers are invented. `wrong` is a part of the
event's reason; without `wrong`, it has none.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from job_watcher import catalogue
from job_watcher.detail import Notification
from job_watcher.notification import build_job_ended
from job_watcher.watch import Rules, Watch

FILES = sorted((Path(__file__).parent / "answers").glob("*.jsonl"))
CASES = [json.loads(line) for file in FILES for line in file.read_text().splitlines()]
WATCH = "arn:aws:states:us-east-1:111122223333:execution:Watch:w"


@pytest.mark.parametrize("case", CASES, ids=[f"{case['kind']}-{case['outcome']}" for case in CASES])
def test_an_answer_is_evaluated_and_the_event_contains_the_reason_for_a_failure(case: Mapping[str, Any]) -> None:
    kind = catalogue.load(case["kind"].partition("/")[0])[case["kind"]]
    observation = kind.read(case["answer"])
    assert observation is not None
    assert (observation.outcome, observation.known) == (case["outcome"], True)
    if "percent" in case:
        assert observation.percent == case["percent"]
    if observation.outcome != "running":
        reason = report(kind, observation)["detail"].get("reason")
        assert (reason is not None) == ("wrong" in case), reason
        assert case.get("wrong", "") in (reason or "")


def report(kind: catalogue.Kind, observation: catalogue.Observation) -> Notification:
    """Return the notification that is sent after this answer."""
    watch = Watch(
        {"kind": kind.name, "request": {}}, WATCH, {"polls": 1, "waited": 0, "outcome": "running"}, Rules(), kind
    )
    return build_job_ended(watch, observation)
