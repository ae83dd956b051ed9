"""The functions' logs contain no data of a job. This runs last and reads what the tests that use `world` caused."""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from job_watcher.errors import Meaning
from job_watcher.redaction import is_sensitive
from local.cloud import ACCOUNT
from local.environment import REGION
from local.sample import ROLE

from .conftest import SPEAKERS, World, until
from .test_other_services import KINDS, transcription

SHOWN = ("kind", "outcome", "status", "error", "watch")  # members of a detail that are logged, as SECURITY.md says
ALLOWED = {
    REGION: "each watch's ARN contains it",
    ACCOUNT: "each watch's ARN contains it",
    **dict.fromkeys(("a", "File"), "the tracebacks of the functions that the tests break contain these words"),
    **{meaning.value: "Job Watcher's word for an error" for meaning in Meaning},
}
EXECUTION = f"arn:aws:states:{REGION}:{ACCOUNT}:execution:"
MAX_LENGTH = 200  # characters of a value that are searched, because a log line can contain a part of it
ENDPOINT = "bedrock-agentcore-control/AgentRuntimeEndpoint"


def test_the_logs_contain_no_job_member_s3_uri_or_sensitive_request_value(world: World) -> None:
    endpoint, job = create_endpoint(world), transcription(world)
    world.end(world.watch({"kind": ENDPOINT, "request": endpoint}))
    world.event(job)  # the Start function has started its watch
    assert endpoint["endpointName"] in unlogged_values(world)
    check_logs(world)


def test_the_logs_have_metrics_of_ended_jobs_by_kind_and_outcome(world: World) -> None:
    world.end(world.watch({"kind": SPEAKERS, "request": world.start_job()}))
    lines = until(lambda: [json.loads(line) for line in world.log_lines() if '"JobsEnded"' in line])
    assert all(set(line) == {"_aws", "service", "kind", "outcome", "JobsEnded"} for line in lines)
    assert any((line["service"], line["kind"]) == ("JobWatcher", SPEAKERS) for line in lines)


def check_logs(world: World) -> None:
    """Check that the logs of all functions in the stack's account contain no data of the jobs that it watched."""
    lines = world.log_lines()
    polled, handled = logged_watches(lines, "polled"), logged_watches(lines, "handled", "started")
    reported = {detail["watch"] for detail in world.details()}
    # MiniStack can lose a few lines, if a function's process writes them late
    assert handled and len(polled & reported) >= len(reported) / 2
    # Executions are jobs too, because a deployment also watches those of other deployments in the account.
    values = unlogged_values(world) - {part for watch in polled | handled for part in (watch, watch.split(":")[-1])}
    text = "\n".join(lines)
    assert "s3:" not in text.lower()
    assert [value for value in values if is_found(value, text)] == []


def create_endpoint(world: World) -> dict[str, str]:
    """Create an endpoint, and return its request. botocore's model marks the endpoint's name as sensitive."""
    client = world.cloud.client("bedrock-agentcore-control")
    shape = client.meta.service_model.operation_model(KINDS[ENDPOINT].describe).input_shape.members["endpointName"]
    assert is_sensitive(shape)
    runtime = client.create_agent_runtime(
        agentRuntimeName="callers",
        agentRuntimeArtifact={"containerConfiguration": {"containerUri": "callers:1"}},
        roleArn=ROLE,
        networkConfiguration={"networkMode": "PUBLIC"},
    )
    request = {"agentRuntimeId": runtime["agentRuntimeId"], "endpointName": "endpoint_of_ada"}
    client.create_agent_runtime_endpoint(agentRuntimeId=request["agentRuntimeId"], name=request["endpointName"])
    return request


def logged_watches(lines: Iterable[str], *messages: str) -> set[str]:
    """Return the ARNs of the watches in the lines with these messages. An earlier version logs other ones."""
    records = [json.loads(line) for line in lines if line.startswith("{")]
    watches = {str(record.get("watch")) for record in records if record.get("message") in messages}
    return {watch for watch in watches if watch.startswith(EXECUTION)}


def unlogged_values(world: World) -> set[str]:
    """Return the strings in all jobs, requests and reasons, except those that are logged on purpose.

    Numbers are left out, because times and durations in the logs contain them.
    """
    details = world.details()
    requests = [world.request_of(watch) for watch in world.watches()]
    unlogged = [{name: value for name, value in detail.items() if name not in SHOWN} for detail in details]
    logged = set(strings([[detail.get(name) for name in SHOWN] for detail in details]))
    values = set(strings([world.voice_id.jobs(), requests, unlogged])) - logged - set(ALLOWED)
    return {value for value in values if not re.fullmatch(r"[\d.]*", value)}


def strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from strings(inner)


def is_found(value: str, text: str) -> bool:
    """Whether the text contains the value's beginning, as it is or as JSON, and not as a part of a longer word."""
    forms = {value[:MAX_LENGTH], *(json.dumps(value, ensure_ascii=ascii)[1:-1][:MAX_LENGTH] for ascii in (True, False))}
    end = "" if len(value) > MAX_LENGTH else r"(?!\w)"
    return any(form in text and re.search(rf"(?<!\w){re.escape(form)}{end}", text) for form in forms)
