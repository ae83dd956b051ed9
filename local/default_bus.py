"""Put the Voice ID emulator's events on the account's default bus, optionally lost, delayed or duplicated.

On AWS, the delivery of these events is best effort too:
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-delivery-level.html
"""

import json
from dataclasses import dataclass
from threading import Timer
from typing import Any


@dataclass
class Delivery:
    """How events are delivered: how many times (0: lost), and with what delay in seconds."""

    times: int = 1
    delay: float = 0.0


class DefaultBus:
    """The default bus. Call it with a PutEvents entry whose Detail is a dict.

    `cloudtrail_events` is the delivery of CloudTrail's events, `service_events` that of the service's own events.
    """

    def __init__(self, events: Any) -> None:
        self._events = events
        self.cloudtrail_events, self.service_events = Delivery(), Delivery()

    def __call__(self, event: dict[str, Any]) -> None:
        is_cloudtrail = event["DetailType"] == "AWS API Call via CloudTrail"
        delivery = self.cloudtrail_events if is_cloudtrail else self.service_events
        if delivery.delay:
            timer = Timer(delivery.delay, self._put, (event, delivery.times))
            timer.daemon = True
            timer.start()
        else:
            self._put(event, delivery.times)

    def _put(self, event: dict[str, Any], times: int) -> None:
        for _ in range(times):
            response = self._events.put_events(Entries=[{**event, "Detail": json.dumps(event["Detail"])}])
            if response["FailedEntryCount"]:
                raise RuntimeError(f"the default bus rejected an event: {response['Entries']}")
