"""The settings of a deployment: what is accepted, and the one sentence that a wrong one gets."""

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


def refusal(**context: Any) -> str:
    with pytest.raises(InvalidSetting) as wrong:
        from_context({name.replace("_", "-"): value for name, value in context.items()})
    return str(wrong.value)


def read(**context: Any) -> Settings:
    return from_context({name.replace("_", "-"): value for name, value in context.items()})


def test_without_context_voice_id_is_watched_and_nobody_mailed() -> None:
    made = from_context({})
    assert made.patterns == ("voice-id/*",)
    assert set(made.kinds) == {SPEAKER, FRAUDSTER}
    assert made.email == () and made.email_outcomes == ()
    assert made.give_up_after_days == 14
    assert made.limits == PollingLimits(max_delay_ratio=0.05, min_interval=15, max_interval=900)
    assert made.auto_watch is True and made.progress_step is None and made.allowed_accounts == ()
    assert (stack_name({}), made.runtime, made.architecture) == ("JobWatcher", "python3.13", "arm64")


def test_the_projects_own_context_says_the_defaults() -> None:
    context = json.loads(Path(__file__).parents[2].joinpath("cdk.json").read_text())["context"]
    assert from_context(context) == from_context({})


def test_the_functions_read_the_settings_from_their_bundle() -> None:
    task_root = Path(__file__).parent / "task_root"  # where the unit tests' functions find them
    assert json.loads(from_context({}).function_settings()) == json.loads((task_root / "settings.json").read_text())


@pytest.mark.parametrize(
    "kinds",
    [SPEAKER, [SPEAKER], (SPEAKER,), f" {SPEAKER} ", f"{SPEAKER},", "voice-id/Speaker*", "*/SpeakerEnrollmentJob"],
)
def test_kinds_are_names_or_patterns(kinds: Any) -> None:
    assert set(read(kinds=kinds).kinds) == {SPEAKER}


@pytest.mark.parametrize("kinds", [[SPEAKER, FRAUDSTER], f"{SPEAKER},{FRAUDSTER}", f"{SPEAKER} {FRAUDSTER}"])
def test_several_kinds_are_a_list_or_words(kinds: Any) -> None:
    made = read(kinds=kinds)
    assert made.patterns == (SPEAKER, FRAUDSTER)
    assert set(made.kinds) == {SPEAKER, FRAUDSTER}


def test_a_star_is_the_whole_catalogue() -> None:
    assert read(kinds="*").kinds == catalogue.kinds()


def test_waiters_of_boto3s_are_chosen_by_patterns_of_their_own() -> None:
    assert set(read(kinds="rds/waiter/DBSnapshot*").kinds) == {
        "rds/waiter/DBSnapshotAvailable",
        "rds/waiter/DBSnapshotCompleted",
        "rds/waiter/DBSnapshotDeleted",
    }
    assert set(read(kinds=f"{SPEAKER},s3/waiter/BucketExists").kinds) == {SPEAKER, "s3/waiter/BucketExists"}


def test_a_misspelt_waiter_is_refused_with_the_closest_one() -> None:
    sentence = "kinds: 'rds/waiter/DBSnapshotComplete' matches no kind in the catalogue; did you mean"
    assert refusal(kinds="rds/waiter/DBSnapshotComplete") == f"{sentence} 'rds/waiter/DBSnapshotCompleted'?"
    assert refusal(kinds="rsd/waiter/*").startswith("kinds: 'rsd/waiter/*' matches no kind in the catalogue; ")


@pytest.mark.parametrize("kinds", ["", [], " , "])
def test_no_kinds_are_the_default_ones(kinds: Any) -> None:
    assert read(kinds=kinds).patterns == ("voice-id/*",)


def test_a_misspelt_kind_is_refused_with_a_guess() -> None:
    sentence = f"kinds: 'voice-id/SpeakerEnrolmentJob' matches no kind in the catalogue; did you mean {SPEAKER!r}?"
    assert refusal(kinds=[FRAUDSTER, "voice-id/SpeakerEnrolmentJob"]) == sentence


@pytest.mark.parametrize("pattern", ["voiceid/*", "transcripts", "VOICE-ID/*"])
def test_a_pattern_that_names_no_kind_is_refused(pattern: str) -> None:
    sentence = refusal(kinds=pattern)
    assert sentence.startswith(f"kinds: {pattern!r} matches no kind in the catalogue; ")
    assert "accepted are " in sentence or "did you mean " in sentence


@pytest.mark.parametrize("name", ["kinds", "email", "email-outcomes", "allowed-accounts"])
@pytest.mark.parametrize("value", [7, True, None, {"a": "b"}, ["a@example.com", 7]])
def test_what_is_no_list_of_words_is_refused(name: str, value: Any) -> None:
    with pytest.raises(InvalidSetting) as wrong:
        from_context({name: value})
    assert str(wrong.value) == f"{name} is {value!r}; accepted is a list of strings, or a string with commas."


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
def test_emails_are_one_or_more_addresses(email: Any, addresses: tuple[str, ...]) -> None:
    assert read(email=email).email == addresses


def test_an_address_given_twice_is_mailed_once() -> None:
    assert read(email="team@example.com,team@example.com").email == ("team@example.com",)


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
def test_a_wrong_address_is_refused(address: str) -> None:
    sentence = f"email: {address!r} is not an email address; accepted are addresses such as team@example.com."
    assert refusal(email=["good@example.com", address]) == sentence


@pytest.mark.parametrize(
    ("outcomes", "chosen"),
    [
        ("failed", ("failed",)),
        ("failed,lost", ("failed", "lost")),
        (["succeeded", "partial", "failed", "stopped", "lost"], ("succeeded", "partial", "failed", "stopped", "lost")),
        ("", ()),
    ],
)
def test_email_outcomes_are_any_of_ours(outcomes: Any, chosen: tuple[str, ...]) -> None:
    assert read(email_outcomes=outcomes).email_outcomes == chosen


@pytest.mark.parametrize("outcome", ["running", "FAILED", "COMPLETED_WITH_ERRORS", "fail"])
def test_a_wrong_outcome_is_refused(outcome: str) -> None:
    accepted = "succeeded, partial, failed, stopped, lost"
    sentence = f"email-outcomes: {outcome!r} is not an outcome; accepted are {accepted}."
    assert refusal(email_outcomes=f"failed,{outcome}") == sentence


@pytest.mark.parametrize(("given", "days"), [(14, 14), ("14", 14), (0.5, 0.5), ("0.01", 0.01), (350, 350)])
def test_days_are_a_number(given: Any, days: float) -> None:
    assert read(give_up_after_days=given).give_up_after_days == days


@pytest.mark.parametrize("given", [0, -1, 350.5, 1e9, "", "soon", "14 days", "nan", "inf", None, [14], {}])
def test_days_that_no_execution_can_wait_are_refused(given: Any) -> None:
    sentence = f"give-up-after-days is {given!r}; accepted is a number of days from 0.0001 to 350."
    assert refusal(give_up_after_days=given) == sentence


@pytest.mark.parametrize(
    ("limits", "made"),
    [
        ({"max-delay-ratio": "0.1"}, PollingLimits(max_delay_ratio=0.1)),
        ({"min-interval-seconds": 60, "max-interval-seconds": 60}, PollingLimits(min_interval=60, max_interval=60)),
        ({"max-interval-seconds": 86_400}, PollingLimits(max_interval=86_400)),
        ({"max-delay-ratio": 1, "min-interval-seconds": 1, "max-interval-seconds": 1}, PollingLimits(1, 1, 1)),
    ],
)
def test_a_pace_is_three_numbers(limits: dict[str, Any], made: PollingLimits) -> None:
    assert from_context(limits).limits == made


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
            "min-interval-seconds is 901; accepted is at most max-interval-seconds, which is 900.",
        ),
        (
            {"max-interval-seconds": 14.5},
            "min-interval-seconds is 15; accepted is at most max-interval-seconds, which is 14.5.",
        ),
    ],
)
def test_a_pace_that_no_watch_can_keep_is_refused(context: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InvalidSetting) as wrong:
        from_context(context)
    assert str(wrong.value) == sentence


@pytest.mark.parametrize(
    ("given", "on"), [(True, True), ("true", True), ("on", True), (False, False), ("false", False), ("OFF", False)]
)
def test_triggers_are_on_or_off(given: Any, on: bool) -> None:
    assert read(auto_watch=given).auto_watch is on


@pytest.mark.parametrize("given", ["", "no", 1, None, [], "triggers"])
def test_a_switch_is_nothing_else(given: Any) -> None:
    assert refusal(auto_watch=given) == f"auto-watch is {given!r}; accepted are true, on, false, off."


@pytest.mark.parametrize(
    ("given", "step"),
    [(False, None), ("false", None), ("off", None), (True, 25), ("true", 25), (10, 10), ("10", 10), (100, 100), (1, 1)],
)
def test_progress_events_are_off_or_on_or_a_step(given: Any, step: float | None) -> None:
    assert read(progress_events=given).progress_step == step


@pytest.mark.parametrize("given", [0, "0", 0.5, 101, -25, "nan", "inf"])
def test_a_step_is_from_1_to_100_percent(given: Any) -> None:
    sentence = f"progress-events is {given!r}; accepted are true, false, or a percentage from 1 to 100."
    assert refusal(progress_events=given) == sentence


def test_accounts_are_ids_of_12_digits() -> None:
    assert read(allowed_accounts="123456789012, 000000000001").allowed_accounts == ("123456789012", "000000000001")
    sentence = "allowed-accounts: '12345' is not an account id; accepted are strings of 12 digits."
    assert refusal(allowed_accounts=["123456789012", "12345"]) == sentence


@pytest.mark.parametrize("runtime", ["python3.11", "python3.12", "python3.13", "python3.14"])
def test_the_runtime_is_one_that_aws_lets_customers_create(runtime: str) -> None:
    assert read(runtime=runtime).runtime == runtime


@pytest.mark.parametrize("runtime", ["python3.10", "python3.15", "3.13", "python3", "nodejs24.x", 3.13, None, ""])
def test_any_other_runtime_is_refused(runtime: Any) -> None:
    accepted = "python3.11, python3.12, python3.13, python3.14"
    assert refusal(runtime=runtime) == f"runtime is {runtime!r}; accepted are {accepted}."


def test_the_architecture_is_one_of_lambdas() -> None:
    assert [read(architecture=one).architecture for one in ("arm64", "x86_64")] == ["arm64", "x86_64"]
    assert refusal(architecture="aarch64") == "architecture is 'aarch64'; accepted are arm64, x86_64."


@pytest.mark.parametrize("name", ["JobWatcher", "a", "Jobs-of-team-7", "x" * 128])
def test_a_stack_name_is_one_that_cloudformation_accepts(name: str) -> None:
    assert stack_name({"stack-name": name}) == name


@pytest.mark.parametrize("name", ["", "7jobs", "-jobs", "job_watcher", "job watcher", "jobs\n", "x" * 129, None, 7, []])
def test_a_stack_name_that_cloudformation_refuses_is_refused_at_synth(name: Any) -> None:
    accepted = "accepted are up to 128 letters, digits and hyphens, starting with a letter."
    with pytest.raises(InvalidSetting) as wrong:
        stack_name({"stack-name": name})
    assert str(wrong.value) == f"stack-name is {name!r}; {accepted}"


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("emails", "email"),
        ("kind", "kinds"),
        ("give-up-after", "give-up-after-days"),
        ("emailOutcomes", "email-outcomes"),
    ],
)
def test_a_misspelt_setting_is_refused_with_a_guess(name: str, meant: str) -> None:
    with pytest.raises(InvalidSetting) as wrong:
        from_context({name: "x"})
    assert str(wrong.value) == f"{name!r} is not a setting; did you mean {meant!r}?"


def test_a_setting_like_no_other_is_refused_with_those_there_are() -> None:
    with pytest.raises(InvalidSetting) as wrong:
        from_context({"qqqq": 1})
    assert str(wrong.value).startswith("'qqqq' is not a setting; accepted are kinds, email, email-outcomes, ")


@pytest.mark.parametrize(
    "name",
    [
        "@aws-cdk/aws-iam:minimizePolicies",
        "@aws-cdk/core:target-partitions",
        "aws:cdk:enable-path-metadata",
        "aws:cdk:bundling-stacks",
        "availability-zones:account=123456789012:region=eu-west-1",
        "acknowledged-issue-numbers",  # `cdk acknowledge` writes it into cdk.context.json
        "cli-telemetry",  # and `cdk cli-telemetry --disable` this
    ],
)
def test_the_cdks_own_context_is_not_ours_to_judge(name: str) -> None:
    assert from_context({name: True}) == from_context({})
