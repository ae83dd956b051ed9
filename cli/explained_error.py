"""Say what an error of a describe call means for a watch, without AWS."""

from typing import Any

from botocore.exceptions import ClientError

from job_watcher import errors
from job_watcher.errors import Classification, Meaning

CONSEQUENCES = {
    Meaning.UNAVAILABLE: "The watch backs off and keeps polling.",
    Meaning.THROTTLED: "The watch backs off and keeps polling.",
    Meaning.MISSING: "The watch is lost if the job remains missing.",
    Meaning.DENIED: "The watch is lost if access remains denied.",
    Meaning.UNREACHABLE: "The watch is lost if the host name still doesn't exist after 15 minutes.",
    Meaning.INVALID: "A new watch is lost at once. One that has received answers is lost if the error persists.",
}


def classify(code: str, message: str, status: int | None) -> Classification:
    """Return the meaning of an error code with its message and its HTTP status, and the rule that decided."""
    answer: Any = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return errors.classify(ClientError(answer, "Describe"))


def describe(classified: Classification) -> str:
    """Return the meaning, the rule that decided, and what the watch does, as three lines."""
    rule = f"the {classified.decided_by} matches {classified.rule}" if classified.rule else "no rule matches"
    return "\n".join(
        [
            f"meaning  {classified.meaning.value}",
            f"rule     {rule}",
            f"result   {CONSEQUENCES[classified.meaning]}",
        ]
    )
