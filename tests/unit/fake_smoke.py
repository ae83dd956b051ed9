"""A deployment whose notifications arrive in the queue that `smoke` creates, with a fake AWS."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tests.unit.fake_aws import FakeAws

OUTPUTS = {
    "BusName": "Bus",
    "TopicArn": "arn:aws:sns:eu-west-1:111122223333:Programs",
    "EmailTopicArn": "arn:aws:sns:eu-west-1:111122223333:People",
}
REMOVED_BY = {
    "PutRule": "DeleteRule",
    "CreateQueue": "DeleteQueue",
    "Subscribe": "Unsubscribe",
    "CreateWorkGroup": "DeleteWorkGroup",
    "CreateDocument": "DeleteDocument",
}
ENDED = "2026-11-24T19:18:45Z"
ARRIVED_MS = round(datetime.fromisoformat(ENDED).timestamp() * 1000) + 2_500
ID = "1f4e2d3c"


class FakeSmoke:
    """Adds the answers to a FakeAws. `detail` is that of the next event, and `parts` are those that are delivered."""

    def __init__(self, aws: FakeAws) -> None:
        self.detail: dict[str, Any] = {
            "kind": "athena/QueryExecution",
            "request": {"QueryExecutionId": ID},
            "outcome": "succeeded",
            "status": "SUCCEEDED",
            "job": {"Status": {"CompletionDateTime": ENDED}},
        }
        self.parts = ["event", "TopicArn", "EmailTopicArn"]
        self._queue: list[Any] = []
        aws.stacks["JobWatcher"] |= OUTPUTS
        aws.answers |= {
            "PutRule": lambda _: {"RuleArn": "arn:rule"},
            "CreateQueue": lambda _: {"QueueUrl": "https://queue"},
            "GetQueueAttributes": lambda _: {"Attributes": {"QueueArn": "arn:queue"}},
            "Subscribe": lambda call: {"SubscriptionArn": f"{call['TopicArn']}:1"},
            "PutEvents": self._put_events,
            "ReceiveMessage": self._receive,
            "StartQueryExecution": lambda _: {"QueryExecutionId": ID},
            "StartAutomationExecution": lambda _: {"AutomationExecutionId": ID},
            "StartExecution": self._start,
            "DescribeExecution": lambda _: {"executionArn": "w", "status": "SUCCEEDED", "startDate": 0},
        }
        others = ["PutTargets", "RemoveTargets", "CreateWorkGroup", "CreateDocument", *REMOVED_BY.values()]
        aws.answers |= {operation: lambda _: {} for operation in others}

    def _put_events(self, call: Mapping[str, Any]) -> Any:
        self._queue += [{"source": entry["Source"]} for entry in call["Entries"]]
        return {}

    def _start(self, call: Mapping[str, Any]) -> Any:
        other = {**self.detail, "request": {"QueryExecutionId": "another job"}}
        for detail in (other, self.detail):
            id, text = detail["request"]["QueryExecutionId"], json.dumps(detail)
            messages = {
                "event": {"source": "job-watcher", "detail": detail},
                "TopicArn": {"TopicArn": OUTPUTS["TopicArn"], "Message": text},
                "EmailTopicArn": {"TopicArn": OUTPUTS["EmailTopicArn"], "Message": f"QueryExecutionId {id}"},
            }
            self._queue += [messages[part] for part in self.parts]
        return {"executionArn": "w", "startDate": 0}

    def _receive(self, _: Mapping[str, Any]) -> Any:
        bodies, self._queue = self._queue, []
        sent = {"SentTimestamp": str(ARRIVED_MS)}
        return {"Messages": [{"Body": json.dumps(body), "Attributes": sent} for body in bodies]}
