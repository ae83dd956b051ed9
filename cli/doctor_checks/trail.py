"""Whether a CloudTrail trail records the API calls that start jobs."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError

from ..aws_command import aws_command
from ..command import Context
from ..diagnosis import Note, Problem
from ..stack_resources import named

Trail = Mapping[str, Any]
WRITE_SELECTOR = """'[{"ReadWriteType": "WriteOnly", "IncludeManagementEvents": true}]'"""


def check(context: Context) -> Iterator[Problem | Note]:
    """Find a trail that logs management events of write calls in this Region. Automatic watches need one.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html
    """
    if not named(context.resources, "TriggersStart"):
        yield Note("not needed, because auto-watch is off")
        return
    client = context.client("cloudtrail")
    trails = client.describe_trails(includeShadowTrails=True)["trailList"]
    readable, error = _readable(client, trails)
    selecting = [trail for trail, selectors in readable if logs_write_calls(selectors)]
    logging = [trail for trail in selecting if client.get_trail_status(Name=trail["TrailARN"])["IsLogging"]]
    if logging:
        yield Note(logging[0]["Name"])
    elif error:
        raise error
    else:
        yield _problem(context, selecting, trails)


def _readable(client: Any, trails: Sequence[Trail]) -> tuple[list[tuple[Trail, Mapping[str, Any]]], ClientError | None]:
    """Return the trails with their selectors, and an error if some can't be read, such as those of an organization."""
    found, error = [], None
    for trail in trails:
        try:
            found.append((trail, client.get_event_selectors(TrailName=trail["TrailARN"])))
        except ClientError as failure:
            error = failure
    return found, error


def _problem(context: Context, selecting: Sequence[Trail], trails: Sequence[Trail]) -> Problem:
    """Return what is wrong. `selecting` are the trails that would log the calls."""
    if selecting:
        arn, name = selecting[0]["TrailARN"], selecting[0]["Name"]
        return Problem(f"The trail {name} is stopped.", aws_command(context, f"cloudtrail start-logging --name {arn}"))
    if trails:
        arn = trails[0]["TrailARN"]
        command = f"cloudtrail put-event-selectors --trail-name {arn} --event-selectors {WRITE_SELECTOR}"
        text = "No trail logs management events of write calls. The command replaces the selectors of a trail."
        return Problem(text, aws_command(context, command))
    command = "cloudtrail create-trail --name management-events --is-multi-region-trail --s3-bucket-name BUCKET"
    text = "There is no trail in this Region, so API calls don't start watches. Create one, and start its logging."
    return Problem(text, aws_command(context, command))


def logs_write_calls(selectors: Mapping[str, Any]) -> bool:
    """Whether a trail's event selectors, basic or advanced, include management events of write calls.

    https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_GetEventSelectors.html
    """
    basic, advanced = selectors.get("EventSelectors") or [], selectors.get("AdvancedEventSelectors") or []
    return any(map(_is_basic_match, basic)) or any(map(_is_advanced_match, advanced))


def _is_basic_match(selector: Mapping[str, Any]) -> bool:
    """Whether a basic selector matches. By default, it includes all management events."""
    return bool(selector.get("IncludeManagementEvents", True)) and selector.get("ReadWriteType") != "ReadOnly"


def _is_advanced_match(selector: Mapping[str, Any]) -> bool:
    equals = {one["Field"]: one.get("Equals", []) for one in selector["FieldSelectors"]}
    return equals.get("eventCategory") == ["Management"] and "true" not in equals.get("readOnly", [])
