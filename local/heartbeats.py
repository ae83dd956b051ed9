"""Make MiniStack's Step Functions end a task that waits for a token and gets no heartbeat."""

import threading
import time
from typing import Any

MIN_SECONDS = 10  # because scaled time-outs could be shorter than a Lambda function's cold start


class Heartbeats:
    """The time-outs of waiting tasks, and when each last had a heartbeat, by token.

    On AWS, a task fails with States.HeartbeatTimeout if no heartbeat arrives for HeartbeatSeconds:
    https://docs.aws.amazon.com/step-functions/latest/dg/state-task.html
    MiniStack ignores HeartbeatSeconds.
    """

    def __init__(self, states: Any) -> None:
        self.states = states
        self.seconds: dict[str, float] = {}
        self.beats: dict[str, float] = {}
        threading.Thread(target=self._watch, daemon=True).start()

    def execute_task(self, original: Any) -> Any:
        """Evaluate HeartbeatSeconds before the task starts."""

        def execute(state: dict[str, Any], data: Any, execution: Any, context: Any) -> Any:
            if "HeartbeatSeconds" in state:
                seconds = self.states._jsonata_state_field(state, "HeartbeatSeconds", "number", data, context)
                state = {**state, "HeartbeatSeconds": seconds}
            return original(state, data, execution, context)

        return execute

    def invoke(self, original: Any) -> Any:
        """Remember the task's time-out, which is scaled like Step Functions' waits, and when it begins."""

        def invoke(resource: str, arguments: Any, token: str, state: dict[str, Any]) -> Any:
            if "HeartbeatSeconds" in state:
                self.seconds[token] = state["HeartbeatSeconds"]
                self.beats[token] = time.monotonic()
            try:
                return original(resource, arguments, token, state)
            finally:
                self.beats.pop(token, None)
                self.seconds.pop(token, None)

        return invoke

    def send_heartbeat(self, original: Any) -> Any:
        """Begin the time-out again when a heartbeat arrives."""

        def send(data: dict[str, Any]) -> Any:
            if (token := data.get("taskToken")) in self.beats:
                self.beats[token] = time.monotonic()
            return original(data)

        return send

    def _watch(self) -> None:
        while True:
            time.sleep(0.1)
            for token, beat in list(self.beats.items()):
                seconds = max(MIN_SECONDS, self.seconds.get(token, 0) * self.states._SFN_WAIT_SCALE)
                if time.monotonic() > beat + seconds:
                    self._time_out(token)

    def _time_out(self, token: str) -> None:
        self.beats.pop(token, None)
        if task := self.states._task_tokens.get(token):
            task["error"] = {"Error": "States.HeartbeatTimeout", "Cause": ""}
            task["event"].set()


def apply(states: Any) -> None:
    """Patch MiniStack's module for Step Functions."""
    heartbeats = Heartbeats(states)
    states._execute_task = heartbeats.execute_task(states._execute_task)
    states._invoke_with_callback = heartbeats.invoke(states._invoke_with_callback)
    states._send_task_heartbeat = heartbeats.send_heartbeat(states._send_task_heartbeat)
