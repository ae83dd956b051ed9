"""What one poll means for a watch: wait and ask again, the job has ended, or the watch is lost."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, cast

from . import notification, polling
from .catalogue import Kind, Seen
from .errors import Meaning
from .expressions import search
from .job import Detail, End, Memory, Progress, fit, job_name, moment, plain

GRACE = 120  # seconds in which a new job or role may not be visible yet
TRUST = 0.1  # of the time a watch went well: how long it then waits for its job to be seen again
DAY = 24 * 3600
OLDEST = 366 * 24 * 3600  # seconds; a creation time before that isn't the run's, because no watch lasts longer
OLD_NEWS = 80 * 24 * 3600  # seconds; Step Functions frees the names of notifications after 90 days
LOOKS = 3  # polls of a watch that is to poll once, if the service throttles or fails
REASON = 2_000  # characters of a reason


@dataclass(frozen=True)
class Rules:
    """The deployment's settings."""

    give_up_after: float = 14 * 24 * 3600
    pace: polling.Pace = field(default_factory=polling.Pace)
    event_pace: polling.Pace | None = None
    """For kinds whose services send an event at the end; None if such events don't start polls."""
    progress_step: float | None = None
    """Percent between two Job Progressed events; None: no such events."""


@dataclass(frozen=True)
class Watch:
    """One execution of the Watch state machine at one poll: its input, its ARN, and what it remembers."""

    input: Any
    arn: str
    memory: Memory
    rules: Rules
    kind: Kind | None = None

    @property
    def once(self) -> bool:
        """Whether this watch looks once and leaves the rest to another that is running."""
        return isinstance(self.input, dict) and self.input.get("once") is True

    @property
    def event(self) -> Mapping[str, Any] | None:
        """The event that started this watch, where one did: its id and time, and whether it was the service's own."""
        given = self.input.get("event") if isinstance(self.input, dict) else None
        return given if isinstance(given, Mapping) else None

    @property
    def pace(self) -> polling.Pace:
        """The deployment's, with what the kind wants otherwise; a resource that recurs isn't polled on events."""
        with_events = self.kind is not None and bool(self.kind.event) and not self.kind.recurs
        pace = (self.rules.event_pace if with_events else None) or self.rules.pace
        return replace(pace, **(self.kind.polling if self.kind else {}))

    @property
    def from_news(self) -> bool:
        """Whether the service's own event started this watch: it may be about a deletion."""
        return self.event is not None and self.event.get("news") is True


def news(watch: Watch, seen: Seen, now: float) -> Memory | Progress | End:
    """After an answer, `now` in seconds since 1970: seconds to wait while the job runs, or its announcement."""
    memory = _remember(watch, seen, now)
    if seen.outcome != "running":
        return memory if _is_old(watch, seen, now) else _ended(watch, seen)
    if watch.once:
        return memory
    if memory["waited"] >= watch.rules.give_up_after:
        reason = f"Gave up after {notification.span(memory['waited'])}: the job is still {seen.status}."
        return lost(watch, "GaveUp", reason, seen)
    return _progress(watch, _wait(watch, memory, _interval(watch, memory)), seen)


def no_news(watch: Watch, meaning: Meaning, error: str, reason: str, chance: float) -> Memory | End:
    """After an error: seconds to wait before the next try (`chance` is random in 0..1), or the loss of the watch.

    A job that is missing or denied loses the watch only if this lasts: for two polls and two minutes at least, counted
    from the last good answer and from the last throttled or failed call; and for a tenth of the time that the watch had
    gone well until its last good answer, up to a day. So an IAM mistake of an hour doesn't end a watch of a day.
    An invalid request loses the watch at once, unless the same request has had a good answer before.
    A watch that the service's own event started ends without a notification if its job was missing from the first poll:
    the answer is then the memory without a wait.
    """
    memory = _dated(watch.memory)
    waited = memory["waited"]
    passing = meaning in (Meaning.UNAVAILABLE, Meaning.THROTTLED)
    if watch.once:
        again = passing and memory["polls"] < LOOKS
        return _wait(watch, memory, watch.pace.shortest * memory["polls"]) if again else _without_wait(memory)
    hopeless = meaning is Meaning.INVALID and "answered" not in memory
    interval = _interval(watch, memory)
    if hopeless or not (passing or _patient(memory, interval)):
        gone = watch.from_news and meaning is Meaning.MISSING and "answered" not in memory
        return _without_wait(memory) if gone else lost(watch, error, reason)
    if waited >= watch.rules.give_up_after:
        return lost(
            watch, "GaveUp", f"Gave up after {notification.span(waited)}; the last answer was {error}: {reason}"
        )
    if passing:
        return _wait(watch, {**memory, "disturbed": waited}, polling.backoff(watch.pace, interval, chance))
    return _wait(watch, memory, interval)


def _patient(memory: Memory, interval: float) -> bool:
    """Whether a watch whose job is missing or denied should go on; the next poll would follow after `interval`."""
    waited = memory["waited"]
    silent = memory.get("age", 0) - memory["answered"] if "answered" in memory else waited
    undisturbed = min(silent, waited - memory.get("disturbed", 0))
    two_polls = 2 * max(interval, memory.get("wait", 0))
    return undisturbed < max(GRACE, two_polls) or silent < min(DAY, TRUST * (waited - silent))


def _without_wait(memory: Memory) -> Memory:
    return cast(Memory, {member: value for member, value in memory.items() if member != "wait"})


def _dated(memory: Memory) -> Memory:
    """The memory with the job's age at the last answer; old versions of the watcher didn't keep it, then it is now."""
    age = memory.get("age", 0)
    return {**memory, "age": age, "answered": memory.get("answered", age)} if "status" in memory else memory


def lost(watch: Watch, error: str, reason: str, seen: Seen | None = None) -> End:
    """The announcement that this watch cannot go on, under the watch's own name: a later one can still end well."""
    told = _detail(watch, "lost", seen)
    told |= {"error": error, "reason": reason if len(reason) <= REASON else reason[:REASON] + "…"}
    if "status" in watch.memory:
        told.setdefault("status", watch.memory["status"])
    return {**_end(watch, told, watch.arn.rpartition(":")[2]), "error": "WatchLost"}


def _progress(watch: Watch, memory: Memory, seen: Seen) -> Memory | Progress:
    """The memory, with an announcement when the status changed or the percentage passed another step."""
    step = watch.rules.progress_step
    before = watch.memory.get("status"), _steps(watch.memory.get("percent"), step)
    now = seen.status, _steps(seen.percent, step)
    if step is None or before[0] is None or before == now:
        return memory
    told: Detail = {**_detail(watch, "running", None), "status": seen.status, "percent": seen.percent}
    name = job_name(told["kind"], told["request"], [_identity(watch, seen), *now])
    return {**memory, "name": name, "detail": told, "subject": "", "text": ""}


def _is_old(watch: Watch, seen: Seen, now: float) -> bool:
    """Whether an event named a job that ended long before: it was notified about then, under a name since freed."""
    if watch.event is None or watch.kind is None or watch.kind.recurs or "status" in watch.memory:
        return False
    ended = moment(search(watch.kind.ended, seen.job))
    return ended is not None and now - ended.timestamp() > OLD_NEWS


def _steps(percent: float | None, step: float | None) -> int:
    return int((percent or 0) // step) if step else 0


def _ended(watch: Watch, seen: Seen) -> End:
    told = _detail(watch, seen.outcome, seen)
    name = job_name(told["kind"], told["request"], _identity(watch, seen))
    end = _end(watch, told, name)
    return {**end, "error": "JobFailed"} if seen.outcome in watch.input.get("fail_on", ()) else end


def _identity(watch: Watch, seen: Seen) -> Any:
    """Return what distinguishes this run from others with the same request."""
    return watch.arn if watch.kind and watch.kind.recurs else plain(seen.created)


def _detail(watch: Watch, outcome: str, seen: Seen | None) -> Detail:
    given = watch.input if isinstance(watch.input, dict) else {}
    request = given.get("request")
    told = {
        "kind": given.get("kind"),
        "request": request if isinstance(request, dict) else {},
        **({"status": seen.status} if seen else {}),
        "outcome": outcome,
        **({"job": plain(seen.job)} if seen else {}),
        **({"omitted": list(seen.omitted)} if seen and seen.omitted else {}),
        "watch": watch.arn,
        "polls": watch.memory["polls"],
    }
    return cast(Detail, told)


def _end(watch: Watch, told: Detail, name: str) -> End:
    text = notification.body(watch.kind, told)
    fitting = fit(told, text)
    return {
        "outcome": told["outcome"],
        "name": name,
        "detail": fitting,
        "subject": notification.subject(watch.kind, fitting),
        "text": text if fitting is told else notification.body(watch.kind, fitting),
    }


def _remember(watch: Watch, seen: Seen, now: float) -> Memory:
    """Return what the next poll should know.

    The age is the run's, by the clock, but grows at least by the time waited.
    """
    memory = watch.memory
    began = _began(watch, seen)
    told = now - began.timestamp() if began else 0
    age = max(memory.get("age", 0), told if told < OLDEST else 0)
    highest = memory.get("highest", -1)
    percent = None if seen.percent is None else int(min(seen.percent, polling.DONE))
    stands = percent is None or percent <= highest  # a percentage that flickers stands still
    return {
        "polls": memory["polls"],
        "waited": memory["waited"],
        "outcome": seen.outcome,
        "status": seen.status,
        "percent": seen.percent,
        "age": age,
        "answered": age,
        "highest": highest if percent is None else max(highest, percent),
        "moved": memory.get("moved", age) if stands else age,
    }


def _began(watch: Watch, seen: Seen) -> datetime | None:
    """Return when the run began, if the answer says so: never before the call that started it.

    A job may have been created long before that call, and a resource that recurs years before its present change.
    """
    created = None if watch.kind and watch.kind.recurs else moment(seen.created)
    called = moment(watch.event.get("time")) if watch.event and not watch.from_news else None
    return max(created, called) if created and called else created


def _interval(watch: Watch, memory: Memory) -> float:
    age = memory.get("age", 0)
    still, unanswered = age - memory.get("moved", age), age - memory.get("answered", age)
    return polling.interval(watch.pace, age, memory.get("percent"), still, unanswered, memory["waited"])


def _wait(watch: Watch, memory: Memory, seconds: float) -> Memory:
    """The memory, with the wait after which the next poll comes so many seconds after this one."""
    left = watch.rules.give_up_after - memory["waited"]
    step = max(1, round(min(max(seconds, polling.least(memory["polls"], left)), left)))
    wait = max(1, step - polling.POLL)
    return {**memory, "wait": wait, "waited": memory["waited"] + step, "age": memory.get("age", 0) + wait}
