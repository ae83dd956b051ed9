"""A deployment's settings: which values are accepted, and the sentence about each invalid one."""

import json
from pathlib import Path
from typing import Any

import pytest

from infra.context import stack_name
from infra.setting_types import InvalidSetting
from infra.settings import Settings
from job_watcher import catalogue
from job_watcher.polling import PollingLimits
from tests.settings import from_context

SPEAKER, FRAUDSTER = "voice-id/SpeakerEnrollmentJob", "voice-id/FraudsterRegistrationJob"


def message(**context: Any) -> str:
    with pytest.raises(InvalidSetting) as invalid:
        from_context({name.replace("_", "-"): value for name, value in context.items()})
    return str(invalid.value)


def read(**context: Any) -> Settings:
    return from_context({name.replace("_", "-"): value for name, value in context.items()})


def test_without_context_voice_id_is_watched_and_nobody_gets_emails() -> None:
    settings = from_context({})
    assert settings.patterns == ("voice-id/*",)
    assert set(settings.kinds) == {SPEAKER, FRAUDSTER}
    assert settings.email == ()
    assert settings.give_up_after == 14 * 86_400
    assert settings.limits == PollingLimits(max_delay_ratio=0.05, min_interval=15, max_interval=180)
    assert (settings.max_concurrency, settings.reserved_concurrency) == (10, None)
    assert settings.dashboard is True
    assert settings.auto_watch is True and settings.progress_step is None and settings.allowed_accounts == ()
    assert (stack_name({}), settings.runtime, settings.architecture) == ("JobWatcher", "python3.13", "arm64")


def test_cdk_json_has_the_defaults() -> None:
    context = json.loads(Path(__file__).parents[2].joinpath("cdk.json").read_text())["context"]
    assert from_context(context) == from_context({})


def test_the_functions_read_the_settings_from_their_bundle() -> None:
    task_root = Path(__file__).parent / "task_root"  # where the functions find them in unit tests
    assert json.loads(from_context({}).function_settings()) == json.loads((task_root / "settings.json").read_text())


@pytest.mark.parametrize(
    "kinds",
    [SPEAKER, [SPEAKER], (SPEAKER,), f" {SPEAKER} ", f"{SPEAKER},", "voice-id/Speaker*", "*/SpeakerEnrollmentJob"],
)
def test_kinds_can_be_a_name_or_a_pattern(kinds: Any) -> None:
    assert set(read(kinds=kinds).kinds) == {SPEAKER}


@pytest.mark.parametrize("kinds", [[SPEAKER, FRAUDSTER], f"{SPEAKER},{FRAUDSTER}", f"{SPEAKER} {FRAUDSTER}"])
def test_several_kinds_can_be_a_list_or_a_string(kinds: Any) -> None:
    settings = read(kinds=kinds)
    assert settings.patterns == (SPEAKER, FRAUDSTER)
    assert set(settings.kinds) == {SPEAKER, FRAUDSTER}


def test_an_asterisk_selects_the_whole_catalogue_without_waiters() -> None:
    assert read(kinds="*").kinds == catalogue.kinds()


def test_boto3_waiters_are_selected_only_by_patterns_with_waiter() -> None:
    assert set(read(kinds="rds/waiter/DBSnapshot*").kinds) == {
        "rds/waiter/DBSnapshotAvailable",
        "rds/waiter/DBSnapshotCompleted",
        "rds/waiter/DBSnapshotDeleted",
    }
    assert set(read(kinds=f"{SPEAKER},s3/waiter/BucketExists").kinds) == {SPEAKER, "s3/waiter/BucketExists"}


def test_a_misspelt_waiter_is_rejected_with_a_suggestion() -> None:
    sentence = "kinds: 'rds/waiter/DBSnapshotComplete' matches no kind in the catalogue; did you mean"
    assert message(kinds="rds/waiter/DBSnapshotComplete") == f"{sentence} 'rds/waiter/DBSnapshotCompleted'?"
    assert message(kinds="rsd/waiter/*").startswith("kinds: 'rsd/waiter/*' matches no kind in the catalogue; ")


@pytest.mark.parametrize("kinds", ["", [], " , "])
def test_an_empty_list_of_kinds_means_the_default(kinds: Any) -> None:
    assert read(kinds=kinds).patterns == ("voice-id/*",)


def test_a_misspelt_kind_is_rejected_with_a_suggestion() -> None:
    sentence = f"kinds: 'voice-id/SpeakerEnrolmentJob' matches no kind in the catalogue; did you mean {SPEAKER!r}?"
    assert message(kinds=[FRAUDSTER, "voice-id/SpeakerEnrolmentJob"]) == sentence


@pytest.mark.parametrize("pattern", ["voiceid/*", "transcripts", "VOICE-ID/*"])
def test_a_pattern_that_matches_no_kind_is_rejected(pattern: str) -> None:
    sentence = message(kinds=pattern)
    assert sentence.startswith(f"kinds: {pattern!r} matches no kind in the catalogue; ")
    assert "accepted are " in sentence or "did you mean " in sentence


@pytest.mark.parametrize("name", ["kinds", "email-outcomes", "allowed-accounts"])
@pytest.mark.parametrize("value", [7, True, None, {"a": "b"}, ["a@example.com", 7]])
def test_a_value_that_is_not_a_list_of_strings_is_rejected(name: str, value: Any) -> None:
    with pytest.raises(InvalidSetting) as invalid:
        from_context({name: value})
    assert str(invalid.value) == f"{name} is {value!r}; accepted is a list of strings, or a string with commas."


@pytest.mark.parametrize(
    ("email", "addresses"),
    [
        ("team@example.com", ("team@example.com",)),
        (["team@example.com"], ("team@example.com",)),
        (
            "team@example.com, on.call+voice@mail.example.co.uk",
            ("team@example.com", "on.call+voice@mail.example.co.uk"),
        ),
        ("", ()),
        ([], ()),
    ],
)
def test_email_can_be_one_or_more_addresses(email: Any, addresses: tuple[str, ...]) -> None:
    assert tuple(subscriber.address for subscriber in read(email=email).email) == addresses


def test_an_address_given_twice_is_subscribed_once() -> None:
    assert read(email="team@example.com,team@example.com").email == read(email="team@example.com").email


@pytest.mark.parametrize(
    "address",
    [
        "team",
        "team@",
        "@example.com",
        "team@example",
        "team@example.",
        "a@b@example.com",
        "a@example.com;b@example.com",
    ],
)
def test_an_invalid_email_address_is_rejected(address: str) -> None:
    sentence = f"email: {address!r} is not an email address; accepted are addresses such as team@example.com."
    assert message(email=["good@example.com", address]) == sentence


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        ("failed", ("failed",)),
        ("failed,lost", ("failed", "lost")),
        (["succeeded", "partial", "failed", "stopped", "lost"], ("succeeded", "partial", "failed", "stopped", "lost")),
        ("", ()),
    ],
)
def test_email_outcomes_can_be_any_final_outcome(outcomes: Any, expected: tuple[str, ...]) -> None:
    (subscriber,) = read(email="team@example.com", email_outcomes=outcomes).email
    assert tuple(subscriber.policy.get("outcome", ())) == expected


@pytest.mark.parametrize("outcome", ["running", "FAILED", "COMPLETED_WITH_ERRORS", "fail"])
def test_an_unknown_outcome_is_rejected(outcome: str) -> None:
    accepted = "succeeded, partial, failed, stopped, lost, overdue"
    sentence = f"email-outcomes: {outcome!r} is not an outcome; accepted are {accepted}."
    assert message(email_outcomes=f"failed,{outcome}") == sentence


@pytest.mark.parametrize(("value", "days"), [(14, 14), ("14", 14), (0.5, 0.5), ("0.01", 0.01), (350, 350)])
def test_give_up_after_days_can_be_a_number_or_a_string(value: Any, days: float) -> None:
    assert read(give_up_after_days=value).give_up_after == round(days * 86_400)


@pytest.mark.parametrize("value", [0, -1, 350.5, 1e9, "", "soon", "14 days", "nan", "inf", None, [14], {}])
def test_a_number_of_days_outside_the_limits_is_rejected(value: Any) -> None:
    sentence = f"give-up-after-days is {value!r}; accepted is a number of days from 0.0001 to 350."
    assert message(give_up_after_days=value) == sentence


@pytest.mark.parametrize(
    ("context", "limits"),
    [
        ({"max-delay-ratio": "0.1"}, PollingLimits(max_delay_ratio=0.1)),
        ({"min-interval-seconds": 60, "max-interval-seconds": 60}, PollingLimits(min_interval=60, max_interval=60)),
        ({"max-interval-seconds": 86_400}, PollingLimits(max_interval=86_400)),
        ({"max-delay-ratio": 1, "min-interval-seconds": 1, "max-interval-seconds": 1}, PollingLimits(1, 1, 1)),
    ],
)
def test_the_polling_limits_can_be_numbers_or_strings(context: dict[str, Any], limits: PollingLimits) -> None:
    assert from_context(context).limits == limits


@pytest.mark.parametrize(
    ("context", "sentence"),
    [
        ({"max-delay-ratio": 0}, "max-delay-ratio is 0; accepted is a number from 0.001 to 1."),
        ({"max-delay-ratio": "5 %"}, "max-delay-ratio is '5 %'; accepted is a number from 0.001 to 1."),
        ({"max-delay-ratio": 1.5}, "max-delay-ratio is 1.5; accepted is a number from 0.001 to 1."),
        (
            {"min-interval-seconds": 0.5},
            "min-interval-seconds is 0.5; accepted is a number of seconds from 1 to 86,400.",
        ),
        (
            {"max-interval-seconds": "nan"},
            "max-interval-seconds is 'nan'; accepted is a number of seconds from 1 to 86,400.",
        ),
        (
            {"max-interval-seconds": None},
            "max-interval-seconds is None; accepted is a number of seconds from 1 to 86,400.",
        ),
        (
            {"min-interval-seconds": 901},
            "min-interval-seconds is 901; accepted is at most max-interval-seconds, which is 180.",
        ),
        (
            {"max-interval-seconds": 14.5},
            "min-interval-seconds is 15; accepted is at most max-interval-seconds, which is 14.5.",
        ),
    ],
)
def test_invalid_polling_limits_are_rejected(context: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InvalidSetting) as invalid:
        from_context(context)
    assert str(invalid.value) == sentence


@pytest.mark.parametrize(
    ("value", "expected"),
    [(True, True), ("true", True), ("on", True), (False, False), ("false", False), ("OFF", False)],
)
def test_auto_watch_can_be_on_or_off(value: Any, expected: bool) -> None:
    assert read(auto_watch=value).auto_watch is expected


def test_the_dashboard_can_be_turned_off() -> None:
    assert [read(dashboard=value).dashboard for value in ("false", "true", False)] == [False, True, False]
    assert message(dashboard="maybe") == "dashboard is 'maybe'; accepted are true, on, false, off."


@pytest.mark.parametrize("value", ["", "no", 1, None, [], "triggers"])
def test_any_other_value_of_auto_watch_is_rejected(value: Any) -> None:
    assert message(auto_watch=value) == f"auto-watch is {value!r}; accepted are true, on, false, off."


@pytest.mark.parametrize(
    ("value", "step"),
    [(False, None), ("false", None), ("off", None), (True, 25), ("true", 25), (10, 10), ("10", 10), (100, 100), (1, 1)],
)
def test_progress_events_can_be_off_on_or_a_percentage(value: Any, step: float | None) -> None:
    assert read(progress_events=value).progress_step == step


@pytest.mark.parametrize("value", [0, "0", 0.5, 101, -25, "nan", "inf", "", "often", None, []])
def test_any_other_value_of_progress_events_is_rejected(value: Any) -> None:
    sentence = f"progress-events is {value!r}; accepted are true, false, or a percentage from 1 to 100."
    assert message(progress_events=value) == sentence


@pytest.mark.parametrize("arn", ["", "arn:aws-cn:kms:cn-north-1:111122223333:key/mrk-1234abcd12ab34cd56ef12"])
def test_the_log_key_is_the_arn_of_a_kms_key(arn: str) -> None:
    assert read(log_key_arn=arn).log_key_arn == arn


@pytest.mark.parametrize("arn", ["1234abcd", "arn:aws:kms:eu-west-1:111122223333:alias/logs", 5, None])
def test_any_other_log_key_is_rejected(arn: Any) -> None:
    assert message(log_key_arn=arn) == f"log-key-arn is {arn!r}; accepted is the ARN of a KMS key."


@pytest.mark.parametrize(("value", "expected"), [("", None), (2, 2), ("50", 50), (10_000, 10_000)])
def test_reserved_concurrency_can_be_a_whole_number(value: Any, expected: int | None) -> None:
    assert read(reserved_concurrency=value).reserved_concurrency == expected


@pytest.mark.parametrize("value", [0, 1, -1, 10_001, "many", True, None])
def test_a_reserved_concurrency_outside_the_limits_is_rejected(value: Any) -> None:
    sentence = f"reserved-concurrency is {value!r}; accepted is a number from 2 to 10,000."
    assert message(reserved_concurrency=value) == sentence


@pytest.mark.parametrize(("value", "expected"), [(2, 2), ("25", 25), (1000, 1000)])
def test_max_concurrency_can_be_a_whole_number(value: Any, expected: int) -> None:
    assert read(max_concurrency=value).max_concurrency == expected


@pytest.mark.parametrize("value", [0, 1, 1001, "", "many", True, None])
def test_a_max_concurrency_outside_lambdas_limits_is_rejected(value: Any) -> None:
    sentence = f"max-concurrency is {value!r}; accepted is a number from 2 to 1,000."
    assert message(max_concurrency=value) == sentence


def test_a_fraction_of_a_concurrent_execution_is_rejected() -> None:
    assert message(reserved_concurrency=2.5) == "reserved-concurrency is 2.5; accepted is a whole number."
    assert message(max_concurrency=2.5) == "max-concurrency is 2.5; accepted is a whole number."


@pytest.mark.parametrize(("reserved", "expected"), [("", 10), (2, 2), (9, 9), (11, 10)])
def test_max_concurrency_is_at_most_the_reserved_concurrency(reserved: Any, expected: int) -> None:
    assert read(reserved_concurrency=reserved).max_concurrency == expected


def test_allowed_accounts_are_ids_of_12_digits() -> None:
    assert read(allowed_accounts="123456789012, 000000000001").allowed_accounts == ("123456789012", "000000000001")
    sentence = "allowed-accounts: '12345' is not an account id; accepted are strings of 12 digits."
    assert message(allowed_accounts=["123456789012", "12345"]) == sentence


@pytest.mark.parametrize("runtime", ["python3.11", "python3.12", "python3.13", "python3.14"])
def test_the_runtime_can_be_one_that_lambda_still_creates(runtime: str) -> None:
    assert read(runtime=runtime).runtime == runtime


@pytest.mark.parametrize("runtime", ["python3.10", "python3.15", "3.13", "python3", "nodejs24.x", 3.13, None, ""])
def test_any_other_runtime_is_rejected(runtime: Any) -> None:
    accepted = "python3.11, python3.12, python3.13, python3.14"
    assert message(runtime=runtime) == f"runtime is {runtime!r}; accepted are {accepted}."


def test_the_architecture_is_one_that_lambda_supports() -> None:
    assert [read(architecture=name).architecture for name in ("arm64", "x86_64")] == ["arm64", "x86_64"]
    assert message(architecture="aarch64") == "architecture is 'aarch64'; accepted are arm64, x86_64."


@pytest.mark.parametrize("name", ["JobWatcher", "a", "Jobs-of-team-7", "x" * 128])
def test_a_stack_name_that_cloudformation_accepts_is_accepted(name: str) -> None:
    assert stack_name({"stack-name": name}) == name


@pytest.mark.parametrize("name", ["", "7jobs", "-jobs", "job_watcher", "job watcher", "jobs\n", "x" * 129, None, 7, []])
def test_a_stack_name_that_cloudformation_rejects_is_rejected_at_synthesis(name: Any) -> None:
    accepted = "accepted are up to 128 letters, digits and hyphens, starting with a letter."
    with pytest.raises(InvalidSetting) as invalid:
        stack_name({"stack-name": name})
    assert str(invalid.value) == f"stack-name is {name!r}; {accepted}"


@pytest.mark.parametrize(
    ("name", "suggested"),
    [
        ("emails", "email"),
        ("kind", "kinds"),
        ("give-up-after", "give-up-after-days"),
        ("emailOutcomes", "email-outcomes"),
    ],
)
def test_a_misspelt_setting_is_rejected_with_a_suggestion(name: str, suggested: str) -> None:
    with pytest.raises(InvalidSetting) as invalid:
        from_context({name: "x"})
    assert str(invalid.value) == f"{name!r} is not a setting; did you mean {suggested!r}?"


def test_an_unknown_setting_is_rejected_with_a_list_of_settings() -> None:
    with pytest.raises(InvalidSetting) as invalid:
        from_context({"qqqq": 1})
    assert str(invalid.value).startswith("'qqqq' is not a setting; accepted are kinds, email, email-outcomes, ")


@pytest.mark.parametrize(
    "name",
    [
        "@aws-cdk/aws-iam:minimizePolicies",
        "@aws-cdk/core:target-partitions",
        "aws:cdk:enable-path-metadata",
        "aws:cdk:bundling-stacks",
        "availability-zones:account=123456789012:region=eu-west-1",
        "acknowledged-issue-numbers",  # `cdk acknowledge` writes it into cdk.context.json
        "cli-telemetry",  # `cdk cli-telemetry --disable` writes it
    ],
)
def test_the_cdks_own_context_is_ignored(name: str) -> None:
    assert from_context({name: True}) == from_context({})
