"""A deployment's settings, validated: what the construct's props and cdk.json's context have in common."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from aws_cdk import Duration
from aws_cdk import aws_lambda as lambda_

from job_watcher import catalogue, waiters
from job_watcher.catalogue import WAITER, Kind
from job_watcher.expectations import Expectation
from job_watcher.filters import Filters
from job_watcher.overdue import OverdueRule
from job_watcher.polling import LIMITS_WITH_EVENTS, PollingLimits

from .catalogue import custom_kinds
from .catalogue.service_names import short_name
from .chat_settings import Chat, checked_chat
from .expectations import checked_expectations
from .filters import checked_filters
from .overdue import checked_overdue
from .polling_settings import polling_limits
from .runtimes import RUNTIMES
from .setting_types import (
    EMAIL_OUTCOMES,
    InvalidSetting,
    account_ids,
    boolean,
    checked_outcomes,
    choice,
    days,
    key_arn,
    percent_step,
    string_list,
    whole_number,
)
from .subscribers import Subscriber, checked_subscribers
from .suggestion import suggest

ARCHITECTURES = ("arm64", "x86_64")
# Accepted ranges. An execution can run for a year, and the state machine times out a week after the watch gives up.
GIVE_UP_DAYS = (0.0001, 350)
MAX_CONCURRENCY = (2, 1000)
RESERVED_CONCURRENCY = (2, 10_000)
SECONDS_PER_DAY = 86_400


@dataclass(frozen=True)
class Settings:
    """Validated settings. The fields not described here are those of the construct JobWatcher."""

    patterns: tuple[str, ...]
    """The names and patterns in `kinds`."""
    kinds: Mapping[str, Kind]
    custom_kinds_dir: Path | None
    email: tuple[Subscriber, ...]
    email_limit: int
    chat: Chat
    give_up_after: int
    """Seconds."""
    limits: PollingLimits
    limits_with_events: PollingLimits
    auto_watch: bool
    filters: Filters
    overdue: Mapping[str, OverdueRule]
    expectations: tuple[Expectation, ...]
    progress_step: float | None
    """Percent between two Job Progressed events; None if there are none."""
    allowed_accounts: tuple[str, ...]
    dashboard: bool
    log_key_arn: str
    max_concurrency: int
    reserved_concurrency: int | None
    runtime: str
    architecture: str

    def function_settings(self) -> str:
        """Return the bundle's settings.json. Many kinds wouldn't fit the environment's 4 KB."""
        settings = {
            "kinds": self.patterns,
            "give_up_after": self.give_up_after,
            "limits": asdict(self.limits),
            "limits_with_events": asdict(self.limits_with_events) if self.auto_watch else None,
            "progress_step": self.progress_step,
            "filters": self.filters,
            "overdue": {kind: asdict(rule) for kind, rule in self.overdue.items()},
            "expectations": [asdict(one) for one in self.expectations],
            "chat": bool(self.chat.outcomes),
            "services": {kind.service: short_name(kind.service) for kind in self.kinds.values()},
        }
        return json.dumps(settings)


def from_props(**props: Any) -> Settings:
    """Return the settings of a construct's props. A prop that is None has its default."""
    return validated(**{name: value for name, value in props.items() if value is not None})


def validated(
    *,
    kinds: Any = (),
    email: Any = (),
    email_outcomes: Any = (),
    email_limit: Any = 5,
    chat: Any = "",
    chat_slack: Any = (),
    chat_teams: Any = (),
    give_up_after: Any = Duration.days(14),  # noqa: B008 (it can't be changed)
    auto_watch: Any = True,
    filters: Any = "",
    overdue: Any = "",
    expect: Any = "",
    progress_events: Any = False,
    allowed_accounts: Any = (),
    custom_kinds_dir: Any = "",
    dashboard: Any = True,
    log_key_arn: Any = "",
    max_concurrency: Any = 10,
    reserved_concurrency: Any = "",
    runtime: Any = lambda_.Runtime.PYTHON_3_13,
    architecture: Any = lambda_.Architecture.ARM_64,
    **intervals: Any,
) -> Settings:
    """Return the settings of a construct's props; raise InvalidSetting for the first invalid one."""
    patterns = string_list("kinds", kinds) or ("voice-id/*",)
    folder = _custom_kinds_dir(custom_kinds_dir)
    enabled = _kinds(patterns, folder)
    give_up_seconds = round(days("give_up_after", give_up_after, *GIVE_UP_DAYS) * SECONDS_PER_DAY)
    return Settings(
        patterns=patterns,
        kinds=enabled,
        custom_kinds_dir=folder,
        email=checked_subscribers(email, checked_outcomes("email_outcomes", email_outcomes, EMAIL_OUTCOMES), enabled),
        email_limit=whole_number("email_limit", email_limit, 0, 20),
        chat=checked_chat(chat, chat_slack, chat_teams),
        give_up_after=give_up_seconds,
        limits=polling_limits(intervals),
        limits_with_events=polling_limits(intervals, "_with_events", LIMITS_WITH_EVENTS),
        auto_watch=boolean("auto_watch", auto_watch),
        filters=checked_filters(filters, enabled),
        overdue=checked_overdue(overdue, enabled, give_up_seconds),
        expectations=checked_expectations(expect, enabled),
        progress_step=percent_step("progress_events", progress_events),
        allowed_accounts=account_ids("allowed_accounts", allowed_accounts),
        dashboard=boolean("dashboard", dashboard),
        log_key_arn=key_arn(log_key_arn),
        **_concurrency(max_concurrency, reserved_concurrency),
        runtime=choice("runtime", getattr(runtime, "name", runtime), RUNTIMES),
        architecture=choice("architecture", getattr(architecture, "name", architecture), ARCHITECTURES),
    )


def _kinds(patterns: Iterable[str], folder: Path | None) -> Mapping[str, Kind]:
    """Return the kinds that match the patterns. Only the waiters of services in the patterns are loaded."""
    waiter_patterns = [f"{pattern.partition(WAITER)[0]}{WAITER}*" for pattern in patterns if WAITER in pattern]
    known = {**catalogue.kinds(custom=folder or catalogue.CUSTOM), **waiters.kinds(waiter_patterns)}
    for pattern in patterns:
        if not any(catalogue.is_enabled(name, [pattern]) for name in known):
            raise InvalidSetting("kinds", f": {pattern!r} matches no kind in the catalogue; {suggest(pattern, known)}")
    return {name: kind for name, kind in known.items() if catalogue.is_enabled(name, patterns)}


def _custom_kinds_dir(value: Any) -> Path | None:
    if not isinstance(value, str | Path):
        raise InvalidSetting("custom_kinds_dir", f" is {value!r}; accepted is the path of a directory.")
    if not str(value).strip():
        return None
    folder = Path(str(value).strip()).expanduser()
    if problems := custom_kinds.problems(folder):
        raise InvalidSetting("", "\n".join(problems))
    return folder


def _concurrency(maximum: Any, reserved: Any) -> dict[str, Any]:
    """Return the maximum and the reserved concurrency. The maximum can't exceed the reserved one.

    https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html
    """
    limit = None if reserved == "" else whole_number("reserved_concurrency", reserved, *RESERVED_CONCURRENCY)
    found = whole_number("max_concurrency", maximum, *MAX_CONCURRENCY)
    return {"max_concurrency": min(found, limit or found), "reserved_concurrency": limit}
