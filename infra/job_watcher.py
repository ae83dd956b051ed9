"""The construct that other CDK apps use."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from aws_cdk import Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from .chat import ChatChannels
from .function_code import function_code
from .job_rule import job_ended_pattern
from .metrics import Metrics
from .monitoring import Monitoring
from .notifier import Notifier
from .settings import from_props
from .triggers import Triggers
from .watcher import Watcher


class JobWatcher(Metrics, Construct):
    """Watches AWS jobs, and publishes how they end to an event bus and to SNS topics.

    Public attributes:
        bus: the event bus that receives `Job Ended` and `Watch Lost` events and, if enabled, `Job Overdue` and
            `Job Progressed` events.
        topic: the SNS topic for programs. Its messages are the details of these events, as JSON.
        email_topic: the SNS topic for people. Its messages are text.
        chat_topic: the SNS topic for chat channels, if the prop `chat` asks for it; None otherwise.
        alarm_topic: the SNS topic for alarms about Job Watcher itself.
        watch: the state machine that watches jobs. Each execution watches one job.
        kinds: the names and patterns of the enabled kinds.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        kinds: Sequence[str],
        email: Sequence[str | Mapping[str, str | Sequence[str]]] = (),
        email_outcomes: Sequence[str] = (),
        email_limit: int | None = None,
        chat: bool | Sequence[str] | None = None,
        chat_slack: Sequence[str] = (),
        chat_teams: Sequence[str] = (),
        give_up_after: Duration | None = None,
        max_delay_ratio: float | None = None,
        min_interval: Duration | None = None,
        max_interval: Duration | None = None,
        max_delay_ratio_with_events: float | None = None,
        max_interval_with_events: Duration | None = None,
        auto_watch: bool | None = None,
        filters: Mapping[str, Mapping[str, str | Sequence[str]] | bool] | None = None,
        overdue: Mapping[str, Any] | None = None,
        expect: Mapping[str, Any] | None = None,
        progress_events: bool | float | None = None,
        allowed_accounts: Sequence[str] = (),
        custom_kinds_dir: str | Path | None = None,
        dashboard: bool | None = None,
        log_key_arn: str | None = None,
        max_concurrency: int | None = None,
        reserved_concurrency: int | None = None,
        runtime: lambda_.Runtime | None = None,
        architecture: lambda_.Architecture | None = None,
    ) -> None:
        """Add Job Watcher to a stack. Raise InvalidSetting, a ValueError with one sentence, for an invalid prop.

        Args:
            scope: the parent.
            id: the construct's id.
            kinds: names or patterns of the kinds to watch, such as `glue/*`. If empty, `voice-id/*`.
            email: addresses that receive emails about jobs, and alarms about Job Watcher itself; or routes, such as
                `{"to": "team@example.com", "kinds": "glue/*", "outcomes": ["failed"]}`.
            email_outcomes: the outcomes that are emailed, except by routes with other outcomes. Default: all.
            email_limit: the maximum number of emails, and of messages to each chat channel, per kind and outcome in ten
                minutes; 0 for no limit. Default: 5.
            chat: whether to create a topic for chat channels; or the outcomes that they receive. Default: true if there
                are channels.
            chat_slack: the channels in Slack, as `workspace/channel` with their ids.
            chat_teams: the channels in Microsoft Teams, as `tenant/team/channel` with their ids.
            give_up_after: the time after which a watch of a running job ends. Default: 14 days.
            max_delay_ratio: the accepted delay of a notification, as a share of the job's duration. Default: 0.05.
            min_interval: the minimum polling interval. Default: 15 seconds.
            max_interval: the maximum polling interval. Default: 3 minutes.
            max_delay_ratio_with_events: replaces it for kinds whose service emits an event at the end. Default: 0.25.
            max_interval_with_events: replaces `max_interval` for these kinds. Default: 1 hour.
            auto_watch: whether events on the default bus start watches. Default: true.
            filters: by name or pattern of kinds: patterns of request members, or False to start no watches of them.
            overdue: by name or pattern of kinds: when a running job is reported as overdue, such as `3h`; or an object
                with the members `after`, `stalled` (its percentage) and `statuses`.
            expect: by name or pattern of kinds: jobs that must succeed regularly, such as
                `{"JobName": "nightly-orders", "every": "26h"}`, or a list of them. An alarm is raised otherwise.
            progress_events: whether to publish `Job Progressed` events, for every 25 percent; or the number of percent.
                Default: false.
            allowed_accounts: accounts that can put events on the bus and create rules on it.
            custom_kinds_dir: a directory with TOML files that define more kinds.
            dashboard: whether to create the CloudWatch dashboard. Default: true.
            log_key_arn: the KMS key that encrypts the log groups. Its policy must allow CloudWatch Logs to use it.
                Default: a key that AWS owns.
            max_concurrency: the maximum concurrency of the Poll function, which limits the describe calls. Default: 10.
            reserved_concurrency: the reserved concurrency of each function. Default: none.
            runtime: the Lambda runtime. Default: Python 3.13.
            architecture: the Lambda architecture. Default: arm64.
        """
        super().__init__(scope, id)
        settings = from_props(
            kinds=kinds,
            email=email,
            email_outcomes=email_outcomes,
            email_limit=email_limit,
            chat=chat,
            chat_slack=chat_slack,
            chat_teams=chat_teams,
            give_up_after=give_up_after,
            max_delay_ratio=max_delay_ratio,
            min_interval=min_interval,
            max_interval=max_interval,
            max_delay_ratio_with_events=max_delay_ratio_with_events,
            max_interval_with_events=max_interval_with_events,
            auto_watch=auto_watch,
            filters=filters,
            overdue=overdue,
            expect=expect,
            progress_events=progress_events,
            allowed_accounts=allowed_accounts,
            custom_kinds_dir=custom_kinds_dir,
            dashboard=dashboard,
            log_key_arn=log_key_arn,
            max_concurrency=max_concurrency,
            reserved_concurrency=reserved_concurrency,
            runtime=runtime,
            architecture=architecture,
        )
        notifier = Notifier(self, "Notifier", settings=settings)
        self.bus, self.topic, self.email_topic = notifier.bus, notifier.topic, notifier.email_topic
        self.chat_topic = notifier.chat_topic
        code = function_code(settings)
        watcher = Watcher(self, "Watcher", settings=settings, bundle=code, notify=notifier.machine)
        self.watch = watcher.machine
        triggers = None
        if settings.auto_watch:
            triggers = Triggers(
                self,
                "Triggers",
                settings=settings,
                bundle=code,
                watch=self.watch,
                notify=notifier.machine,
                poll_queue=watcher.poller.queue,
            )
        monitoring = Monitoring(
            self, "Monitoring", settings=settings, watcher=watcher, notifier=notifier, triggers=triggers
        )
        self.alarm_topic = monitoring.topic
        if self.chat_topic and (settings.chat.slack or settings.chat.teams):
            ChatChannels(self, "Chat", chat=settings.chat, topics=[self.chat_topic, self.alarm_topic])
        self._describe, self._poll = watcher.describe, watcher.poller.poll
        self.kinds, self._kinds, self._notify = settings.patterns, settings.kinds, notifier.machine

    def on_job_ended(
        self,
        id: str,
        *,
        target: events.IRuleTarget,
        kinds: Sequence[str] = (),
        outcomes: Sequence[str] = (),
    ) -> events.Rule:
        """Add a rule that invokes a target when a job ends or its watch is lost, and return the rule.

        `kinds` are names or patterns such as `glue/*`. By default, the rule is for all kinds and outcomes. The target
        receives the event; its `detail` has the Job dict. Raise InvalidSetting for an unknown kind or outcome.
        """
        return events.Rule(
            self,
            id,
            event_bus=self.bus,
            event_pattern=job_ended_pattern(self._kinds, kinds, outcomes),
            targets=[target],
        )

    def grant_start(self, grantee: iam.IGrantable) -> iam.Grant:
        """Allow a principal to start watches."""
        return self.watch.grant_start_execution(grantee)
