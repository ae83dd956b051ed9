"""The watches whose payloads are measured: their inputs, and what each poll finds."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, TypeVar
from unittest.mock import patch

from botocore.model import StructureShape

from infra.service_models import require_service_model
from job_watcher import aws_call, catalogue, detail, evaluate, notification, waiters
from job_watcher.catalogue import Kind, Observation
from job_watcher.detail import serialize
from job_watcher.expressions import search
from job_watcher.news import MAX_NEWS
from job_watcher.poll_state import carry_over
from job_watcher.redaction import redact
from job_watcher.to_json import compact_json
from job_watcher.waiters import Waiter
from job_watcher.watch import Rules, Watch

from .answers import Filler, json_bytes
from .machine import Passed, Run
from .services import ARN, TaskError

T = TypeVar("T")
Poll = Callable[[Watch], Any]
"""Takes the watch and returns a poll's result, or raises a TaskError."""

assert aws_call  # it sets the recursion limit, on which the JSON of deeply nested answers depends
NOW = 1_767_225_600
RULES = Rules(progress_step=10, chat=True)
SPEAKER = catalogue.load("voice-id")["voice-id/SpeakerEnrollmentJob"]
SMALL_REQUEST = {"DomainId": "d" * 22, "JobId": "j" * 22}
MAX_INPUT_LENGTH = 32_768  # characters of an input that the state machine passes on
MAX_EXECUTION_INPUT = 262_144  # bytes that StartExecution accepts
CHARACTERS = {
    "quotation marks": '"',
    "backslashes": "\\",
    "control characters": "\x01",
    "line breaks": "\n",
    "letters": "x",
    "accented letters": "é",
    "ideographs": "語",
    "emojis": "🎙",
    "invisible characters": "\u200b",
    "noncharacters": "\ufffe",
    "lone surrogates": "\ud800",
}


@dataclass(frozen=True)
class Case:
    """A watch: its input, and its polls."""

    name: str
    polls: Sequence[Poll]
    request: Any = field(default_factory=lambda: SMALL_REQUEST)
    kind: Kind | None = SPEAKER
    input: Any = ...
    """The watch's input. By default, it consists of the kind and the request."""
    taken: str = ""
    """The state that starts an execution whose name is taken."""
    runtimes: Sequence[bool] = (False, True)
    """Whether the Lambda runtime escapes characters that aren't ASCII, as that of Python 3.11 does."""

    def run(self) -> Iterator[Passed]:
        """Run the watch in the state machines with each runtime. Yield what they pass."""
        for escapes in self.runtimes:
            yield from self._run(escapes)[0].passed

    def results(self) -> list[Any]:
        """Run the watch. Return the polls' results."""
        return self._run(escapes=False)[1]

    @property
    def watch_input(self) -> Any:
        if self.input is not ...:
            return self.input
        return {"kind": self.kind.name if self.kind else "unknown", "request": self.request, "fail_on": ["failed"]}

    def _run(self, escapes: bool) -> tuple[Run, list[Any]]:
        polls, results = iter(self.polls), []

        def describe(payload: Any) -> Any:
            results.append(self._poll(payload, next(polls)))
            return results[-1]

        run = Run({"describe": describe, "queue": describe}, self.taken)
        with patch.object(detail, "ESCAPED", escapes):
            run.start("watch", self.watch_input)
        return run, results

    def _poll(self, payload: Any, poll: Poll) -> Any:
        watch = Watch(payload["input"], payload["watch"], carry_over(payload["state"]), RULES, self.kind)
        return {**serialize(poll(watch)), "reported": MAX_NEWS, "news": "no answer for an hour"}


def ends(job: Any, outcome: str = "failed", omitted: Sequence[str] = ()) -> Poll:
    """Return a poll that finds a job that has ended. Its status is as long as the job's longest text."""
    observation = Observation(job, str(job.get("JobStatus", "x")), outcome, True, None, NOW, omitted)
    return lambda watch: evaluate.after_answer(watch, observation, NOW)


def runs(status: str, percent: float) -> Poll:
    """Return a poll that finds a running job."""
    observation = Observation({}, status, "running", True, percent, None)
    return lambda watch: evaluate.after_answer(watch, observation, NOW)


def is_lost(error: str, reason: str) -> Poll:
    """Return a poll that ends the watch."""
    return lambda watch: notification.build_watch_lost(watch, error, reason)


def crashes(error: str, cause: str) -> Poll:
    """Return a poll that fails with an error of the Lambda service or the function."""

    def poll(watch: Watch) -> Any:
        raise TaskError(error, cause)

    return poll


def checks_once(watch: Watch) -> Any:
    """Find a running job, without another poll."""
    return {**watch.state, "status": "x" * catalogue.MAX_STATUS_LENGTH}


def longest(build: Callable[[int], T], accepted: Callable[[T], bool], limit: int) -> T:
    """Return what `build` returns for the largest number, up to `limit`, for which it is accepted."""
    low, high = 0, limit
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if accepted(build(middle)) else (low, middle - 1)
    return build(low)


def longest_request(character: str) -> dict[str, str]:
    """Return the request with the longest ID that the state machine passes on."""
    return longest(
        lambda length: {**SMALL_REQUEST, "JobId": character * length},
        lambda request: input_length(Case("", [], request).watch_input) <= MAX_INPUT_LENGTH,
        MAX_INPUT_LENGTH,
    )


def input_length(given: Any) -> int:
    """Return the length of an input as the state machine measures it. JSONata's `$string` escapes lone surrogates."""
    return len(compact_json(given).encode(errors="backslashreplace").decode())


def largest_input(character: str) -> Any:
    """Return the largest input that StartExecution accepts. The state machine doesn't pass it on."""
    return longest(
        lambda length: {"kind": SPEAKER.name, "request": {**SMALL_REQUEST, "JobId": character * length}},
        lambda given: len(compact_json(given).encode(errors="surrogatepass")) <= MAX_EXECUTION_INPUT,
        MAX_EXECUTION_INPUT,
    )


def shapes(character: str) -> Iterator[tuple[str, Any]]:
    """Yield jobs of at least 300,000 bytes as JSON, and what they consist of."""
    length = 300_000 // json_bytes(character)
    part, name = character * (length // 70), character * 60
    reason = {"Message": character * length, "StatusCode": 500}
    yield "one text", {"Notes": character * length}
    yield "70 texts", {f"Part{number}": part for number in range(70)}
    yield "5,000 members", {f"{name}{number}": number for number in range(5_000)}
    yield "70 long names", {f"{part}{number}": number for number in range(70)}
    yield "1,000 levels", {"Tree": nested(character * length, 1_000)}
    yield "a long reason", {"FailureDetails": reason, "JobStatus": character * 1_000}
    yield "a long name and reason", {"JobName": part * 7, "FailureDetails": {"Message": {part * 7: part}}}


def nested(value: Any, depth: int) -> Any:
    """Return the value inside lists and dicts, alternately."""
    for _ in range(depth // 2):
        value = {"a": [value]}
    return value


def cases() -> Iterator[Case]:
    """Yield the cases that don't depend on the kind."""
    for name, character in CHARACTERS.items():
        for case in _cases(character):
            # The runtimes differ only in characters that aren't ASCII.
            yield replace(case, name=f"{case.name}: {name}", runtimes=[False] if character.isascii() else case.runtimes)
    yield Case("an extra check", [checks_once])
    yield Case("a success whose email is left out", [ends({}, "succeeded")], taken="ReserveEmail", runtimes=[False])


def _cases(character: str) -> Iterator[Case]:
    request, invalid = longest_request(character), is_lost("InvalidInput", "x")
    longest_texts = list(_longest_texts(character))
    for shape, job in [*shapes(character), *longest_texts]:
        yield Case(shape, [ends(job)])
        yield Case(f"{shape}, and the longest request", [ends(job)], request, runtimes=[True])
    for shape, job in longest_texts:
        yield Case(f"{shape}, and the email is left out", [ends(job)], taken="ReserveEmail")
        yield Case(f"{shape}, succeeded", [ends(job, "succeeded")], runtimes=[False])
        yield Case(f"{shape}, notified before", [ends(job, "succeeded")], taken="NotifyEnd", runtimes=[False])
    update = [runs("before", 0), runs(character * 5_000, 50), ends({"Notes": character * 9_000})]
    yield Case("progress and the longest request", update, request)
    yield Case("400 secrets", [ends({}, omitted=[f"{character * 5_000}{number}" for number in range(400)])])
    yield Case("a lost watch", [is_lost(character * 300, character * 9_000)], request)
    yield Case("a lost watch of an unknown kind", [invalid], input={"kind": request["JobId"], "request": {}}, kind=None)
    yield Case("the largest input", [invalid], input=largest_input(character))
    yield Case("20 members in the request", [invalid], _wide_request(character))
    yield Case("a failed function", [crashes("x" * 256, character * 32_768)], request)


def _longest_texts(character: str) -> Iterator[tuple[str, Any]]:
    """Yield jobs with the longest text that a notification contains, and that a failed execution's cause contains."""
    for place, accepted, most in (("", _is_whole, 300_000), (" in a cause", _is_in_cause, 33_000)):
        job = longest(partial(_notes, character), partial(_check, accepted), most // json_bytes(character))
        yield f"the longest text that is kept{place}", job


def _notes(character: str, length: int) -> Any:
    return {"Notes": character * length}


def _check(accepted: Callable[[Any], bool], job: Any) -> bool:
    watch = Watch(Case("", []).watch_input, ARN, carry_over({}), RULES, SPEAKER)
    return accepted(serialize(ends(job)(watch)))


def _is_whole(result: Mapping[str, Any]) -> bool:
    return '"omitted":' not in result["message"]


def _is_in_cause(result: Mapping[str, Any]) -> bool:
    return _is_whole(result) and bool(result["cause"] == result["message"])


def _wide_request(character: str) -> dict[str, str]:
    return longest(
        lambda length: {f"{number:02}{character * length}": character * 5 * length for number in range(20)},
        lambda request: input_length(Case("", [], request).watch_input) <= MAX_INPUT_LENGTH,
        MAX_INPUT_LENGTH,
    )


def largest_answers() -> Iterator[Case]:
    """Yield a case with the largest answer that botocore's model allows for each kind and each other call."""
    characters, kinds = list(CHARACTERS.items()), catalogue.kinds().values()
    for number, kind in enumerate([*kinds, *only_of_waiters(kinds).values()]):
        name, character = characters[number % len(characters)]
        polls = [ends_with_largest_answer(kind, character)]
        yield Case(f"the largest {kind.name}: {name}", polls, kind=kind, runtimes=[number % 2 == 1])


def only_of_waiters(kinds: Iterable[Kind]) -> Mapping[tuple[str, str], Kind]:
    """Return a waiter for each call that no other kind makes, by service and operation."""
    calls = {(kind.service, kind.describe) for kind in kinds}
    of_waiters = {(waiter.service, waiter.describe): waiter for waiter in waiters.kinds().values()}
    return {call: waiter for call, waiter in of_waiters.items() if call not in calls}


def ends_with_largest_answer(kind: Kind, character: str) -> Poll:
    """Return a poll that finds the job in the largest answer that botocore's model allows."""
    return lambda watch: ends(*largest_job(kind, character))(watch)


def output_shape(kind: Kind) -> StructureShape:
    """Return the shape of the answer of a kind's describe call."""
    shape = require_service_model(kind.service).operation_model(kind.describe).output_shape
    assert shape is not None
    return shape


def largest_job(kind: Kind, character: str) -> tuple[Any, str, Sequence[str]]:
    """Return the job in the largest answer of a kind's describe call, an outcome, and the paths of its secrets."""
    shape = output_shape(kind)
    answer = Filler(character).largest(shape)
    found = search(kind.job, answer)
    job, secrets = redact(answer, shape) if isinstance(kind, Waiter) else (found, [])
    reported, omitted = kind.remove_omitted(job if isinstance(job, dict) else answer)
    return reported, "failed", [*secrets, *omitted]
