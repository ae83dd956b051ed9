"""boto3's waiters as kinds: each is judged as botocore itself judges it, and reported like any other kind."""

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
from job_watcher import catalogue, describe, evaluate, expressions, waiters
from job_watcher.email_message import MAX_SUBJECT_LENGTH
from job_watcher.poll_state import PollState
from job_watcher.to_json import to_json
from job_watcher.watch import Rules, Watch
from job_watcher.watch_input import InvalidInput, check_request
from tests.unit.example import leaves, replace_value

ALL = waiters.kinds()
LOADER = create_loader()
SNAPSHOT = "rds/waiter/DBSnapshotCompleted"
ARN = "arn:aws:states:eu-west-1:123456789012:execution:Watch:the-watch"
NEW: PollState = {"polls": 0, "waited": 0, "outcome": "running"}


def botocores_verdict(name: str, answer: Mapping[str, Any]) -> str | None:
    """What boto3's own waiter makes of one answer; None for an error that it does not know."""
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
    """Answers of which each meets an acceptor of the waiter's, if no earlier one is met; and some that meet none."""
    model = service_model(waiter.service)
    assert model
    shape = model.operation_model(waiter.describe).output_shape
    done = {"ResponseMetadata": {"HTTPStatusCode": 200}}
    full = {**sample(shape), **done}
    full.pop("Error", None)  # of a job of location's, which botocore takes for an error
    yield full
    yield {**_emptied(full), **done}
    yield error("SomethingElseEntirely", 400)
    for acceptor in waiter.acceptors:
        yield from _meeting(acceptor, full)


def _meeting(acceptor: AcceptorConfig, full: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if acceptor.matcher == "error":
        code = acceptor.expected if isinstance(acceptor.expected, str) else "AnyError"
        yield error(code, 400)
    elif acceptor.matcher == "status":
        yield error("Status", status) if (status := cast(int, acceptor.expected)) >= 300 else full
    elif isinstance(acceptor.expected, str):
        found = expressions.search(acceptor.argument, full)
        looked_at = found if isinstance(found, list) else [found]
        yield reduce(lambda answer, leaf: replace_value(answer, leaf, acceptor.expected), looked_at, full)
    else:
        for leaf in (one for _, one in leaves(full) if isinstance(one, Leaf)):
            for value in leaf.shape.metadata.get("enum", ()):
                yield replace_value(full, leaf, value)


def error(code: str, status: int) -> dict[str, Any]:
    return {"Error": {"Code": code, "Message": "So it is."}, "ResponseMetadata": {"HTTPStatusCode": status}}


def _emptied(value: Any) -> Any:
    """The same without what is in its lists."""
    if isinstance(value, dict):
        return {member: _emptied(inner) for member, inner in value.items()}
    return [] if isinstance(value, list) else value


def test_there_is_every_waiter_of_botocores() -> None:
    names = {
        f"{service}/waiter/{name}"
        for service in LOADER.list_available_services("waiters-2")
        for name in LOADER.load_service_model(service, "waiters-2")["waiters"]
    }
    assert set(ALL) == names and len(names) > 350


@pytest.mark.parametrize("name", ALL)
def test_a_waiter_judges_as_botocore_does_and_succeeds_on_some_answer(name: str) -> None:
    waiter, outcomes = ALL[name], set()
    for answer in answers(waiter):
        seen = (waiter.read_error if "Error" in answer else waiter.read)(answer)
        assert (seen and seen.outcome) == botocores_verdict(name, answer), answer
        if seen:
            outcomes.add(seen.outcome)
            assert seen.status and isinstance(seen.job, dict) and "ResponseMetadata" not in seen.job
    assert "succeeded" in outcomes
    assert outcomes >= {outcome for outcome in waiter.outcome_of.values() if outcome != "running"}


@pytest.mark.parametrize("name", ALL)
def test_a_waiters_request_names_its_resource(name: str) -> None:
    waiter = ALL[name]
    shape = waiter_shape(waiter)
    assert set(shape.required_members) == set(waiter.request) - set(waiter.optional)
    assert set(waiter.request) <= set(shape.members) and waiter.request
    with pytest.raises(InvalidInput, match=r"The request (has no|doesn't identify a job)"):
        check_request(waiter, {}, shape)


def waiter_shape(waiter: waiters.Waiter) -> Any:
    model = service_model(waiter.service)
    assert model
    return model.operation_model(waiter.describe).input_shape


@pytest.mark.parametrize(
    ("name", "request_", "sentence"),
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
def test_a_request_that_names_no_one_resource_is_refused(name: str, request_: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        check_request(ALL[name], request_, waiter_shape(ALL[name]))
    assert str(refused.value).startswith(sentence)


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
def test_a_waiters_job_is_the_one_resource_of_the_answer(
    name: str, answer: dict[str, Any], status: str, job: dict[str, Any] | None
) -> None:
    read = ALL[name].read_error if job is None else ALL[name].read
    seen = read({"ResponseMetadata": {"HTTPStatusCode": 200}, **answer})
    assert seen and (seen.status, seen.job) == (status, job or {"Error": answer["Error"]})


def test_what_may_be_a_secret_is_left_out_of_a_waiters_job_too() -> None:
    task = {"lastStatus": "STOPPED", "overrides": {"containerOverrides": [{"name": "a", "environment": ["secret"]}]}}
    kept = {"lastStatus": "STOPPED", "overrides": {"containerOverrides": [{"name": "a"}]}}
    for tasks, job in (([task], kept), ([task, task], {"tasks": [kept, kept]})):
        seen = ALL["ecs/waiter/TasksStopped"].read({"tasks": tasks})
        assert seen and (seen.outcome, seen.job) == ("succeeded", job)
        assert seen.omitted == ["tasks.overrides.containerOverrides.environment"]


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
def test_what_the_model_marks_and_what_has_a_secrets_name_is_left_out(name: str, path: str) -> None:
    model = service_model(ALL[name].service)
    assert model
    seen = ALL[name].read(sample(model.operation_model(ALL[name].describe).output_shape))
    assert seen and [left for left in seen.omitted if left.startswith(path + ".")]
    told = json.dumps(to_json(seen.job))
    for member in ("HeaderValue", "UserData", '"Environment"', '"environment"', "ResourceModel"):
        assert member not in told


@pytest.fixture
def poll(monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, Any]]:
    """One poll of a watch, as the function makes it where all waiters are enabled."""
    monkeypatch.setattr(describe, "KINDS", ["*/waiter/*"])

    def judged(kind: str, request: Mapping[str, Any], **state: Any) -> dict[str, Any]:
        watch = Watch({"kind": kind, "request": request}, ARN, cast(PollState, {**NEW, **state}), describe.RULES)
        return dict(describe.poll(watch))

    return judged


Poll = Callable[..., dict[str, Any]]


def test_a_waiter_that_succeeds_is_reported_with_its_resource(poll: Poll) -> None:
    request = {"DBSnapshotIdentifier": "nightly"}
    with Stubber(describe.client("rds")) as stub:
        stub.add_response("describe_db_snapshots", {"DBSnapshots": [{"Status": "creating"}]}, request)
        running = poll(SNAPSHOT, request)
        snapshot = {"DBSnapshotIdentifier": "nightly", "Status": "available", "PercentProgress": 100}
        stub.add_response("describe_db_snapshots", {"DBSnapshots": [snapshot]}, request)
        end = poll(SNAPSHOT, request)
    assert running["outcome"] == "running" and running["status"] == "creating" and running["wait"] >= 1
    assert end["detail"]["job"] == snapshot and end["detail"]["status"] == "available"
    assert end["outcome"] == "succeeded" and len(end["subject"]) <= MAX_SUBJECT_LENGTH
    assert end["subject"] == "Succeeded: DBSnapshotCompleted nightly (available)"
    assert end["text"].startswith("The wait for DBSnapshotCompleted succeeded.\n")
    assert json.loads(json.dumps(end)) == end


def test_a_waiter_may_wait_for_an_error(poll: Poll) -> None:
    request = {"DBInstanceIdentifier": "old"}
    with Stubber(describe.client("rds")) as stub:
        stub.add_client_error("describe_db_instances", "DBInstanceNotFound", "No such one.", 404)
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
def test_a_misspelt_name_is_no_success_of_a_waiter_that_waits_for_absence(
    poll: Poll, waiter: str, operation: str, code: str, request_: dict[str, str]
) -> None:
    with Stubber(describe.client(waiter.partition("/")[0])) as stub:
        for _ in range(2):
            stub.add_client_error(operation, code, "No such one.", 404)
        assert poll(waiter, request_)["outcome"] == "running"
        end = poll(waiter, request_, waited=evaluate.GRACE_PERIOD)
    assert (end["outcome"], end["error"]) == ("lost", "WatchLost")
    assert end["detail"]["reason"].endswith(" didn't find the job.")


def test_an_empty_answer_is_no_success_either_of_what_was_never_seen(poll: Poll) -> None:
    request = {"DBSnapshotIdentifier": "nihgtly"}
    with Stubber(describe.client("rds")) as stub:
        for _ in range(3):
            stub.add_response("describe_db_snapshots", {"DBSnapshots": []}, request)
        assert poll("rds/waiter/DBSnapshotDeleted", request)["outcome"] == "running"
        assert poll("rds/waiter/DBSnapshotDeleted", request, waited=evaluate.GRACE_PERIOD)["outcome"] == "lost"
        assert poll("rds/waiter/DBSnapshotDeleted", request, status="deleting")["outcome"] == "succeeded"


def test_waiters_without_a_failure_condition_and_those_that_wait_for_absence_are_known() -> None:
    assert ALL[SNAPSHOT].never_fails and ALL[SNAPSHOT].waits_for_absence
    assert not ALL["rds/waiter/DBSnapshotAvailable"].never_fails
    assert not ALL["rds/waiter/DBInstanceDeleted"].never_fails
    assert ALL["rds/waiter/DBInstanceDeleted"].waits_for_absence
    assert not ALL["s3/waiter/BucketExists"].waits_for_absence


def test_a_waiter_may_look_at_the_http_status(poll: Poll) -> None:
    with Stubber(describe.client("s3")) as stub:
        for status in (404, 404):
            stub.add_client_error("head_bucket", str(status), "Not Found", status)
        missing = poll("s3/waiter/BucketExists", {"Bucket": "ours"})
        gone = poll("s3/waiter/BucketNotExists", {"Bucket": "ours"}, status="waits")
    assert (missing["outcome"], missing["status"], gone["outcome"]) == ("running", "404", "succeeded")


def test_a_permission_that_the_watcher_lacks_is_not_the_waiters_failure(poll: Poll) -> None:
    authority = "arn:aws:acm-pca:eu-west-1:123456789012:certificate-authority/" + "a" * 36
    request = {"CertificateAuthorityArn": authority, "CertificateArn": f"{authority}/certificate/{'b' * 32}"}
    with Stubber(describe.client("acm-pca")) as stub:
        stub.add_client_error("get_certificate", "AccessDeniedException", "Not you.", 400)
        answer = poll("acm-pca/waiter/CertificateIssued", request)
    assert answer["outcome"] == "running" and answer["wait"] >= 1


def test_an_error_that_the_waiter_does_not_know_is_no_news(poll: Poll) -> None:
    with Stubber(describe.client("rds")) as stub:
        stub.add_client_error("describe_db_instances", "ThrottlingException", "Rate exceeded", 400)
        answer = poll("rds/waiter/DBInstanceDeleted", {"DBInstanceIdentifier": "old"})
    assert answer["outcome"] == "running" and answer["wait"] >= 1 and "status" not in answer


def test_each_watch_of_a_waiter_reports_for_it_may_come_to_that_again() -> None:
    waiter = ALL[SNAPSHOT]
    seen = waiter.read({"DBSnapshots": [{"Status": "available"}]})
    assert seen
    given = {"kind": SNAPSHOT, "request": {"DBSnapshotIdentifier": "nightly"}}
    names = {
        str(evaluate.after_answer(Watch(given, arn, NEW, Rules(), waiter), seen, 0)["name"])  # type: ignore[typeddict-item]
        for arn in (ARN, f"{ARN}-2")
    }
    assert len(names) == 2


def test_a_waiter_that_is_not_enabled_is_refused_with_what_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(describe, "KINDS", ["voice-id/S*", "rds/waiter/DBSnapshotC*"])
    with pytest.raises(InvalidInput, match=f"accepted are {SNAPSHOT}, voice-id/SpeakerEnrollmentJob."):
        describe.watched_kind("rds/waiter/DBInstanceDeleted")


@pytest.mark.parametrize("pattern", ["*", "rds/*", "*/DB*"])
def test_patterns_of_kinds_do_not_mean_waiters(pattern: str) -> None:
    assert waiters.kinds([pattern]) == {} and not catalogue.is_enabled(SNAPSHOT, [pattern])
    assert not any("/waiter/" in name for name in catalogue.kinds([pattern]))


def test_an_answer_without_what_is_measured_is_no_match_where_botocores_code_would_raise() -> None:
    seen = ALL["cloudwatch/waiter/AlarmExists"].read({"ResponseMetadata": {"HTTPStatusCode": 200}})
    assert seen and (seen.outcome, seen.status, seen.job) == ("running", "not yet", {})


def test_a_service_without_waiters_has_none() -> None:
    assert waiters.load("voice-id") == {} and waiters.load("no-such-service") == {}


def test_the_oracle_itself_knows_an_error() -> None:
    response: Any = error("NoSuch", 404)
    assert botocores_verdict("rds/waiter/DBInstanceDeleted", response) is None
    assert ClientError(response, "x").response["Error"]["Code"] == "NoSuch"
