"""How Voice ID's events reach the default bus: also lost, late or repeated, as AWS's best effort may be."""

import json
from dataclasses import dataclass
from threading import Timer
from typing import Any


@dataclass
class Delivery:
    """What becomes of each event: put on the bus so many times (0: lost), so many seconds late."""

    times: int = 1
    delay: float = 0.0


class DefaultBus:
    """Puts events on the account's default bus. `calls` are CloudTrail's, `news` the service's own."""

    def __init__(self, events: Any) -> None:
        self._events = events
        self.calls, self.service_event = Delivery(), Delivery()

    def __call__(self, event: dict[str, Any]) -> None:
        delivery = self.calls if event["DetailType"] == "AWS API Call via CloudTrail" else self.service_event
        if delivery.delay:
            late = Timer(delivery.delay, self._put, (event, delivery.times))
            late.daemon = True
            late.start()
        else:
            self._put(event, delivery.times)

    def _put(self, event: dict[str, Any], times: int) -> None:
        for _ in range(times):
            answer = self._events.put_events(Entries=[{**event, "Detail": json.dumps(event["Detail"])}])
            if answer["FailedEntryCount"]:
                raise RuntimeError(f"the default bus refused an event: {answer['Entries']}")
