"""`make kind SERVICE=glue OPERATION=GetJobRun`: a table for the catalogue, proposed from botocore's model."""

import json
import re
import sys
from collections.abc import Iterable, Iterator, Sequence

from botocore.model import OperationModel, ServiceModel

from job_watcher.catalogue import OUTCOMES, Kind

from ..service_models import service_model, session
from ..suggestion import suggestion
from . import failure_members, status_words

VERBS = ("Start", "Create", "Submit", "Run", "Begin", "Import", "Export", "Execute", "Send", "Invoke")
PATHS = {  # names of members, the likeliest first, in lower case
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
    """No table can be proposed; the message says why and what is accepted."""


def scaffold(service: str, operation: str) -> str:
    """The proposed table as TOML, with a comment where a person must decide; Unproposable for wrong names."""
    model = service_model(service) if service else None
    if model is None:
        accepted = session().get_available_services()
        raise CannotScaffold(f"{service!r} is no service of boto3's; {_suggestion(service, accepted, 'glue')}")
    if operation not in model.operation_names:
        close = _suggestion(operation, model.operation_names, _first_describe(model))
        raise CannotScaffold(f"{operation!r} is no operation of {service}'s; {close}")
    described = model.operation_model(operation)
    found = list(status_words.statuses(described.output_shape))
    if not found:
        raise CannotScaffold(f"The answer of {operation} has no status; accepted are calls that tell one of one job.")
    return "\n".join(_lines(model, described, found)) + "\n"


def _lines(model: ServiceModel, described: OperationModel, found: Sequence[status_words.Status]) -> Iterator[str]:
    status, others = found[0], found[1:]
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
        yield f"# decide: whether this is the job's status; there are also {places}"
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
        yield f"# decide: which members name one job; {described.name} requires none and has {', '.join(members)}"


def _outcomes(status: status_words.Status) -> Iterator[str]:
    by_outcome: dict[str, list[str]] = {outcome: [] for outcome in OUTCOMES}
    for value in status.enum:
        by_outcome[status_words.outcome(value) or "running"].append(value)
    for outcome, values in by_outcome.items():
        if values or outcome == "running":
            yield _line(outcome, values)
    doubtful = [value for value in status.enum if status_words.doubtful(value)]
    if not status.enum:
        yield "# decide: the statuses; the model has no enum of them, so list what the service's documentation says"
    if doubtful:
        yield f"# decide: whether {', '.join(doubtful)} {'means' if len(doubtful) == 1 else 'mean'} that here"
    if status.enum and not any(by_outcome[outcome] for outcome in OUTCOMES[1:]):
        yield f"# decide: which status ends the job; one of {', '.join(OUTCOMES[1:])} must list one"


def _paths(status: status_words.Status) -> Iterator[str]:
    for key in PATHS:
        if member := _member(key, status):
            yield _line(key, member)


def _start(model: ServiceModel, noun: str) -> Iterator[str]:
    calls = [verb + noun for verb in VERBS if verb + noun in model.operation_names]
    if calls:
        yield _line("start", calls[:1])
    if len(calls) > 1:
        yield f"# decide: which call begins such a job; there are also {', '.join(calls[1:])}"


def _contradictions(model: ServiceModel, described: OperationModel, status: status_words.Status) -> Iterator[str]:
    name = f"{model.service_name}/{described.name}"
    kind = Kind(name, described.name, [], status.job, status.path, {}, reason=_member("reason", status))
    if unread := failure_members.unread(kind):
        yield f"# decide: whether a success may be partial or failed by {', '.join(unread)}; see `but` and `ignored`"


def _member(key: str, status: status_words.Status) -> str | None:
    """The member that is likeliest to be this key's value."""
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
    """Print the proposal: 0, or 2 and one sentence."""
    if len(arguments) != 2 or not all(arguments):
        print("Say which: make kind SERVICE=glue OPERATION=GetJobRun", file=sys.stderr)
        return 2
    try:
        print(scaffold(*arguments), end="")
    except CannotScaffold as why:
        print(why, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
