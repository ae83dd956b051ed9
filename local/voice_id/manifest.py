"""A batch job's input manifest: the requests it lists, or what is wrong with it.

Its schema: https://docs.aws.amazon.com/connect/latest/adminguide/speaker-enrollment-job-schema.html
and https://docs.aws.amazon.com/connect/latest/adminguide/fraudster-registration-schema.html
"""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from botocore.model import DenormalizedStructureBuilder, Shape

from local.voice_id.constraints import Violation, violations
from local.voice_id.s3_object import Unusable

TEXT = {"type": "string", "min": 1}


def requests(uri: str, content: bytes, name: str, members: Sequence[str]) -> list[dict[str, Any]]:
    """The requests under `name`, each with the string `members` and AudioSpecifications; Unusable names the file."""
    try:
        manifest = json.loads(content)
    except json.JSONDecodeError as error:
        raise Unusable(f"{uri} is not JSON: {error.msg} at line {error.lineno}, column {error.colno}") from error
    except UnicodeDecodeError as error:
        raise Unusable(f"{uri} is not JSON: its byte {error.start} is not {error.encoding}") from error
    problems = [said(violation) for violation in violations(manifest, schema(name, members))]
    problems = problems or list(repeated(manifest[name]))
    if problems:
        rest = f"; and {len(problems) - 3} more" if problems[3:] else ""
        raise Unusable(f"{uri} is not a manifest of {name}: {'; '.join(problems[:3])}{rest}")
    return list(manifest[name])


def said(violation: Violation) -> str:
    """`SpeakerEnrollmentRequests[2].SpeakerId: Member must not be null`"""
    path = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in violation.path)
    return f"{path.lstrip('.') or 'the whole'}: {violation.demand}"


def repeated(requests: Sequence[dict[str, Any]]) -> Iterator[str]:
    """RequestIds map the output's entries to the input's, so each may occur once."""
    times = Counter(request["RequestId"] for request in requests)
    yield from (f"RequestId {name!r} occurs {count} times" for name, count in times.items() if count > 1)


def schema(name: str, members: Sequence[str]) -> Shape:
    """The manifest's schema in a service model's terms. AWS requires every member."""
    audio = {"S3Uri": TEXT, "ChannelId": {"type": "integer"}}
    request = {**dict.fromkeys(members, TEXT), "AudioSpecifications": some(audio)}
    manifest = structure({"Version": {"type": "string", "enum": ["1.0"]}, name: some(request)})
    return DenormalizedStructureBuilder().with_members({"manifest": manifest}).build_model().members["manifest"]


def structure(members: dict[str, Any]) -> dict[str, Any]:
    return {"type": "structure", "required": list(members), "members": members}


def some(members: dict[str, Any]) -> dict[str, Any]:
    return {"type": "list", "min": 1, "member": structure(members)}
