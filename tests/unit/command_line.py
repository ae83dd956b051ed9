"""Run the command line in this process, with a fake AWS."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest

from cli import main
from tests.unit.fake_aws import WATCH, FakeAws, serve

INPUT = '{"kind": "glue/JobRun", "request": {"JobName": "nightly", "RunId": "jr_1"}}'


def exit_status(monkeypatch: pytest.MonkeyPatch, arguments: Sequence[str]) -> Any:
    """Run the command line with these arguments, and return its exit status."""
    monkeypatch.setattr(sys, "argv", ["job-watcher", *arguments])
    with pytest.raises(SystemExit) as exit_:
        main.main()
    return exit_.value.code


@contextmanager
def fake_aws(monkeypatch: pytest.MonkeyPatch, kinds: str) -> Iterator[FakeAws]:
    """Yield AWS with a deployment that enables these kinds, and where each new watch is WATCH."""
    aws = FakeAws()
    aws.stacks["JobWatcher"]["Kinds"] = kinds
    aws.answers["StartExecution"] = lambda _: {"executionArn": WATCH, "startDate": 0}
    aws.answers["GetMetricData"] = lambda _: {"MetricDataResults": []}
    aws.answers["GetCallerIdentity"] = lambda _: {"Arn": "arn:aws:iam::111122223333:root"}
    aws.answers["GetExecutionHistory"] = lambda _: {"events": []}
    with serve(aws) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        yield aws


def describe_execution(**end: Any) -> Any:
    """Return an answer of DescribeExecution."""
    return {"executionArn": WATCH, "name": "w", "startDate": 0, "input": INPUT, **end}
