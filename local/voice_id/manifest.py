"""Parse and validate a batch job's input manifest.

The schemas: https://docs.aws.amazon.com/connect/latest/adminguide/speaker-enrollment-job-schema.html
and https://docs.aws.amazon.com/connect/latest/adminguide/fraudster-registration-schema.html
"""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from botocore.model import DenormalizedStructureBuilder, Shape

from local.voice_id.constraints import Violation, violations
from local.voice_id.s3_object import JobError

NON_EMPTY_STRING = {"type": "string", "min": 1}
MAX_PROBLEMS = 3  # in an error message


def requests(uri: str, content: bytes, list_member: str, id_members: Sequence[str]) -> list[dict[str, Any]]:
    """Return the requests in the manifest's `list_member`, each with its ID members and AudioSpecifications.

    Raise JobError with the manifest's URI and the first problems if the manifest isn't valid.
    """
    manifest = parse(uri, content)
    problems = [message(violation) for violation in violations(manifest, schema(list_member, id_members))]
    problems = problems or list(duplicate_request_ids(manifest[list_member]))
    if problems:
        more = len(problems) - MAX_PROBLEMS
        rest = f"; and {more} more" if more > 0 else ""
        raise JobError(f"{uri} is not a valid manifest of {list_member}: {'; '.join(problems[:MAX_PROBLEMS])}{rest}")
    return list(manifest[list_member])


def parse(uri: str, content: bytes) -> Any:
    """Return the JSON value. Raise JobError with the position of a syntax error."""
    try:
        return json.loads(content)
    except json.JSONDecodeError as error:
        raise JobError(f"{uri} is not JSON: {error.msg} at line {error.lineno}, column {error.colno}") from error
    except UnicodeDecodeError as error:
        raise JobError(f"{uri} is not JSON: byte {error.start} is not valid {error.encoding}") from error


def message(violation: Violation) -> str:
    """Return a message such as `SpeakerEnrollmentRequests[2].SpeakerId: Member must not be null`."""
    path = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in violation.path)
    return f"{path.lstrip('.') or 'the file'}: {violation.constraint}"


def duplicate_request_ids(requests: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Yield a message for each RequestId that isn't unique. The results file identifies requests by RequestId."""
    counts = Counter(request["RequestId"] for request in requests)
    yield from (f"RequestId {name!r} occurs {count} times" for name, count in counts.items() if count > 1)


def schema(list_member: str, id_members: Sequence[str]) -> Shape:
    """Return the manifest's schema as a botocore shape. AWS requires every member."""
    audio = {"S3Uri": NON_EMPTY_STRING, "ChannelId": {"type": "integer"}}
    request = {**dict.fromkeys(id_members, NON_EMPTY_STRING), "AudioSpecifications": non_empty_list(audio)}
    manifest = structure({"Version": {"type": "string", "enum": ["1.0"]}, list_member: non_empty_list(request)})
    return DenormalizedStructureBuilder().with_members({"manifest": manifest}).build_model().members["manifest"]


def structure(members: dict[str, Any]) -> dict[str, Any]:
    """Return a structure whose members are all required, in the service model's format."""
    return {"type": "structure", "required": list(members), "members": members}


def non_empty_list(members: dict[str, Any]) -> dict[str, Any]:
    """Return a list of at least one structure with these members, in the service model's format."""
    return {"type": "list", "min": 1, "member": structure(members)}
