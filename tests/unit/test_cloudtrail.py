"""What the project says about CloudTrail's events is about services and calls that exist."""

import pytest

from infra.cloudtrail import FACTS, event_sources, is_read_only
from infra.lint import service_model

CALLS = [(service, call) for table in ("read-only",) for service, calls in FACTS[table].items() for call in calls]


@pytest.mark.parametrize(
    ("service", "sources"),
    [
        ("voice-id", ["voiceid.amazonaws.com"]),
        ("emr", ["elasticmapreduce.amazonaws.com"]),
        ("mq", ["amazonmq.amazonaws.com"]),
        ("qconnect", ["wisdom.amazonaws.com", "qconnect.amazonaws.com"]),
        ("no-such-service", []),
    ],
)
def test_an_event_source_is_the_signing_name_unless_aws_says_otherwise(service: str, sources: list[str]) -> None:
    assert event_sources(service) == sources


def test_each_exception_differs_from_the_signing_name_of_an_existing_service() -> None:
    models = {service: service_model(service) for service in FACTS["event-source"]}
    assert all(model and FACTS["event-source"][service] != [model.signing_name] for service, model in models.items())


@pytest.mark.parametrize(("service", "call"), CALLS)
def test_each_call_exists(service: str, call: str) -> None:
    model = service_model(service)
    assert model
    assert call in model.operation_names


def test_read_only_calls_are_those_that_aws_lists_and_those_named_like_reads() -> None:
    assert is_read_only("iam", "GetUser")
    assert is_read_only("glacier", "InitiateJob")
    assert not is_read_only("glacier", "AbortVaultLock")
    assert not is_read_only("glue", "StartJobRun")


def test_the_list_of_read_only_calls_repeats_none_that_is_named_like_one() -> None:
    calls = [call for calls in FACTS["read-only"].values() for call in calls]
    assert not [call for call in calls if call.startswith(("Describe", "Get", "List"))]
