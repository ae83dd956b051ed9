"""A watch at one poll, and the deployment's rules for all watches."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from . import polling
from .catalogue import Kind
from .expectations import Expectation
from .filters import Filters, selects
from .overdue import OverdueRule
from .poll_state import PollState


@dataclass(frozen=True)
class Rules:
    """The deployment's settings."""

    give_up_after: float = 14 * 24 * 3600
    """Seconds."""
    limits: polling.PollingLimits = field(default_factory=polling.PollingLimits)
    limits_with_events: polling.PollingLimits | None = None
    """Limits for kinds whose service emits an event at the end; None if such events don't trigger polls."""
    services: Mapping[str, str] = field(default_factory=dict)
    """Product names, such as `Glue`, by boto3's names of the services."""
    progress_step: float | None = None
    """Percentage points between two Job Progressed events; None if progress isn't reported."""
    filters: Filters = field(default_factory=dict)
    """Events about the jobs that they exclude don't trigger polls."""
    overdue: Mapping[str, OverdueRule] = field(default_factory=dict)
    """When jobs are overdue, by kind."""
    expectations: Sequence[Expectation] = ()
    """Jobs that must succeed regularly."""
    chat: bool = False
    """Whether notifications have chat messages."""


@dataclass(frozen=True)
class Watch:
    """One execution of the Watch state machine at one poll: its input, its ARN and its state."""

    input: Any
    arn: str
    state: PollState
    rules: Rules
    kind: Kind | None = None
    in_loop: bool = False
    """Whether an earlier version started the watch, whose state machine polls in a loop, without the poll queue."""

    @property
    def check_once(self) -> bool:
        """Whether this is the extra check of a job that another watch follows."""
        return isinstance(self.input, dict) and self.input.get("check_once") is True

    @property
    def trigger(self) -> Mapping[str, Any] | None:
        """The event that started this watch, if one did: its id, its time, and whether it was the service's own."""
        trigger = self.input.get("trigger") if isinstance(self.input, dict) else None
        return trigger if isinstance(trigger, Mapping) else None

    @cached_property
    def overdue_rule(self) -> OverdueRule:
        """When the job is overdue: the deployment's rule for the kind, with `overdue_after` from the input."""
        rule = self.rules.overdue.get(self.kind.name if self.kind else "", OverdueRule())
        after = self.input.get("overdue_after") if isinstance(self.input, dict) else None
        return rule if after is None else replace(rule, after=after)

    @cached_property
    def limits(self) -> polling.PollingLimits:
        """The deployment's polling limits, overridden by those that the kind sets."""
        limits = self.rules.limits_with_events if self.gets_extra_checks else self.rules.limits
        return replace(limits or self.rules.limits, **(self.kind.polling if self.kind else {}))

    @property
    def gets_extra_checks(self) -> bool:
        """Whether the service's event at the job's end triggers an extra check."""
        if not self.rules.limits_with_events or self.kind is None or not self.kind.event or self.kind.recurs:
            return False
        return selects(self.rules.filters, self.kind.name, self.input["request"])

    @property
    def from_service_event(self) -> bool:
        """Whether the service's own event started this watch. Such an event may be about a deletion."""
        return self.trigger is not None and self.trigger.get("service_event") is True
