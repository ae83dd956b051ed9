"""Read the construct's props from cdk.json's context and `-c name=value`."""

import re
from collections.abc import Mapping
from typing import Any

from aws_cdk import Duration
from aws_cdk import aws_lambda as lambda_

from .polling_settings import INTERVAL_SECONDS
from .setting_types import InvalidSetting, number
from .settings import GIVE_UP_DAYS
from .suggestion import suggest

# The names of the construct's props, by the names of the settings.
PROPS = {
    "kinds": "kinds",
    "email": "email",
    "email-outcomes": "email_outcomes",
    "email-limit": "email_limit",
    "chat": "chat",
    "chat-slack": "chat_slack",
    "chat-teams": "chat_teams",
    "give-up-after-days": "give_up_after",
    "max-delay-ratio": "max_delay_ratio",
    "min-interval-seconds": "min_interval",
    "max-interval-seconds": "max_interval",
    "max-delay-ratio-with-events": "max_delay_ratio_with_events",
    "max-interval-seconds-with-events": "max_interval_with_events",
    "auto-watch": "auto_watch",
    "filters": "filters",
    "overdue": "overdue",
    "expect": "expect",
    "progress-events": "progress_events",
    "allowed-accounts": "allowed_accounts",
    "custom-kinds-dir": "custom_kinds_dir",
    "dashboard": "dashboard",
    "log-key-arn": "log_key_arn",
    "max-concurrency": "max_concurrency",
    "reserved-concurrency": "reserved_concurrency",
    "runtime": "runtime",
    "architecture": "architecture",
}
SETTINGS = {prop: setting for setting, prop in PROPS.items()}
STACK_NAME = "stack-name"
FORMER_NAMES = {
    "late": "max-delay-ratio",
    "shortest": "min-interval-seconds",
    "longest": "max-interval-seconds",
    "late-with-events": "max-delay-ratio-with-events",
    "longest-with-events": "max-interval-seconds-with-events",
    "triggers": "auto-watch",
    "allow-accounts": "allowed-accounts",
    "kinds-folder": "custom-kinds-dir",
}
CDK_NAMES = ("acknowledged-issue-numbers", "cli-telemetry")  # the CDK's other names contain one of : @ /


def props(context: Mapping[str, Any]) -> dict[str, Any]:
    """Return the props that a context sets; raise InvalidSetting for an unknown name or a value of the wrong type."""
    _check_names(context)
    return {prop: _typed(name, context[name]) for name, prop in PROPS.items() if name in context}


def stack_name(context: Mapping[str, Any]) -> str:
    """Return the stack's name. https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html"""
    name = context.get(STACK_NAME, "JobWatcher")
    if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z][A-Za-z0-9-]{0,127}", name):
        accepted = "accepted are up to 128 letters, digits and hyphens, starting with a letter."
        raise InvalidSetting(STACK_NAME, f" is {name!r}; {accepted}")
    return name


def _check_names(context: Mapping[str, Any]) -> None:
    known = (*PROPS, STACK_NAME)
    for name in context:
        if new := FORMER_NAMES.get(name):
            raise InvalidSetting("", f"The setting {name!r} is now called {new!r}.")
        if name not in (*known, *CDK_NAMES) and not re.search("[:@/]", name):
            raise InvalidSetting("", f"{name!r} is not a setting; {suggest(name, known)}")


def _typed(name: str, value: Any) -> Any:
    if name == "runtime" and isinstance(value, str):
        return lambda_.Runtime(value, lambda_.RuntimeFamily.PYTHON)
    if name == "architecture" and isinstance(value, str):
        return lambda_.Architecture.custom(value)
    if name.endswith("-days"):
        return Duration.days(number(name, value, *GIVE_UP_DAYS, " of days"))
    if "-seconds" in name:
        return Duration.seconds(number(name, value, *INTERVAL_SECONDS, " of seconds"))
    return value
