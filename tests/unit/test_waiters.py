"""boto3's waiters as kinds: each has the result of botocore's own waiter and is reported like any other kind."""

import json
from collections.abc import Callable, Iterator, Mapping
from functools import reduce
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError, WaiterError
from botocore.loaders import create_loader
from botocore.stub import Stubber
from botocore.waiter import AcceptorConfig, Waiter, WaiterModel

from infra.catalogue.sample_answer import Leaf, sample
from infra.service_models import service_model
from job_watcher import aws_call, catalogue, describe, evaluate, expressions, waiters
from job_watcher.email_message import MAX_SUBJECT_LENGTH
from job_watcher.poll_state import PollState
from job_watcher.to_json import to_json
from job_watcher.watch import Rules, Watch
from job_watcher.watch_input import InvalidInput, check_request
from job_watcher.watched_kinds import find_watched_kind
from tests.each_kind import each_kind
from tests.unit.example import leaves, replace_value

ALL = waiters.kinds()
LOADER = create_loader()
SNAPSHOT = "rds/waiter/DBSnapshotCompleted"
ARN = "arn:aws:states:eu-west-1:123456789012:execution:Watch:the-watch"
NEW_WATCH: PollState = {"polls": 0, "waited": 0, "outcome": "running"}


def botocore_outcome(name: str, answer: Mapping[str, Any]) -> str | None:
    """Return the outcome of botocore's own waiter after one answer; None if it raises an unexpected error."""
    service, _, noun = name.partition("/waiter/")
    model = WaiterModel(LOADER.load_service_model(service, "waiters-2"))
    waiter = Waiter(noun, cast(Any, model.get_waiter(noun)), lambda **_: answer)
    try:
        waiter.wait(WaiterConfig={"Delay": 0, "MaxAttempts": 1})
    except WaiterError as error:
        reason = str(error)
        if "Max attempts exceeded" in reason:
            return "running"
        return "failed" if "terminal failure state" in reason else None
    return "succeeded"


def answers(waiter: waiters.Waiter) -> Iterator[dict[str, Any]]:
    """Yield answers that match each acceptor, unless an earlier acceptor matches, and answers that match none."""
    model = service_model(waiter.service)
    assert model
    shape = model.operation_model(waiter.describe).output_shape
    metadata = {"ResponseMetadata": {"HTTPStatusCode": 200}}
    full = {**sample(shape), **metadata}
    full.pop("Error", None)  # a member of Location's job, which botocore mistakes for an error
    yield full
    yield {**_empty_lists(full), **metadata}
    yield error("SomethingElseEntirely", 400)
    for acceptor in waiter.acceptors:
        yield from _matching_answers(acceptor, full)


def _matching_answers(acceptor: AcceptorConfig, full: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if acceptor.matcher == "error":
        code = acceptor.expected if isinstance(acceptor.expected, str) else "AnyError"
        yield error(code, 400)
    elif acceptor.matcher == "status":
        yield error("Status", status) if (status := cast(int, acceptor.expected)) >= 300 else full
    elif isinstance(acceptor.expected, str):
        found = expressions.search(acceptor.argument, full)
        values = found if isinstance(found, list) else [found]
        yield reduce(lambda answer, leaf: replace_value(answer, leaf, acceptor.expected), values, full)
    else:
        for leaf in (value for _, value in leaves(full) if isinstance(value, Leaf)):
            for value in leaf.shape.metadata.get("enum", ()):
                yield replace_value(full, leaf, value)


def error(code: str, status: int) -> dict[str, Any]:
    return {"Error": {"Code": code, "Message": "The message."}, "ResponseMetadata": {"HTTPStatusCode": status}}


def _empty_lists(value: Any) -> Any:
    """Return the value with empty lists."""
    if isinstance(value, dict):
        return {member: _empty_lists(inner) for member, inner in value.items()}
    return [] if isinstance(value, list) else value


def test_every_waiter_of_botocore_is_a_kind() -> None:
    names = {
        f"{service}/waiter/{name}"
        for service in LOADER.list_available_services("waiters-2")
        for name in LOADER.load_service_model(service, "waiters-2")["waiters"]
    }
    assert set(ALL) == names and len(names) > 350


@each_kind(ALL)
def test_a_waiter_has_the_same_outcomes_as_in_botocore_and_can_succeed(name: str) -> None:
    waiter, outcomes = ALL[name], set()
    for answer in answers(waiter):
        observation = (waiter.read_error if "Error" in answer else waiter.read)(answer)
        assert (observation and observation.outcome) == botocore_outcome(name, answer), answer
        if observation:
            outcomes.add(observation.outcome)
            assert observation.status
            assert isinstance(observation.job, dict) and "ResponseMetadata" not in observation.job
    assert "succeeded" in outcomes
    assert outcomes >= {outcome for outcome in waiter.outcome_of.values() if outcome != "running"}


@each_kind(ALL)
def test_a_waiters_request_identifies_its_resource(name: str) -> None:
    waiter = ALL[name]
    shape = input_shape(waiter)
    assert set(shape.required_members) == set(waiter.request) - set(waiter.optional)
    assert set(waiter.request) <= set(shape.members) and waiter.request
    with pytest.raises(InvalidInput, match=r"The request (has no|doesn't identify a job)"):
        check_request(waiter, {}, shape)


def input_shape(waiter: waiters.Waiter) -> Any:
    model = service_model(waiter.service)
    assert model
    return model.operation_model(waiter.describe).input_shape


@pytest.mark.parametrize(
    ("name", "request_", "message"),
    [
        (SNAPSHOT, {"DBSnapshot": "nightly"}, "The request has an unknown member 'DBSnapshot'"),
        (SNAPSHOT, {"MaxRecords": 20}, "The request has an unknown member 'MaxRecords'"),
        (SNAPSHOT, {"IncludeShared": True}, "The request doesn't identify a job; accepted are DBInstanceIdentifier, "),
        (
            SNAPSHOT,
            {"DBSnapshotIdentifier": ""},
            "The request doesn't identify a job; accepted are DBInstanceIdentifier, ",
        ),
        (
            "cloudwatch/waiter/AlarmExists",
            {"StateValue": "OK"},
            "The request doesn't identify a job; accepted are AlarmNames, ",
        ),
        ("ec2/waiter/InstanceRunning", {"InstanceIds": ["i-1", "i-2"]}, "InstanceIds has 2 items; accepted is exactly"),
        ("ecs/waiter/TasksStopped", {"cluster": "main"}, "The request has no tasks; accepted are tasks, cluster"),
    ],
)
def test_a_request_that_does_not_identify_one_resource_is_rejected(
    name: str, request_: dict[str, Any], message: str
) -> None:
    with pytest.raises(InvalidInput) as error_info:
        check_request(ALL[name], request_, input_shape(ALL[name]))
    assert str(error_info.value).startswith(message)


@pytest.mark.parametrize(
    ("name", "answer", "status", "job"),
    [
        (SNAPSHOT, {"DBSnapshots": [{"Status": "available", "Id": 1}]}, "available", {"Status": "available", "Id": 1}),
        (SNAPSHOT, {"DBSnapshots": []}, "not yet", {"DBSnapshots": []}),
        (
            "ec2/waiter/InstanceRunning",
            {"Reservations": [{"Instances": [{"InstanceId": "i-1", "State": {"Name": "running"}}]}]},
            "running",
            {"InstanceId": "i-1", "State": {"Name": "running"}},
        ),
        (
            "ec2/waiter/ImageExists",
            {"Images": [{"ImageId": "ami-1"}]},
            "success",
            {"ImageId": "ami-1"},
        ),
        (
            "acm/waiter/CertificateValidated",
            {"Certificate": {"DomainValidationOptions": [{"ValidationStatus": "SUCCESS"}]}},
            "SUCCESS",
            {"DomainValidationOptions": [{"ValidationStatus": "SUCCESS"}]},
        ),
        (
            "iotsitewise/waiter/AssetActive",
            {"assetId": "1", "assetStatus": {"state": "ACTIVE"}},
            "ACTIVE",
            {"assetId": "1", "assetStatus": {"state": "ACTIVE"}},
        ),
        (
            "location/waiter/JobCompleted",
            {"Status": "Failed", "Error": {"Code": "ValidationError"}},
            "Failed",
            {"Status": "Failed", "Error": {"Code": "ValidationError"}},
        ),
        ("rds/waiter/DBInstanceDeleted", error("DBInstanceNotFound", 404), "DBInstanceNotFound", None),
    ],
)
def test_a_waiters_job_is_the_single_resource_in_the_answer(
    name: str, answer: dict[str, Any], status: str, job: dict[str, Any] | None
) -> None:
    read = ALL[name].read_error if job is None else ALL[name].read
    observation = read({"ResponseMetadata": {"HTTPStatusCode": 200}, **answer})
    assert observation and (observation.status, observation.job) == (status, job or {"Error": answer["Error"]})


def test_members_in_omit_are_left_out_of_a_waiters_job() -> None:
    task = {"lastStatus": "STOPPED", "overrides": {"containerOverrides": [{"name": "a", "environment": ["secret"]}]}}
    kept = {"lastStatus": "STOPPED", "overrides": {"containerOverrides": [{"name": "a"}]}}
    for tasks, job in (([task], kept), ([task, task], {"tasks": [kept, kept]})):
        observation = ALL["ecs/waiter/TasksStopped"].read({"tasks": tasks})
        assert observation and (observation.outcome, observation.job) == ("succeeded", job)
        assert observation.omitted == ["tasks.overrides.containerOverrides.environment"]


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("cloudfront/waiter/DistributionDeployed", "Distribution.DistributionConfig.Origins.Items.CustomHeaders.Items"),
        ("ec2/waiter/SpotInstanceRequestFulfilled", "SpotInstanceRequests.LaunchSpecification"),
        ("lambda/waiter/FunctionActiveV2", "Configuration"),
        ("cloudcontrol/waiter/ResourceRequestSuccess", "ProgressEvent"),
        ("ecs/waiter/DaemonTaskDefinitionActive", "daemonTaskDefinition.containerDefinitions"),
    ],
)
def test_sensitive_members_and_members_named_like_a_secret_are_left_out(name: str, path: str) -> None:
    model = service_model(ALL[name].service)
    assert model
    observation = ALL[name].read(sample(model.operation_model(ALL[name].describe).output_shape))
    assert observation and [omitted for omitted in observation.omitted if omitted.startswith(path + ".")]
    reported = json.dumps(to_json(observation.job))
    for member in ("HeaderValue", "UserData", '"Environment"', '"environment"', "ResourceModel"):
        assert member not in reported


def test_members_named_like_a_secret_are_left_out_even_if_the_model_does_not_know_them() -> None:
    new = {"Mode": "fast", "Login": {"User": "us", "Password": "hidden"}, "Keys": [{"Id": "1", "ApiKey": "hidden"}]}
    function = {"FunctionName": "f", "State": "Active", "New": new}
    observation = ALL["lambda/waiter/FunctionActiveV2"].read(
        {"Configuration": function, "ResponseMetadata": {"HTTPHeaders": {"token": "x"}}}
    )
    assert observation and "hidden" not in json.dumps(observation.job)
    assert observation.job["New"] == {"Mode": "fast", "Login": {"User": "us"}, "Keys": [{"Id": "1"}]}
    assert observation.omitted == ["Configuration.New.Login.Password", "Configuration.New.Keys.ApiKey"]


@pytest.fixture
def poll(monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, Any]]:
    """Return a function that polls a watch once, with all waiters enabled, and returns the result."""
    monkeypatch.setattr(describe, "KINDS", ["*/waiter/*"])

    def poll_once(kind: str, request: Mapping[str, Any], **state: Any) -> dict[str, Any]:
        watch = Watch({"kind": kind, "request": request}, ARN, cast(PollState, {**NEW_WATCH, **state}), describe.RULES)
        _, result = describe.poll(watch)
        return dict(result)

    return poll_once


Poll = Callable[..., dict[str, Any]]


def test_a_waiter_that_succeeds_is_reported_with_its_resource(poll: Poll) -> None:
    request = {"DBSnapshotIdentifier": "nightly"}
    with Stubber(aws_call.client("rds")) as stub:
        stub.add_response("describe_db_snapshots", {"DBSnapshots": [{"Status": "creating"}]}, request)
        running = poll(SNAPSHOT, request)
        snapshot = {"DBSnapshotIdentifier": "nightly", "Status": "available", "PercentProgress": 100}
        stub.add_response("describe_db_snapshots", {"DBSnapshots": [snapshot]}, request)
        end = poll(SNAPSHOT, request)
    assert running["outcome"] == "running" and running["status"] == "creating" and running["wait"] >= 1
    assert end["detail"]["job"] == snapshot and end["detail"]["status"] == "available"
    assert end["outcome"] == "succeeded" and len(end["subject"]) <= MAX_SUBJECT_LENGTH
    assert end["subject"] == "Succeeded: rds waiter DBSnapshotCompleted nightly (eu-west-1)"
    assert end["text"].startswith("rds waiter DBSnapshotCompleted nightly succeeded.\n")
    assert json.loads(json.dumps(end)) == end


def test_a_waiter_can_wait_for_an_error(poll: Poll) -> None:
    request = {"DBInstanceIdentifier": "old"}
    with Stubber(aws_call.client("rds")) as stub:
        stub.add_client_error("describe_db_instances", "DBInstanceNotFound", "Not found.", 404)
        end = poll("rds/waiter/DBInstanceDeleted", request, status="deleting")
    assert (end["outcome"], end["detail"]["status"]) == ("succeeded", "DBInstanceNotFound")
    assert end["detail"]["job"]["Error"]["Code"] == "DBInstanceNotFound"
    assert "DBInstanceDeleted also succeeds when the resource isn't found" in end["text"]


@pytest.mark.parametrize(
    ("waiter", "operation", "code", "request_"),
    [
        (
            "rds/waiter/DBInstanceDeleted",
            "describe_db_instances",
            "DBInstanceNotFound",
            {"DBInstanceIdentifier": "odl"},
        ),
        ("s3/waiter/BucketNotExists", "head_bucket", "404", {"Bucket": "ours"}),
    ],
)
def test_a_waiter_that_waits_for_absence_does_not_succeed_with_a_misspelt_name(
    poll: Poll, waiter: str, operation: str, code: str, request_: dict[str, str]
) -> None:
    with Stubber(aws_call.client(waiter.partition("/")[0])) as stub:
        for _ in range(2):
            stub.add_client_error(operation, code, "Not found.", 404)
        assert poll(waiter, request_)["outcome"] == "running"
        end = poll(waiter, request_, waited=evaluate.GRACE_PERIOD)
    assert (end["outcome"], end["error"]) == ("lost", "WatchLost")
    assert end["detail"]["reason"].endswith(" didn't find the job.")


def test_a_waiter_that_waits_for_absence_does_not_succeed_with_an_empty_first_answer(poll: Poll) -> None:
    request = {"DBSnapshotIdentifier": "nihgtly"}
    with Stubber(aws_call.client("rds")) as stub:
        for _ in range(3):
            stub.add_response("describe_db_snapshots", {"DBSnapshots": []}, request)
        assert poll("rds/waiter/DBSnapshotDeleted", request)["outcome"] == "running"
        assert poll("rds/waiter/DBSnapshotDeleted", request, waited=evaluate.GRACE_PERIOD)["outcome"] == "lost"
        assert poll("rds/waiter/DBSnapshotDeleted", request, status="deleting")["outcome"] == "succeeded"


def test_waiters_without_a_failure_condition_or_that_wait_for_absence_are_recognized() -> None:
    assert ALL[SNAPSHOT].never_fails and ALL[SNAPSHOT].waits_for_absence
    assert not ALL["rds/waiter/DBSnapshotAvailable"].never_fails
    assert not ALL["rds/waiter/DBInstanceDeleted"].never_fails
    assert ALL["rds/waiter/DBInstanceDeleted"].waits_for_absence
    assert not ALL["s3/waiter/BucketExists"].waits_for_absence


def test_a_waiter_can_evaluate_the_http_status(poll: Poll) -> None:
    with Stubber(aws_call.client("s3")) as stub:
        for status in (404, 404):
            stub.add_client_error("head_bucket", str(status), "Not Found", status)
        missing = poll("s3/waiter/BucketExists", {"Bucket": "ours"})
        gone = poll("s3/waiter/BucketNotExists", {"Bucket": "ours"}, status="waits")
    assert (missing["outcome"], missing["status"], gone["outcome"]) == ("running", "404", "succeeded")


def test_a_denied_call_is_not_a_failure_of_the_waiter(poll: Poll) -> None:
    authority = "arn:aws:acm-pca:eu-west-1:123456789012:certificate-authority/" + "a" * 36
    request = {"CertificateAuthorityArn": authority, "CertificateArn": f"{authority}/certificate/{'b' * 32}"}
    with Stubber(aws_call.client("acm-pca")) as stub:
        stub.add_client_error("get_certificate", "AccessDeniedException", "Access denied.", 400)
        answer = poll("acm-pca/waiter/CertificateIssued", request)
    assert answer["outcome"] == "running" and answer["wait"] >= 1


def test_an_error_that_no_acceptor_matches_does_not_end_the_watch(poll: Poll) -> None:
    with Stubber(aws_call.client("rds")) as stub:
        stub.add_client_error("describe_db_instances", "ThrottlingException", "Rate exceeded", 400)
        answer = poll("rds/waiter/DBInstanceDeleted", {"DBInstanceIdentifier": "old"})
    assert answer["outcome"] == "running" and answer["wait"] >= 1 and "status" not in answer


def test_each_watch_of_a_waiter_is_reported() -> None:
    waiter = ALL[SNAPSHOT]
    observation = waiter.read({"DBSnapshots": [{"Status": "available"}]})
    assert observation
    watch_input = {"kind": SNAPSHOT, "request": {"DBSnapshotIdentifier": "nightly"}}
    names = {
        str(evaluate.after_answer(Watch(watch_input, arn, NEW_WATCH, Rules(), waiter), observation, 0)["name"])  # type: ignore[typeddict-item]
        for arn in (ARN, f"{ARN}-2")
    }
    assert len(names) == 2


def test_a_waiter_that_is_not_enabled_is_rejected_with_the_accepted_kinds() -> None:
    with pytest.raises(InvalidInput, match=f"accepted are {SNAPSHOT}, voice-id/SpeakerEnrollmentJob."):
        find_watched_kind("rds/waiter/DBInstanceDeleted", ["voice-id/S*", "rds/waiter/DBSnapshotC*"])


@pytest.mark.parametrize("pattern", ["*", "rds/*", "*/DB*"])
def test_patterns_of_kinds_do_not_match_waiters(pattern: str) -> None:
    assert waiters.kinds([pattern]) == {} and not catalogue.is_enabled(SNAPSHOT, [pattern])
    assert not any("/waiter/" in name for name in catalogue.kinds([pattern]))


def test_an_answer_without_the_evaluated_list_matches_no_acceptor() -> None:
    observation = ALL["cloudwatch/waiter/AlarmExists"].read({"ResponseMetadata": {"HTTPStatusCode": 200}})
    assert observation and (observation.outcome, observation.status, observation.job) == ("running", "not yet", {})


def test_a_service_without_waiters_has_none() -> None:
    assert waiters.load("voice-id") == {} and waiters.load("no-such-service") == {}


def test_botocore_outcome_is_none_after_an_unexpected_error() -> None:
    response: Any = error("NoSuch", 404)
    assert botocore_outcome("rds/waiter/DBInstanceDeleted", response) is None
    assert ClientError(response, "x").response["Error"]["Code"] == "NoSuch"
