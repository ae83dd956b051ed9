"""Make MiniStack's SQS scale the delays of messages like Step Functions' waits, and deliver the messages on time."""

import threading
import time
from typing import Any


def apply(sqs: Any, states: Any, esm_wake: Any) -> None:
    """Patch MiniStack's SQS, and the event that its event source mappings wait for."""
    sqs._HANDLERS["SendMessage"] = sqs._act_send_message = _scaled_delays(sqs._act_send_message, sqs, states, esm_wake)
    esm_wake.wait = _short_wait(esm_wake.wait)


def _scaled_delays(original: Any, sqs: Any, states: Any, esm_wake: Any) -> Any:
    """Scale a message's delay, let the event source mappings look for it when it is over, and don't lose messages.

    MiniStack loses a message that Step Functions sends while another one is deleted.
    """

    def send_message(data: dict[str, Any], url: str) -> dict[str, Any]:
        with sqs._queues_lock:
            result: dict[str, Any] = original(data, url)
            messages = sqs._get_q(data.get("QueueUrl", url))["messages"]
            sent = next(message for message in reversed(messages) if message["id"] == result["MessageId"])
            sent["visible_at"] = sent["sent_at"] + (sent["visible_at"] - sent["sent_at"]) * states._SFN_WAIT_SCALE
        timer = threading.Timer(sent["visible_at"] - time.time(), esm_wake.set)
        timer.daemon = True
        timer.start()
        return result

    return send_message


def _short_wait(original: Any) -> Any:
    """Look five times a second for messages that are received again. AWS does so continuously, MiniStack once a second.

    https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html
    """
    return lambda timeout: original(min(timeout, 0.2))
