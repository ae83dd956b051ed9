"""docs/events.schema.json is current, and accepts the events that Job Watcher publishes, but no others."""

import json
import re
from collections.abc import Callable
from typing import Any

import jsonschema
import pytest
from jsonschema import Draft202012Validator

from infra.catalogue import event_schema, notifications_page
from job_watcher import detail
from job_watcher.detail import Detail, serialize
from tests.event_schema import FORMATS, check_detail, check_event
from tests.unit.documentation import blocks, page

(EVENT,) = [json.loads(block) for block in blocks(page("docs/events.md"), "json") if '"job-watcher"' in block]
Change = Callable[[dict[str, Any]], Any]
LOST = {"outcome": "lost", "error": "NotFound", "reason": "The service's answer contained no such job."}
PROGRESS = {"outcome": "running", "status": "RUNNING", "percent": 50}


def without(*names: str, **members: Any) -> dict[str, Any]:
    """Return the detail in docs/events.md without some of its members, and with others."""
    kept = {name: value for name, value in EVENT["detail"].items() if name not in names}
    return {**kept, **members}


OVERDUE = {"outcome": "running", "status": "RUNNING", "reason": "It is slow.", "changed": "2026-11-24T19:18:40Z"}
VALID = {
    "Job Ended": without(),
    "Watch Lost": without("job", **LOST),
    "Job Progressed": without("job", "ended", "seconds", **PROGRESS),
    "Job Overdue": without("job", "ended", **OVERDUE),
}
"""A detail of each type."""
REQUIRED = [(name, member) for name, one in event_schema.DETAIL_TYPES.items() for member in one.required]


def test_the_schema_is_up_to_date() -> None:
    assert json.loads(event_schema.PAGE.read_text(encoding="utf-8")) == event_schema.schema(), "run `make schema`"


def test_the_schema_is_valid_json_schema_with_known_formats() -> None:
    Draft202012Validator.check_schema(event_schema.schema())
    formats = set(re.findall(r'"format": "([^"]+)"', json.dumps(event_schema.schema())))
    assert formats == set(FORMATS.checkers)


def test_there_is_one_definition_for_each_detail_type() -> None:
    assert set(event_schema.DETAIL_TYPES) == {"Job Ended", detail.JOB_OVERDUE, *detail._DETAIL_TYPES.values()}


@pytest.mark.parametrize("name", event_schema.DETAIL_TYPES)
def test_each_member_of_the_type_is_described_or_absent(name: str) -> None:
    properties = event_schema.schema()["$defs"][event_schema.definition_name(name)]["properties"]
    assert set(properties) == Detail.__required_keys__ | Detail.__optional_keys__
    absent = event_schema.DETAIL_TYPES[name].absent
    assert all(value is False if member in absent else value["description"] for member, value in properties.items())


def test_the_event_in_the_documentation_is_valid() -> None:
    check_event(EVENT)


@pytest.mark.parametrize("sample", notifications_page.SAMPLES)
def test_the_event_about_each_sample_job_is_valid(sample: dict[str, Any]) -> None:
    result = serialize(notifications_page.email(sample))
    event = {"source": "job-watcher", "detail-type": result["detail_type"], "detail": json.loads(result["message"])}
    check_event(event)


@pytest.mark.parametrize(
    ("detail_type", "value"),
    [
        *VALID.items(),
        ("Job Ended", without("title", "reason", "results", "created", "ended", "seconds", "links")),
        ("Job Ended", without("kind", kind=None, omitted=["kind"])),
        ("Watch Lost", without(**{**LOST, "kind": ["x"], "request": {}})),
        ("Job Progressed", without("job", "ended", "seconds", **{**PROGRESS, "percent": None})),
    ],
)
def test_a_detail_is_accepted(detail_type: str, value: Any) -> None:
    check_detail(detail_type, value)


@pytest.mark.parametrize(
    ("detail_type", "value"),
    [
        *[("Watch Lost", {**VALID["Watch Lost"], name: None}) for name in ("error", "reason", "polls")],
        ("Job Ended", []),
        ("Job Ended", without(outcome="lost")),
        ("Job Ended", without(outcome="running")),
        ("Job Ended", without(**LOST)),
        ("Job Ended", without(percent=50)),
        ("Job Ended", without(kind=7)),
        ("Job Ended", without(request=[])),
        ("Job Ended", without(job=None)),
        ("Job Ended", without(polls=-1)),
        ("Job Ended", without(polls=1.5)),
        ("Job Ended", without(seconds="7")),
        ("Job Ended", without(created="2026-11-24 19:18:38")),
        ("Job Ended", without(ended="2026-11-24T19:18:45+01:00")),
        ("Job Ended", without(ended="2026-13-24T19:18:45Z")),
        ("Job Ended", without(account="1111")),
        ("Job Ended", without(watch="arn:aws:states:us-east-1:111122223333:stateMachine:Watch")),
        ("Job Ended", without(links={})),
        ("Job Ended", without(links={"watch": "the console"})),
        ("Job Ended", without(links={"watch": "http://example.com"})),
        ("Job Ended", without(omitted=[])),
        ("Job Ended", without(titel="new-callers")),
        ("Watch Lost", without(**{**LOST, "outcome": "failed"})),
        ("Job Progressed", without("ended", "seconds", **PROGRESS)),
        ("Job Progressed", without("job", "ended", "seconds", **{**PROGRESS, "percent": "50"})),
    ],
)
def test_a_wrong_detail_is_rejected(detail_type: str, value: Any) -> None:
    with pytest.raises(jsonschema.ValidationError):
        check_detail(detail_type, value)


@pytest.mark.parametrize(("detail_type", "name"), REQUIRED)
def test_a_detail_without_a_required_member_is_rejected(detail_type: str, name: str) -> None:
    incomplete = {member: value for member, value in VALID[detail_type].items() if member != name}
    with pytest.raises(jsonschema.ValidationError):
        check_detail(detail_type, incomplete)


@pytest.mark.parametrize(
    "members", [{"source": "job-watchers"}, {"detail-type": "Job ended"}, {"detail-type": "Watch Lost"}]
)
def test_a_wrong_event_is_rejected(members: dict[str, str]) -> None:
    schema = Draft202012Validator(event_schema.schema())
    assert schema.is_valid(EVENT)
    assert not schema.is_valid({**EVENT, **members})


def test_subscribers_accept_the_members_of_later_versions() -> None:
    added = {**EVENT, "detail": without(added_later=True)}
    assert Draft202012Validator(event_schema.schema()).is_valid(added)
