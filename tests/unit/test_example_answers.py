"""Each kind reads the example answers that AWS publishes for its describe call, and the emails about them are right."""

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
JSON = re.compile(r"""[{\[]["'}\]]|\(, |, \)|\bNone\b""")  # a structure or a list instead of text
NOW = 1_767_225_600
MIN_EXAMPLES = 247  # that describe a job, with the pinned versions of the AWS CLI and botocore

# Pages with example answers that don't describe a job, with the reason. Other answers on these pages can describe one.
NO_JOB = {
    "apprunner/list-operations.rst": "one of its blocks is the input of the call",
    "devicefarm/examples-1.json": "has an empty structure instead of the answer",
    "dms/examples-1.json": "empty lists, and an empty structure",
    "kms/examples-1.json": "an empty list",
    "rds/examples-1.json": "empty answers",
    "ec2/describe-volumes-modifications.rst": "has one structure where the API has a list",
}
# Pages with example answers that describe a job without a status.
NO_STATUS = {
    "athena/get-data-catalog.rst": "written before data catalogs had a status",
    "elasticbeanstalk/describe-application-versions.rst": "written before application versions had a status",
    "elasticbeanstalk/examples-1.json": "written before application versions had a status",
    "lambda/get-function-configuration.rst": "written before functions had a state",
    "omics/get-sequence-store.rst": "written before sequence stores had a status",
    "ec2/describe-snapshot-tier-status.rst": "calls the status LastTieringOperationState, unlike the API",
}
# Statuses that aren't in the API's model.
UNKNOWN_STATUSES = {
    ("iotwireless/WirelessGatewayTask", "Success"): "the model and the API reference have COMPLETED",
    ("pi/PerformanceAnalysisReport", "Succeeded"): "the model and the API reference have SUCCEEDED",
}


@pytest.mark.parametrize(("kind", "example"), EXAMPLES, ids=NAMES)
def test_an_example_answer_has_a_known_status_and_a_readable_email(kind: Kind, example: Example) -> None:
    observation = kind.read(example.answer)
    if observation is None:
        assert example.source in NO_JOB
        return
    if observation.status == catalogue.NO_STATUS:
        assert example.source in NO_STATUS and observation.outcome == "running" and not observation.known
        return
    assert observation.known or (kind.name, observation.status) in UNKNOWN_STATUSES
    assert observation.percent is None or 0 <= observation.percent <= 100
    result = evaluate.after_answer(watch(kind), observation, NOW)
    assert result["outcome"] == observation.outcome
    json.dumps(result, allow_nan=False)
    if observation.outcome in catalogue.FINAL_OUTCOMES:
        check_facts(observation.outcome, cast(Notification, result))


def check_facts(outcome: str, notification: Notification) -> None:
    """Check the table of facts in an email: no reason for a success, only readable text, no negative duration."""
    facts = dict(re.findall(r"^  (\S.*?) {2,}(.*)$", notification["text"].split("\n\n")[1], re.MULTILINE))
    assert not (outcome == "succeeded" and "Reason" in facts)
    assert not [fact for fact in facts.values() if not fact.strip() or JSON.search(fact)]
    assert not facts.get("Duration", "").startswith("-")


def watch(kind: Kind) -> Watch:
    state: Any = {"polls": 1, "waited": 0, "outcome": "running"}
    return Watch({"kind": kind.name, "request": {}}, ARN, state, Rules(), kind)


def test_most_examples_describe_a_job_and_every_listed_exception_is_needed() -> None:
    read = [(kind, example, kind.read(example.answer)) for kind, example in EXAMPLES]
    with_status = [(kind, found) for kind, _, found in read if found and found.status != catalogue.NO_STATUS]
    outcomes = Counter(observation.outcome for _, observation in with_status)
    services = {kind.service for kind, _ in with_status}
    print(f"{outcomes.total()} example answers of {len(services)} services: {dict(outcomes)}")
    assert outcomes.total() >= MIN_EXAMPLES
    assert {example.source for _, example, found in read if found is None} == set(NO_JOB)
    without_status = {example.source for _, example, found in read if found and found.status == catalogue.NO_STATUS}
    assert without_status == set(NO_STATUS)
    unknown = [(kind.name, observation.status) for kind, observation in with_status if not observation.known]
    assert set(unknown) == set(UNKNOWN_STATUSES)


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
def test_mistakes_in_handwritten_json_are_corrected(block: str, answer: Any) -> None:
    assert example_answers.parse(block) == answer
