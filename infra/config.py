"""cdk.json's context (and `-c name=value`), checked and typed: the deployment's settings."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from job_watcher import catalogue, waiters
from job_watcher.catalogue import WAITER, Kind
from job_watcher.polling import Pace

from . import own_kinds
from .setting_types import WrongSetting, choice, number, step, switch, words
from .suggestion import suggestion

OUTCOMES = (*catalogue.ENDED, "lost")
NAMES = (
    "kinds",
    "email",
    "email-outcomes",
    "give-up-after-days",
    "late",
    "shortest",
    "longest",
    "late-with-events",
    "longest-with-events",
    "triggers",
    "progress-events",
    "allow-accounts",
    "kinds-folder",
    "stack-name",
    "runtime",
    "architecture",
)
POLLED = Pace()
WITH_EVENTS = Pace(late=0.25, longest=3600)  # the event usually comes first, so polling is for those that are lost
CDKS_OWN = ("acknowledged-issue-numbers", "cli-telemetry")
# Those that AWS lets customers create; python3.11 until 2027-07-31:
# https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html
RUNTIMES = ("python3.11", "python3.12", "python3.13", "python3.14")
ARCHITECTURES = ("arm64", "x86_64")
LONGEST_DAYS = 350  # an execution lives a year, and the machine's own time-out comes after ours


@dataclass(frozen=True)
class Settings:
    """What a deployment can choose."""

    stack_name: str
    patterns: tuple[str, ...]
    kinds: Mapping[str, Kind]
    kinds_folder: Path | None
    """TOML files of the deployment's own kinds."""
    email: tuple[str, ...]
    email_outcomes: tuple[str, ...]
    give_up_after_days: float
    pace: Pace
    event_pace: Pace
    """For kinds whose services send an event at the end."""
    triggers: bool
    progress_step: float | None
    """Percent between two Job Progressed events; None for none."""
    allow_accounts: tuple[str, ...]
    runtime: str
    """Lambda's name of it: `python3.13`."""
    architecture: str
    """Lambda's name of it: `arm64`."""

    @property
    def give_up_after(self) -> int:
        """In seconds."""
        return round(self.give_up_after_days * 86_400)

    def for_functions(self) -> str:
        """settings.json in the bundle: the environment takes 4 KB, which is too little for many names in `kinds`."""
        chosen = {
            "kinds": self.patterns,
            "give_up_after": self.give_up_after,
            "pace": asdict(self.pace),
            "event_pace": asdict(self.event_pace) if self.triggers else None,
            "progress_step": self.progress_step,
        }
        return json.dumps(chosen)


def settings(context: Mapping[str, Any]) -> Settings:
    """The settings that a CDK context gives; WrongSetting with one sentence where it gives a wrong one."""
    _check_names(context)
    patterns = words(context, "kinds") or ("voice-id/*",)
    folder = _folder(context.get("kinds-folder", ""))
    return Settings(
        stack_name=_stack_name(context.get("stack-name", "JobWatcher")),
        patterns=patterns,
        kinds=_kinds(patterns, folder),
        kinds_folder=folder,
        email=tuple(dict.fromkeys(_email(address) for address in words(context, "email"))),
        email_outcomes=_outcomes(words(context, "email-outcomes")),
        give_up_after_days=number(context, "give-up-after-days", 14, 0.0001, LONGEST_DAYS),
        pace=_pace(context),
        event_pace=_pace(context, "-with-events", WITH_EVENTS),
        triggers=switch("triggers", context.get("triggers", True)),
        progress_step=step(context.get("progress-events", False)),
        allow_accounts=tuple(_account(account) for account in words(context, "allow-accounts")),
        runtime=choice(context, "runtime", "python3.13", RUNTIMES),
        architecture=choice(context, "architecture", "arm64", ARCHITECTURES),
    )


def _check_names(context: Mapping[str, Any]) -> None:
    for name in context:
        if name not in (*NAMES, *CDKS_OWN) and not re.search(r"[:@/]", name):  # as the CDK's other names have
            raise WrongSetting(f"{name!r} is not a setting; {_suggest(name, NAMES)}")


def _stack_name(given: Any) -> str:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html"""
    if not isinstance(given, str) or not re.fullmatch(r"[A-Za-z][A-Za-z0-9-]{0,127}", given):
        accepted = "accepted are up to 128 letters, digits and hyphens, with a letter first."
        raise WrongSetting(f"stack-name is {given!r}; {accepted}")
    return given


def _kinds(patterns: Iterable[str], folder: Path | None) -> Mapping[str, Kind]:
    services = [f"{service}{WAITER}*" for service, waiter, _ in (one.partition(WAITER) for one in patterns) if waiter]
    known = {**catalogue.kinds(own=folder or catalogue.OWN), **waiters.kinds(services)}
    for pattern in patterns:
        if not any(catalogue.enabled(name, [pattern]) for name in known):
            raise WrongSetting(f"kinds: {pattern!r} matches no kind in the catalogue; {_suggest(pattern, known)}")
    return {name: kind for name, kind in known.items() if catalogue.enabled(name, patterns)}


def _folder(given: Any) -> Path | None:
    if not isinstance(given, str):
        raise WrongSetting(f"kinds-folder is {given!r}; accepted is the path of a folder.")
    if not given.strip():
        return None
    folder = Path(given.strip()).expanduser()
    if faults := own_kinds.faults(folder):
        raise WrongSetting("\n".join(faults))
    return folder


def _email(address: str) -> str:
    if not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s.]+", address):
        raise WrongSetting(f"email: {address!r} is no email address; accepted are addresses such as team@example.com.")
    return address


def _outcomes(words: Iterable[str]) -> tuple[str, ...]:
    for word in words:
        if word not in OUTCOMES:
            raise WrongSetting(f"email-outcomes: {word!r} is no outcome; accepted are {', '.join(OUTCOMES)}.")
    return tuple(words)


def _pace(context: Mapping[str, Any], suffix: str = "", usual: Pace = POLLED) -> Pace:
    pace = Pace(
        late=number(context, f"late{suffix}", usual.late, 0.001, 1),
        shortest=number(context, "shortest", usual.shortest, 1, 86_400),
        longest=number(context, f"longest{suffix}", usual.longest, 1, 86_400),
    )
    if pace.shortest > pace.longest:
        longest = f"longest{suffix}, which is {pace.longest:g}"
        raise WrongSetting(f"shortest is {pace.shortest:g}; accepted is at most {longest}.")
    return pace


def _account(word: str) -> str:
    if not re.fullmatch(r"\d{12}", word):
        raise WrongSetting(f"allow-accounts: {word!r} is no account; accepted are ids of 12 digits, as strings.")
    return word


def _suggest(word: str, accepted: Iterable[str]) -> str:
    accepted = list(accepted)
    listed = ", ".join(accepted[:12]) + (", …" if len(accepted) > 12 else "")
    return suggestion(word, accepted, f"accepted are {listed}.")
