"""What a check of a deployment results in, and how it is shown."""

import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from job_watcher.escape import one_line

from .command import Context
from .errors import EXPECTED, denied_action, sentence

OK, PROBLEM, NOT_CHECKED = "ok", "problem", "not checked"
WIDTH = 80


class Problem(NamedTuple):
    """Something that is wrong, in one sentence, and the command that fixes it."""

    text: str
    fix: str


class Note(NamedTuple):
    """Something to know that isn't wrong, in a few words."""

    text: str


Check = Callable[[Context], Iterator[Problem | Note]]


@dataclass(frozen=True)
class Diagnosis:
    """The result of one check."""

    check: str
    problems: tuple[Problem, ...] = ()
    notes: tuple[Note, ...] = ()
    unknown: str = ""
    """Why it couldn't be checked."""

    @property
    def state(self) -> str:
        """`ok`, `problem` or `not checked`."""
        return PROBLEM if self.problems else NOT_CHECKED if self.unknown else OK

    def line(self) -> str:
        """Return the line about the check: its state, its name, and the notes or the number of problems."""
        count = f"{len(self.problems)} problem{'s' * (len(self.problems) > 1)}" if self.problems else ""
        text = "; ".join([*filter(None, [count]), *(note.text for note in self.notes)])
        head = f"{self.state:12} {self.check:14}"
        return textwrap.fill(f"{head} {text}".rstrip(), WIDTH, subsequent_indent=" " * (len(head) + 1))

    def explanations(self) -> Iterator[str]:
        """Yield a paragraph for each problem, with the command that fixes it on its own line."""
        for problem in self.problems:
            yield f"{_wrap(f'{self.check}: {problem.text}')}\n  {problem.fix}"
        if self.unknown:
            yield _wrap(f"{self.check}: {self.unknown}")

    def to_json(self) -> dict[str, Any]:
        """Return the result for programs."""
        return {
            "check": self.check,
            "state": self.state,
            "problems": [problem._asdict() for problem in self.problems],
            "notes": [note.text for note in self.notes],
            "unknown": self.unknown or None,
        }


def diagnose(name: str, check: Check, context: Context) -> Diagnosis:
    """Run a check. If a call is denied or fails, the result says why, with what was found before."""
    found: list[Problem | Note] = []
    unknown = ""
    try:
        for one in check(context):
            found.append(one)
    except EXPECTED as error:
        action = denied_action(error)
        needed = f"Couldn't check it: this needs the permission {action}." if action else ""
        unknown = needed or f"Couldn't check it: {sentence(error)}"
    problems = tuple(one for one in found if isinstance(one, Problem))
    notes = tuple(one for one in found if isinstance(one, Note))
    return Diagnosis(name, problems, notes, unknown)


def _wrap(text: str) -> str:
    return textwrap.fill(one_line(text), WIDTH, break_long_words=False, break_on_hyphens=False)
