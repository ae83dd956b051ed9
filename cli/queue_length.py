"""Count the messages in a queue."""

from typing import Any

# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_GetQueueAttributes.html
COUNTS = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)


def messages(sqs: Any, queue: str) -> int:
    """Return about how many messages a queue has, including those that somebody has just received."""
    attributes = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=list(COUNTS))["Attributes"]
    return sum(int(attributes.get(name, 0)) for name in COUNTS)
