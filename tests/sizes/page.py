"""`make sizes`: write docs/sizes.md, the largest payloads of the state machines and AWS's limits."""

import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain
from pathlib import Path

from infra.catalogue.markdown import table

from .answers import MAX_BYTES
from .cases import CHARACTERS, MAX_INPUT_LENGTH, Case, cases, largest_answers
from .machine import Passed, state_names

PAGE = Path(__file__).parents[2] / "docs" / "sizes.md"
HEADER = ("State", "What is passed", "Largest", "Limit", "Left", "Largest with")


@dataclass(frozen=True)
class Limit:
    """A limit of AWS: what it limits, how much, and where that is documented."""

    name: str
    limit: int
    unit: str
    link: str


@cache
def limits() -> Mapping[str, Limit]:
    """Return the limits in limits.toml."""
    text = Path(__file__).with_name("limits.toml").read_text(encoding="utf-8")
    return {name: Limit(**values) for name, values in tomllib.loads(text).items()}


@dataclass(frozen=True)
class Largest:
    """The largest size of something that a state passes, and the case in which it was found."""

    passed: Passed
    case: str

    @property
    def left(self) -> int:
        """How much less it is than the limit."""
        return limits()[self.passed.limit].limit - self.passed.size


def main() -> None:
    """Write docs/sizes.md."""
    PAGE.write_text(page(measure(chain(cases(), largest_answers()))), encoding="utf-8")


def measure(measured: Iterable[Case]) -> list[Largest]:
    """Return the largest of everything that the state machines pass in these cases."""
    found: dict[tuple[str, str, str, str], Largest] = {}
    for case in measured:
        for passed in case.run():
            key = passed.machine, passed.state, passed.what, passed.limit
            if key not in found or found[key].passed.size < passed.size:
                found[key] = Largest(passed, case.name)
    return list(found.values())


def page(found: Sequence[Largest]) -> str:
    """Return the page as Markdown."""
    machines = dict.fromkeys(one.passed.machine for one in found)
    sections = [line for machine in machines for line in _section(machine, found)]
    links = [f"[{name}]: {limit.link}" for name, limit in limits().items()]
    return "\n".join([_head(), *_summary(found), *sections, *links]) + "\n"


def _head() -> str:
    *names, last = CHARACTERS
    return f"""\
# Payload sizes

This page compares the largest payload of each state of the state machines with AWS's limits. `make sizes` runs
Job Watcher's own code and the state machines, including their JSONata expressions, and measures what they pass. Each
row is the largest size in all of these watches:

- The largest answer that botocore's model allows for each kind, and for each call that only waiters make, up to
  {MAX_BYTES // 1_000} KB.
- Long texts, long names, long reasons, 5,000 members, 1,000 levels of nesting and 400 secrets, each with
  {", ".join(names[:4])},
  {", ".join(names[4:])} and {last}.
- The longest text that is kept, and the longest one that the cause of a failed execution contains.
- The longest request that is passed on. If the watch's input is longer than {MAX_INPUT_LENGTH:,} characters, the
  function receives only its length, and the watch is lost.
- Unknown kinds, progress events, lost watches, and functions that fail with the longest error and cause.

If a notification would exceed a limit, the job's largest members are removed and listed in
[`omitted`](events.md#the-detail).

A line in the functions' logs contains the watch's ARN, the outcome, and a status or an error code if it is short. It
can't reach [CloudWatch Logs' limit of 1,024 KB](https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html).
"""


def _summary(found: Sequence[Largest]) -> Iterator[str]:
    yield "## Summary\n"
    of_limits = {name: [one for one in found if one.passed.limit == name] for name in limits()}
    closest = {name: min(ones, key=lambda one: one.left) for name, ones in of_limits.items() if ones}
    yield from table(("Limit", *HEADER[2:]), ([limits()[name].name, *_row(one)[2:]] for name, one in closest.items()))
    yield "\nThe first row is the input with which a watch is started. Step Functions rejects a longer one.\n"


def _section(machine: str, found: Sequence[Largest]) -> Iterator[str]:
    yield f"## {machine.replace('_', ' ').capitalize()}\n"
    names = state_names(machine)
    of_machine = [one for one in found if one.passed.machine == machine]
    yield from table(HEADER, map(_row, sorted(of_machine, key=lambda one: names.index(one.passed.state))))
    yield ""


def _row(largest: Largest) -> list[str]:
    passed, limit = largest.passed, limits()[largest.passed.limit]
    return [
        f"`{passed.state}`",
        passed.what,
        f"{passed.size:,}",
        f"[{limit.limit:,} {limit.unit}][{passed.limit}]",
        f"{largest.left:,} ({largest.left / limit.limit:.0%})".replace("%", " %"),
        largest.case,
    ]


if __name__ == "__main__":
    main()
