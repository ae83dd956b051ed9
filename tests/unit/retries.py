"""Read how often and how long the Watch state machine retries an error of Describe."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

DEFINITION = Path(__file__).parents[2] / "infra" / "watch.asl.json"


def retrier(error: str) -> Mapping[str, Any]:
    """Return the first retrier of Describe that matches this error."""
    retriers = json.loads(DEFINITION.read_text())["States"]["Describe"]["Retry"]
    names = {error, "States.TaskFailed"}
    return next(candidate for candidate in retriers if names & set(candidate["ErrorEquals"]))


def delays(retrier: Mapping[str, Any]) -> list[float]:
    """Return the average seconds before each retry.

    https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html#error-handling-retrying-after-an-error
    """
    without_maximum = (
        retrier["IntervalSeconds"] * retrier["BackoffRate"] ** number for number in range(retrier["MaxAttempts"])
    )
    jitter_factor = 0.5 if retrier.get("JitterStrategy") == "FULL" else 1
    return [jitter_factor * min(delay, retrier.get("MaxDelaySeconds", delay)) for delay in without_maximum]
