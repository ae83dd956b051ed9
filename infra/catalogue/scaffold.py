"""`make kind SERVICE=glue OPERATION=GetJobRun`: propose a catalogue table for a new kind, from botocore's model."""

import json
import re
import sys
from collections.abc import Iterable, Iterator, Sequence

from botocore.model import OperationModel, ServiceModel

from job_watcher.catalogue import FINAL_OUTCOMES, OUTCOMES, Kind

from ..service_models import service_model, session
from ..suggestion import suggestion
from . import failure_members, status_words
from .status_words import Status

VERBS = ("Start", "Create", "Submit", "Run", "Begin", "Import", "Export", "Execute", "Send", "Invoke")
# Likely members for each key, in lower case; the likeliest comes first.
PATHS = {
    "percent": "percentcomplete percentdone progresspercent percentagecomplete completionpercentage progresspercentage",
    "created": "createdat creationtime creationdatetime createdtime createtime creationdate createdon submittime "
    "submittedat submissiontime starttime startedat startedon startdatetime createddate",
    "ended": "endedat endtime completedat completiontime completedon enddatetime completeddate finishedat stoptime "
    "enddate completiondate completiondatetime",
    "reason": "failurereason statusmessage errormessage statusreason message failuremessage statereason statedetail "
    "failuredetails statusdetails",
    "results": "outputdataconfig outputconfig resulturl outputlocation outputs3uri s3uri",
}


class CannotScaffold(Exception):
    """No table can be proposed. The message says why and what is accepted."""


def scaffold(service: str, operation: str) -> str:
    """Return the proposed table as TOML. A comment `# decide: …` marks what the author must decide.

    Raise CannotScaffold for an unknown service or operation, or if the operation returns no status.
    """
    model = service_model(service) if service else None
    if model is None:
        accepted = session().get_available_services()
        raise CannotScaffold(f"{service!r} is not a boto3 service; {_suggestion(service, accepted, 'glue')}")
    if operation not in model.operation_names:
        hint = _suggestion(operation, model.operation_names, _first_describe(model))
        raise CannotScaffold(f"{operation!r} is not an operation of {service}; {hint}")
    described = model.operation_model(operation)
    candidates = list(status_words.statuses(described.output_shape))
    if not candidates:
        raise CannotScaffold(f"The answer of {operation} has no status; accepted are calls that return a job's status.")
    return "\n".join(_lines(model, described, candidates)) + "\n"


def _lines(model: ServiceModel, described: OperationModel, candidates: Sequence[Status]) -> Iterator[str]:
    status, others = candidates[0], candidates[1:]
    noun = re.sub(r"^(Batch)?(Describe|Get|List|Query|Search)", "", described.name)
    noun = noun.removesuffix("s") if status.job.endswith("]") else noun
    yield f"# https://boto3.amazonaws.com/v1/documentation/api/latest/reference/services/{model.service_name}.html"
    yield f"[{noun or described.name}]"
    yield _line("describe", described.name)
    yield from _request(described)
    yield _line("job", status.job)
    yield _line("status", status.path)
    if others:
        places = ", ".join(f"{other.path} in {other.job}" for other in others[:5])
        yield f"# decide: whether this is the job's status; other candidates: {places}"
    yield from _outcomes(status)
    yield from _paths(status)
    yield from _start(model, noun)
    yield from _contradictions(model, described, status)


def _request(described: OperationModel) -> Iterator[str]:
    shape = described.input_shape
    members = list(shape.members) if shape else []
    required = [name for name in members if shape and name in shape.required_members]
    identifiers = [name for name in members if re.search(r"(Id|Ids|Arn|Arns|Name|Names|Identifier)$", name, re.I)]
    yield _line("request", required or identifiers[:1])
    if not required:
        accepted = ", ".join(members)
        yield f"# decide: which members identify one job; {described.name} requires none and accepts {accepted}"


def _outcomes(status: Status) -> Iterator[str]:
    by_outcome: dict[str, list[str]] = {outcome: [] for outcome in OUTCOMES}
    for value in status.enum:
        by_outcome[status_words.outcome(value) or "running"].append(value)
    for outcome, values in by_outcome.items():
        if values or outcome == "running":
            yield _line(outcome, values)
    doubtful = [value for value in status.enum if status_words.doubtful(value)]
    if not status.enum:
        yield "# decide: the statuses; the model doesn't list them, so take them from the service's documentation"
    if doubtful:
        yield f"# decide: the outcome of {', '.join(doubtful)}; it depends on the service"
    if status.enum and not any(by_outcome[outcome] for outcome in FINAL_OUTCOMES):
        yield f"# decide: which statuses end the job; list at least one under {', '.join(FINAL_OUTCOMES)}"


def _paths(status: Status) -> Iterator[str]:
    for key in PATHS:
        if member := _member(key, status):
            yield _line(key, member)


def _start(model: ServiceModel, noun: str) -> Iterator[str]:
    calls = [verb + noun for verb in VERBS if verb + noun in model.operation_names]
    if calls:
        yield _line("start", calls[:1])
    if len(calls) > 1:
        yield f"# decide: which calls start such a job; other candidates: {', '.join(calls[1:])}"


def _contradictions(model: ServiceModel, described: OperationModel, status: Status) -> Iterator[str]:
    name = f"{model.service_name}/{described.name}"
    kind = Kind(name, described.name, [], status.job, status.path, {}, reason=_member("reason", status))
    if unread := failure_members.unread(kind):
        members = ", ".join(unread)
        yield f"# decide: whether {members} can turn a success into partial or failed; see `but` and `ignored`"


def _member(key: str, status: Status) -> str | None:
    """Return the likeliest member for a key of PATHS; None if the job has none."""
    known = {name.lower(): name for name in status.members}
    return next((known[name] for name in PATHS[key].split() if name in known), None)


def _line(key: str, value: str | Sequence[str]) -> str:
    return f"{key:<9} = {json.dumps(value, ensure_ascii=False)}"


def _suggestion(word: str, accepted: Iterable[str], example: str) -> str:
    return suggestion(word, accepted, f"accepted are names such as {example!r}.")


def _first_describe(model: ServiceModel) -> str:
    names: Sequence[str] = model.operation_names
    return next((name for name in names if name.startswith(("Describe", "Get"))), names[0])


def main(arguments: Sequence[str]) -> int:
    """Print the proposed table and return 0; for wrong arguments, print one sentence to stderr and return 2."""
    if len(arguments) != 2 or not all(arguments):
        print("Give a service and an operation: make kind SERVICE=glue OPERATION=GetJobRun", file=sys.stderr)
        return 2
    try:
        print(scaffold(*arguments), end="")
    except CannotScaffold as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
