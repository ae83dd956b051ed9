"""Answers that AWS publishes as examples: each kind reads those of its describe call, and the email is right."""

import json
import re
from collections import Counter
from typing import Any, cast

import pytest

from infra.catalogue import example_answers
from infra.catalogue.example_answers import Example
from job_watcher import catalogue, evaluate
from job_watcher.catalogue import Kind
from job_watcher.detail import Notification
from job_watcher.watch import Rules, Watch

EXAMPLES = [*example_answers.answers(catalogue.kinds().values())]
NAMES = [f"{kind.name} in {example.source}" for kind, example in EXAMPLES]
ARN = "arn:aws:states:eu-west-1:123456789012:execution:Watch:the-watch"
JSON = re.compile(r"""[{\[]["'}\]]|\(, |, \)|\bNone\b""")  # a structure or a list where there should be text
NOW = 1_767_225_600
LEAST = 247  # readings, with the pinned versions of the AWS CLI and botocore

# Example answers that describe no job, by page; where a page has several answers, those of them that describe none.
NO_JOB = {
    "apprunner/list-operations.rst": "one of its blocks is the call's input",
    "devicefarm/examples-1.json": "an empty structure stands for the answer",
    "dms/examples-1.json": "empty lists, and an empty structure",
    "kms/examples-1.json": "an empty list",
    "rds/examples-1.json": "empty answers",
    "athena/get-data-catalog.rst": "written before data catalogs had a status",
    "elasticbeanstalk/describe-application-versions.rst": "written before application versions had a status",
    "elasticbeanstalk/examples-1.json": "written before application versions had a status",
    "lambda/get-function-configuration.rst": "written before functions had a state",
    "omics/get-sequence-store.rst": "written before sequence stores had a status",
    "ec2/describe-snapshot-tier-status.rst": "calls the status LastTieringOperationState, unlike the API",
    "ec2/describe-volumes-modifications.rst": "has one structure where the API has a list",
}
# Statuses that aren't in the API's model.
MISSPELT = {
    ("iotwireless/WirelessGatewayTask", "Success"): "the model and the API reference have COMPLETED",
    ("pi/PerformanceAnalysisReport", "Succeeded"): "the model and the API reference have SUCCEEDED",
}


@pytest.mark.parametrize(("kind", "example"), EXAMPLES, ids=NAMES)
def test_an_example_answer_has_a_known_status_and_a_plain_email(kind: Kind, example: Example) -> None:
    seen = kind.read(example.answer)
    if seen is None:
        assert example.source in NO_JOB
        return
    assert seen.known or (kind.name, seen.status) in MISSPELT
    assert seen.percent is None or 0 <= seen.percent <= 100
    told = evaluate.after_answer(watch(kind), seen, NOW)
    assert told["outcome"] == seen.outcome
    json.dumps(told, allow_nan=False)
    if seen.outcome in catalogue.FINAL_OUTCOMES:
        check_facts(seen.outcome, cast(Notification, told))


def check_facts(outcome: str, end: Notification) -> None:
    """The facts table of an email: no failure in a success, plain text, and no negative duration."""
    facts = dict(re.findall(r"^  (\S.*?) {2,}(.*)$", end["text"].split("\n\n")[1], re.MULTILINE))
    assert not (outcome == "succeeded" and "Reason" in facts)
    assert not [fact for fact in facts.values() if not fact.strip() or JSON.search(fact)]
    assert not facts.get("Duration", "").startswith("-")


def watch(kind: Kind) -> Watch:
    state: Any = {"polls": 1, "waited": 0, "outcome": "running"}
    return Watch({"kind": kind.name, "request": {}}, ARN, state, Rules(), kind)


def test_most_examples_describe_a_job_and_the_exceptions_are_needed() -> None:
    read = [(kind, example, kind.read(example.answer)) for kind, example in EXAMPLES]
    outcomes = Counter(seen.outcome for _, _, seen in read if seen)
    services = {kind.service for kind, _, seen in read if seen}
    print(f"{outcomes.total()} example answers of {len(services)} services: {dict(outcomes)}")
    assert outcomes.total() >= LEAST
    assert {example.source for _, example, seen in read if seen is None} == set(NO_JOB)
    assert {(kind.name, seen.status) for kind, _, seen in read if seen and not seen.known} == set(MISSPELT)


@pytest.mark.parametrize(
    ("block", "answer"),
    [
        ('{"a": 1,\n "b": [1, 2,],\n}', {"a": 1, "b": [1, 2]}),
        ('{"a": "x"\n "b": 1}', {"a": "x", "b": 1}),
        ('{"a": ...output omitted... ,\n "b": [{"c": 1},\n  ...\n ]}', {"a": None, "b": [{"c": 1}]}),
        ('{"a": "broken\nline..."}', {"a": "broken\nline..."}),
        ('{"a": "b}', None),
        ("[1]", None),
        ("aws glue get-job-run", None),
    ],
)
def test_json_that_a_person_wrote_is_corrected(block: str, answer: Any) -> None:
    assert example_answers.parse(block) == answer
