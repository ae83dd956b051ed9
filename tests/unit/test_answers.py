"""How realistic answers are evaluated: their outcome, their percentage, and the reason in the email.

Each line of `answers/*.jsonl` is one answer. Its shape is from a public report (`source`), from an example in AWS's
documentation, or from botocore's documentation of a member; names and numbers are invented. `wrong` is a part of the
email's line "Reason"; without `wrong`, the email has no such line.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from job_watcher import catalogue
from job_watcher.notification import build_job_ended
from job_watcher.watch import Rules, Watch

FILES = sorted((Path(__file__).parent / "answers").glob("*.jsonl"))
CASES = [json.loads(line) for file in FILES for line in file.read_text().splitlines()]
WATCH = "arn:aws:states:us-east-1:111122223333:execution:Watch:w"


@pytest.mark.parametrize("case", CASES, ids=[f"{case['kind']}-{case['outcome']}" for case in CASES])
def test_an_answer_is_evaluated_and_the_email_contains_the_reason_for_a_failure(case: Mapping[str, Any]) -> None:
    kind = catalogue.load(case["kind"].partition("/")[0])[case["kind"]]
    observation = kind.read(case["answer"])
    assert observation is not None
    assert (observation.outcome, observation.known) == (case["outcome"], True)
    if "percent" in case:
        assert observation.percent == case["percent"]
    if observation.outcome != "running":
        lines = re.findall(r"^  Reason +(.*)$", email(kind, observation), re.MULTILINE)
        assert len(lines) == ("wrong" in case), lines
        assert case.get("wrong", "") in "".join(lines)


def email(kind: catalogue.Kind, observation: catalogue.Observation) -> str:
    """Return the text of the email that is sent after this answer."""
    watch = Watch(
        {"kind": kind.name, "request": {}}, WATCH, {"polls": 1, "waited": 0, "outcome": "running"}, Rules(), kind
    )
    return build_job_ended(watch, observation)["text"]
