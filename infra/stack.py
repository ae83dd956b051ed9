"""The watcher: triggers that start it, a loop that follows a job, an announcer of its end, and alarms for itself."""

import json

from aws_cdk import CfnOutput, Stack
from constructs import Construct

from . import own_kinds
from .announcer import Announcer
from .bundling import bundle
from .config import Settings
from .monitoring import Monitoring
from .triggers import Triggers, index
from .watcher import Watcher


class JobWatcher(Stack):
    """One deployment of the watcher."""

    def __init__(self, scope: Construct, id: str, *, settings: Settings) -> None:
        super().__init__(scope, id, description="Watches AWS jobs and publishes their results to EventBridge and SNS.")
        announcer = Announcer(self, "Announcer", settings=settings)
        kinds = settings.kinds.values()
        own = own_kinds.texts(settings.kinds_folder, kinds)
        triggers = index(kinds)
        files = {"settings.json": settings.for_functions(), "triggers.json": json.dumps(triggers), **own}
        code = bundle(kinds, files, settings.runtime)
        watcher = Watcher(self, "Watcher", settings=settings, bundle=code, announce=announcer.machine)
        monitoring = Monitoring(self, "Monitoring", settings=settings, watcher=watcher, announcer=announcer)
        if settings.triggers:
            monitoring.watch_triggers(
                Triggers(
                    self,
                    "Triggers",
                    settings=settings,
                    bundle=code,
                    watch=watcher.machine,
                    announce=announcer.machine,
                )
            )
        self._output("WatchArn", watcher.machine.state_machine_arn, "Start an execution of it to watch a job.")
        self._output("BusName", announcer.bus.event_bus_name, "The bus that receives job events. Create rules on it.")
        self._output("TopicArn", announcer.programs.topic_arn, "Subscribe queues and functions: messages are JSON.")
        self._output("EmailTopicArn", announcer.people.topic_arn, "Subscribe email addresses: messages are text.")

    def _output(self, name: str, value: str, description: str) -> None:
        CfnOutput(self, name, value=value, description=description)
