"""The setting `email`: which address receives which emails. moto's SNS evaluates the filter policies."""

import json
from typing import Any

import pytest
from moto.sns.utils import FilterPolicyMatcher

from infra.setting_types import InvalidSetting
from infra.subscribers import MAX_COMBINATIONS, SEVERAL_JOBS, Subscriber, alarm_addresses
from job_watcher import catalogue
from tests.settings import from_context

KINDS = "glue/*,ecs/*,batch/Job,emr/*,s3/*,s3/waiter/*"
ROUTE = '{"to": "team@example.com", "kinds": "glue/*", "outcomes": ["failed"]}'
FORM = f"accepted is a list of addresses, and of routes such as {ROUTE}."
OPS, ETL, ALL = "ops@example.com", "etl@example.com", "all@example.com"
CATALOGUE = catalogue.kinds()


def read(email: Any, kinds: Any = KINDS, outcomes: str = "") -> dict[str, Subscriber]:
    settings = from_context({"kinds": kinds, "email": email, "email-outcomes": outcomes})
    return {subscriber.address: subscriber for subscriber in settings.email}


def receives(subscriber: Subscriber, kind: str | None, outcome: str, title: str = "") -> bool:
    """Whether SNS would send a message with these attributes to the address."""
    attributes = {"kind": kind, "status": "FAILED", "outcome": outcome, "title": title}
    sent = {name: {"Type": "String", "Value": value} for name, value in attributes.items() if value}
    return FilterPolicyMatcher(dict(subscriber.policy), None).matches(sent, "")


@pytest.mark.parametrize(
    ("route", "policy"),
    [
        ({}, {}),
        ({"kinds": []}, {}),
        ({"kinds": "*", "outcomes": ""}, {}),
        ({"kinds": "glue/JobRun"}, {"kind": ["glue/JobRun"]}),
        ({"kinds": "glue/*"}, {"kind": [{"prefix": "glue/"}]}),
        ({"kinds": "glue/J*"}, {"kind": [{"prefix": "glue/J"}]}),
        ({"kinds": "ecs/T*,batch/Job"}, {"kind": [{"prefix": "ecs/T"}, "batch/Job"]}),
        ({"kinds": "*/Job"}, {"kind": ["batch/Job"]}),
        ({"kinds": ["*/Task", "*/JobR[ux]n"]}, {"kind": ["ecs/Task", "glue/JobRun"]}),
        ({"kinds": "s3/waiter/B*"}, {"kind": [{"prefix": "s3/waiter/B"}]}),
        (
            {"kinds": "glue/*", "outcomes": ["failed", "lost"]},
            {"kind": [{"prefix": "glue/"}], "outcome": ["failed", "lost"]},
        ),
        ({"outcomes": "failed,lost"}, {"outcome": ["failed", "lost"]}),
        ({"title": "nightly-orders"}, {"title": ["nightly-orders", SEVERAL_JOBS]}),
        ({"title": ["prod-*", "*-daily"]}, {"title": [{"prefix": "prod-"}, {"suffix": "-daily"}, SEVERAL_JOBS]}),
        (
            {"kinds": "glue/*", "title": "prod-*"},
            {"kind": [{"prefix": "glue/"}], "title": [{"prefix": "prod-"}, SEVERAL_JOBS]},
        ),
    ],
)
def test_a_route_becomes_a_filter_policy(route: dict[str, Any], policy: Any) -> None:
    assert read([{"to": ETL, **route}])[ETL].policy == policy


def test_waiters_match_only_patterns_with_waiter_as_in_the_setting_kinds() -> None:
    policy = read([{"to": ETL, "kinds": "s3/*"}])[ETL].policy
    assert policy == {"kind": [name for name in CATALOGUE if name.startswith("s3/")]}


@pytest.mark.parametrize("pattern", ["glue/*", "*/Job*", "ecs/Task", "s3/*", "s3/waiter/*", "*"])
def test_an_address_receives_exactly_the_emails_that_its_route_describes(pattern: str) -> None:
    settings = from_context({"kinds": KINDS, "email": [{"to": ETL, "kinds": pattern, "outcomes": "failed,lost"}]})
    for kind in settings.kinds:
        for outcome in ("succeeded", "failed", "lost"):
            described = outcome != "succeeded" and (pattern == "*" or catalogue.is_enabled(kind, [pattern]))
            assert receives(settings.email[0], kind, outcome) is described, (kind, outcome)


def test_addresses_and_routes_without_outcomes_have_those_of_email_outcomes() -> None:
    found = read([OPS, {"to": ETL, "kinds": "ecs/*"}, {"to": ALL, "outcomes": "succeeded"}], outcomes="failed")
    assert found[OPS].policy == {"outcome": ["failed"]}
    assert found[ETL].policy == {"kind": [{"prefix": "ecs/"}], "outcome": ["failed"]}
    assert found[ALL].policy == {"outcome": ["succeeded"]}


def test_a_watch_that_is_lost_without_a_kind_is_reported_to_addresses_with_all_kinds() -> None:
    found = read([OPS, {"to": ALL, "outcomes": "lost"}, {"to": ETL, "kinds": "glue/*"}])
    assert [address for address, one in found.items() if receives(one, None, "lost")] == [OPS, ALL]
    assert [address for address, one in found.items() if receives(one, "glue/Misspelt", "lost")] == [OPS, ALL, ETL]


@pytest.mark.parametrize(
    ("routes", "policy"),
    [
        ([{"kinds": "ecs/*"}, {"kinds": "glue/*"}], {"kind": [{"prefix": "ecs/"}, {"prefix": "glue/"}]}),
        ([{"kinds": "ecs/*"}, {"kinds": ["ecs/*", "batch/Job"]}], {"kind": [{"prefix": "ecs/"}, "batch/Job"]}),
        ([{"kinds": "ecs/*"}, {}], {}),
        ([{"outcomes": "lost"}, {"kinds": "ecs/*", "outcomes": "lost"}], {"outcome": ["lost"]}),
        (
            [{"kinds": "ecs/*", "outcomes": "lost"}, {"kinds": "glue/*", "outcomes": "failed"}],
            {
                "$or": [
                    {"kind": [{"prefix": "ecs/"}], "outcome": ["lost"]},
                    {"kind": [{"prefix": "glue/"}], "outcome": ["failed"]},
                ]
            },
        ),
        (
            [{"kinds": "ecs/*"}, {"outcomes": "failed"}],
            {"$or": [{"kind": [{"prefix": "ecs/"}]}, {"outcome": ["failed"]}]},
        ),
    ],
)
def test_an_address_with_several_routes_has_one_subscription(routes: list[Any], policy: Any) -> None:
    (subscriber,) = read([{"to": ETL, **route} for route in routes]).values()
    assert subscriber.policy == policy
    for kind in ("ecs/Task", "glue/JobRun", "batch/Job"):
        for outcome in ("failed", "lost"):
            separate = [read([{"to": ETL, **route}])[ETL] for route in routes]
            assert receives(subscriber, kind, outcome) is any(receives(one, kind, outcome) for one in separate)


def test_a_route_with_a_title_receives_only_emails_about_jobs_with_this_title() -> None:
    found = read([{"to": ETL, "title": ["prod-*", "*-daily"]}, {"to": ETL, "title": "a", "outcomes": "lost"}, OPS])
    sent = [
        ("prod-orders", "failed"),
        ("x-daily", "lost"),
        ("a", "lost"),
        ("a", "failed"),
        ("x-prod-", "lost"),
        ("", "lost"),
        (SEVERAL_JOBS, "failed"),  # the email about those that were left out
    ]
    received = [title for title, outcome in sent if receives(found[ETL], "glue/JobRun", outcome, title)]
    assert received == ["prod-orders", "x-daily", "a", SEVERAL_JOBS]
    assert alarm_addresses(found.values()) == [OPS]


def test_a_route_can_have_several_addresses() -> None:
    assert list(read([{"to": [OPS, ETL], "kinds": "ecs/*"}, ALL])) == [OPS, ETL, ALL]
    assert read([{"to": f"{OPS},{ETL}"}]) == read([OPS, ETL])


@pytest.mark.parametrize(
    ("email", "addresses"),
    [
        ([OPS, {"to": ETL, "kinds": "glue/*"}], [OPS]),
        ([{"to": OPS, "outcomes": "lost"}, {"to": ETL, "kinds": "glue/*"}], [OPS]),
        ([{"to": ETL, "kinds": "glue/*"}, {"to": ALL, "kinds": "ecs/*"}], [ETL, ALL]),
        ([{"to": ETL, "kinds": "glue/*"}, {"to": ETL, "outcomes": "lost"}, {"to": ALL, "kinds": "ecs/*"}], [ETL]),
        ([], []),
    ],
)
def test_alarms_go_to_the_addresses_with_all_kinds_or_else_to_all(email: Any, addresses: list[str]) -> None:
    assert alarm_addresses(read(email).values()) == addresses


def test_routes_can_be_json_in_the_command_line() -> None:
    email = [OPS, {"to": ETL, "kinds": "glue/*"}]
    assert read(json.dumps(email)) == read(email)


@pytest.mark.parametrize(
    ("email", "problem"),
    [
        (7, f" is 7; {FORM}"),
        ({"to": ETL}, f" is {{'to': '{ETL}'}}; {FORM}"),
        ([OPS, 7], f" is ['{OPS}', 7]; {FORM}"),
        (ROUTE, f" is {ROUTE!r}; {FORM}"),
        ("[ops", f" is '[ops', which is not JSON; {FORM}"),
        ([{"kinds": "glue/*"}], f": {{'kinds': 'glue/*'}} has no address; accepted are routes such as {ROUTE}."),
        (
            [{"to": "ops"}],
            ": 'ops' is not an email address; accepted are addresses such as team@example.com.",
        ),
        ([{"to": ETL, "kind": "glue/*"}], ": 'kind' is not a member of a route; did you mean 'kinds'?"),
        ([{"to": ETL, "titel": "prod-*"}], ": 'titel' is not a member of a route; did you mean 'title'?"),
        *(
            (
                [{"to": ETL, "title": title}],
                f": SNS can't match the title {title!r}; accepted are a title, its beginning such as 'prod-*', and its "
                "end such as '*-daily'.",
            )
            for title in ("prod-*-daily", "*prod*", "prod-?", "prod-[ab]", "*")
        ),
        ([{"to": ETL, "kinds": "glue/JobRn"}], ": 'glue/JobRn' matches no enabled kind; did you mean 'glue/JobRun'?"),
        (
            [{"to": ETL, "outcomes": ["running"]}],
            ": outcomes: 'running' is not an outcome; accepted are succeeded, partial, failed, stopped, lost, overdue.",
        ),
        ([{"to": ETL, "kinds": 7}], ": kinds is 7; accepted is a list of strings, or a string with commas."),
    ],
)
def test_an_invalid_address_or_route_is_rejected_with_one_sentence(email: Any, problem: str) -> None:
    with pytest.raises(InvalidSetting) as invalid:
        read(email)
    assert str(invalid.value) == f"email{problem}"


def test_a_route_that_exceeds_the_limits_of_filter_policies_is_rejected() -> None:
    accepted = "SNS accepts 5 keys and 150 combinations, so use fewer routes or kinds, or several addresses."
    names = [name for name in CATALOGUE if name.startswith("s")][: MAX_COMBINATIONS // 2 + 1]
    with pytest.raises(InvalidSetting) as invalid:
        read([{"to": ETL, "kinds": names, "outcomes": "failed,lost"}], "*")
    problem = "needs a filter policy with 2 keys and 152 combinations of values"
    assert str(invalid.value) == f"email: '{ETL}' {problem}; {accepted}"
    assert read([{"to": ETL, "kinds": names[:-1], "outcomes": "failed,lost"}], "*")
    routes = [{"to": ETL, "kinds": "ecs/*", "outcomes": outcome} for outcome in ("failed", "lost", "stopped")]
    with pytest.raises(InvalidSetting, match="with 7 keys and 3 combinations of values; SNS accepts 5 keys"):
        read(routes)
    assert read(routes[:2])


def test_more_filter_policies_than_a_topic_can_have_are_rejected() -> None:
    addresses = [f"team{number}@example.com" for number in range(201)]
    assert len(read(addresses)) == 201
    with pytest.raises(InvalidSetting) as invalid:
        read(addresses, outcomes="failed")
    assert str(invalid.value) == "email has 201 addresses with filters; SNS accepts 200 per topic."
