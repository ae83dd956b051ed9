"""What answers mean: the outcome, how far the job is, and what the email says went wrong.

Each line of `answers/*.jsonl` is one answer, with the shape of a public report (`source`), of an example in AWS's
documentation, or of what botocore's documentation says of a member; names and numbers are made up. Without `wrong`,
the email has no line "Reason".
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from job_watcher import catalogue, email_message
from job_watcher.detail import Detail
from job_watcher.to_json import to_json

FILES = sorted((Path(__file__).parent / "answers").glob("*.jsonl"))
CASES = [json.loads(line) for file in FILES for line in file.read_text().splitlines()]
WATCH = "arn:aws:states:us-east-1:111122223333:execution:Watch:w"


@pytest.mark.parametrize("case", CASES, ids=[f"{case['kind']}-{case['outcome']}" for case in CASES])
def test_an_answer_has_an_outcome_and_says_what_went_wrong(case: Mapping[str, Any]) -> None:
    kind = catalogue.load(case["kind"].partition("/")[0])[case["kind"]]
    seen = kind.read(case["answer"])
    assert seen is not None
    assert (seen.outcome, seen.known) == (case["outcome"], True)
    if "percent" in case:
        assert seen.percent == case["percent"]
    if seen.outcome != "running":
        lines = re.findall(r"^  Reason +(.*)$", email(kind, seen), re.MULTILINE)
        assert len(lines) == ("wrong" in case), lines
        assert case.get("wrong", "") in "".join(lines)


def email(kind: catalogue.Kind, seen: catalogue.Observation) -> str:
    """The text that people get when this answer ends the job."""
    detail: Detail = {
        "kind": kind.name,
        "request": {},
        "outcome": seen.outcome,
        "status": seen.status,
        "job": to_json(seen.job),
        "watch": WATCH,
        "polls": 1,
    }
    return email_message.body(kind, detail)
